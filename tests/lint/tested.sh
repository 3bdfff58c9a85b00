#!/usr/bin/env bash
# tested.sh ROOT: every source file has a test named after it, or a reason in untested.txt, and every test is built.
set -uo pipefail
cd "$1" || exit 1
excused=tests/lint/untested.txt
bad=0
complain() { echo "$1: $2"; bad=1; }

while IFS= read -r file; do
  [[ -d ${file%%/*} ]] || continue
  name=$(basename "$file" .cpp)
  test=$(find "tests/${file%%/*}" -name "${name}_test.cpp" 2>/dev/null)
  reason=$(grep -cE "^$file +[^ ]" "$excused")
  [[ -n $test || $reason -gt 0 ]] || complain "$file" "no tests/${file%%/*}/${name}_test.cpp, and no reason in $excused"
  [[ -z $test || $reason -eq 0 ]] || complain "$excused" "$file has a test: drop the line"
done < <(find model configs sim validate cli -name '*.cpp' 2>/dev/null)

while read -r file _; do
  [[ $file == "#"* || -f $file ]] || complain "$excused" "$file is gone: drop the line"
done <"$excused"

while IFS= read -r test; do
  grep -qw -- "$(basename "$test")" "tests/$(cut -d/ -f2 <<<"$test")/CMakeLists.txt" 2>/dev/null || complain "$test" "is in no CMakeLists.txt"
done < <(find tests -name '*_test.cpp')
exit $bad
