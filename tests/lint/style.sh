#!/usr/bin/env bash
# style.sh ROOT: no file of code over 600 lines; headers open with #pragma once and have no `using namespace`.
set -uo pipefail
cd "$1" || exit 1
mapfile -t files < <(find . -path './build*' -prune -o -type f \( -name '*.[ch]pp' -o -name '*.cu' -o -name '*.sh' \
  -o -name '*.cmake' -o -name CMakeLists.txt \) -print)
((${#files[@]} > 0)) || exit 0
awk '
  function complain(what) { print file ": " what; bad = 1 }
  function finish() {
    if (lines > 600) complain(lines " lines; split it (600 at most)")
    if (file ~ /\.hpp$/ && !once) complain("no #pragma once")
    if (file ~ /\.hpp$/ && namespaces) complain("using namespace in a header")
  }
  FNR == 1 { if (file) finish(); file = FILENAME; once = namespaces = 0 }
  { lines = FNR }
  /^#pragma once$/ { once = 1 }
  /^[[:space:]]*using[[:space:]]+namespace/ { namespaces = 1 }
  END { finish(); exit bad }' "${files[@]}"
