#!/usr/bin/env bash
# format.sh ROOT: clang-format 14 would change nothing. Other versions format differently; 77 means skipped.
set -uo pipefail
cd "$1" || exit 1
command -v clang-format-14 >/dev/null || { echo "clang-format-14 is not installed: skipped"; exit 77; }
find . -path './build*' -prune -o \( -name '*.[ch]pp' -o -name '*.cu' \) -print0 |
  xargs -0r clang-format-14 --dry-run -Werror 2>&1 | sed -nE 's/^([^:]+):.*error.*/clang-format-14 -i \1/p' | sort -u
