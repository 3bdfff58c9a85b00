#!/usr/bin/env bash
# style.sh ROOT: no file of code over 600 lines; headers open with #pragma once and have no `using namespace`.
set -uo pipefail
cd "$1" || exit 1
bad=0
complain() { echo "$1: $2"; bad=1; }

while IFS= read -r file; do
  lines=$(wc -l <"$file")
  ((lines <= 600)) || complain "$file" "$lines lines; split it (600 at most)"
  [[ $file == *.hpp ]] || continue
  grep -q '^#pragma once$' "$file" || complain "$file" "no #pragma once"
  if grep -qE '^[[:space:]]*using[[:space:]]+namespace' "$file"; then complain "$file" "using namespace in a header"; fi
done < <(find . -path './build*' -prune -o -type f \( -name '*.[ch]pp' -o -name '*.cu' -o -name '*.sh' -o -name '*.cmake' \
  -o -name CMakeLists.txt \) -print)
exit $bad
