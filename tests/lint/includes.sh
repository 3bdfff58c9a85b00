#!/usr/bin/env bash
# includes.sh ROOT: data flows one way. Checks every #include under ROOT against includes.txt, that a source file begins
# with its own header, so that the header compiles alone, and that nothing but the tests links to cli.
set -uo pipefail
table=$(cd "$(dirname "$0")" && pwd)/includes.txt
cd "$1" || exit 1
bad=0
complain() { echo "$1: $2"; bad=1; }

matches() {  # matches NAME PATTERNS: is NAME one of these shell patterns?
  local pattern
  for pattern in $2; do
    # shellcheck disable=SC2053
    [[ $1 == $pattern ]] && return 0
  done
  return 1
}

check_include() {  # check_include WHERE FILE INCLUDE: INCLUDE is "path" or <path> with its delimiters
  local where=$1 file=$2 path=${3:1:-1}
  if [[ $3 == \"* ]]; then
    [[ -f $path ]] || complain "$where" "no file '$path': includes are written from the repository root"
    matches "${path%%/*}" "$rooms" || complain "$where" "$room may not include ${path%%/*} ($path)"
  elif matches "$path" "$forbidden"; then
    complain "$where" "$room may not include <$path>"
  elif [[ $path == *[./]* ]]; then
    matches "$path" "$others" || complain "$where" "$room may not include <$path>"
    [[ $file != *.hpp || $room == tests ]] || complain "$where" "<$path> in a header: keep it in a .cpp file"
  fi
}

for folder in */; do
  [[ $folder == build* ]] || grep -qE "^${folder%/} +\|" "$table" && continue
  [[ -z $(find "$folder" -name '*.[ch]pp' -o -name '*.cu') ]] || complain "$folder" "code in a folder that $table does not list"
done

set -f
while IFS='|' read -r room rooms others forbidden; do
  room=${room// /}
  [[ $room == "#"* || ! -d $room ]] && continue
  while IFS=: read -r file line text; do
    [[ $text =~ ^[[:space:]]*#[[:space:]]*include[[:space:]]*(\"[^\"]+\"|\<[^\>]+\>) ]] || continue
    check_include "$file:$line" "$file" "${BASH_REMATCH[1]}"
  done < <(grep -rnE --include='*.[ch]pp' --include='*.cu' '^[[:space:]]*#[[:space:]]*include' "$room")
done <"$table"

while IFS= read -r source; do
  header=${source%.cpp}.hpp
  [[ ! -f $header || $(grep -m1 '^#include' "$source") == "#include \"$header\"" ]] ||
    complain "$source" "include $header first"
done < <(find . -name '*.cpp' -not -path './build*' -printf '%P\n')

while IFS= read -r hit; do
  complain "$hit" "only the tests may link to cli"
done < <(find . -name CMakeLists.txt -not -path './build*' -not -path './cli/*' -not -path './tests/*' \
  -exec grep -nHE 'link_libraries.*ithaca(::|_)cli' {} +)
exit $bad
