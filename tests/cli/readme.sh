#!/usr/bin/env bash
# readme.sh PROGRAM README: the sample in the README is what the program prints today.
set -euo pipefail
program=$1 readme=$2
sample=$(sed -n '/^```$/,/^```$/p' "$readme" | sed '/^```$/d')
command=$(head -n 1 <<<"$sample")
[[ $command == '$ ithaca '* ]] || { echo "$readme: the first fenced block must start with '\$ ithaca ...'"; exit 1; }
read -r -a words <<<"${command#\$ ithaca }"
diff <(tail -n +2 <<<"$sample") <(COLUMNS=80 "$program" "${words[@]}") || {
  echo "$readme: the sample above differs from what '$command' prints; paste the new output"
  exit 1
}
