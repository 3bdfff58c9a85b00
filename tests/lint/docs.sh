#!/usr/bin/env bash
# docs.sh ROOT: every file and folder that the pages of the root name in `backquotes` exists.
set -uo pipefail
cd "$1" || exit 1
bad=0
while IFS=: read -r page line path; do
  [[ $path == *NAME* || -e ${path//\`/} ]] || { echo "$page:$line: ${path//\`/} does not exist"; bad=1; }
done < <(grep -noHE '`(\.ci|benchmarks|cli|cmake|configs|examples|hw_profiles|model|notebooks|sim|tests|validate)/[A-Za-z0-9_./-]*`' ./*.md)
exit $bad
