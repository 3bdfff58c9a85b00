#!/usr/bin/env bash
# tested.sh ROOT: every source file has a test named after it, or a reason in untested.txt, and every test is built.
set -uo pipefail
cd "$1" || exit 1
excused=tests/lint/untested.txt
bad=0
complain() { echo "$1: $2"; bad=1; }

declare -A tested reason built  # by room/name; by file; by room: its CMakeLists.txt
while IFS= read -r test; do
  room=${test#tests/} room=${room%%/*}
  name=${test##*/}
  tested[$room/${name%_test.cpp}]=1
  [[ -v built[$room] ]] || built[$room]=$(cat "tests/$room/CMakeLists.txt" 2>/dev/null)
  [[ ${built[$room]} =~ (^|[^[:alnum:]_])"$name"($|[^[:alnum:]_]) ]] || complain "$test" "is in no CMakeLists.txt"
done < <(find tests -name '*_test.cpp')

while read -r file why; do
  [[ -n $file && $file != "#"* ]] || continue
  [[ -f $file ]] || complain "$excused" "$file is gone: drop the line"
  [[ -z $why ]] || reason[$file]=1
done <"$excused"

while IFS= read -r file; do
  room=${file%%/*} name=${file##*/}
  test=${tested[$room/${name%.cpp}]-}
  [[ -n $test || -v reason[$file] ]] || complain "$file" "no tests/$room/${name%.cpp}_test.cpp, and no reason in $excused"
  [[ -z $test || ! -v reason[$file] ]] || complain "$excused" "$file has a test: drop the line"
done < <(find model configs sim validate cli -name '*.cpp' 2>/dev/null)
exit $bad
