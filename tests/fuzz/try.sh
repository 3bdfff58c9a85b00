#!/usr/bin/env bash
# try.sh DRIVER NAME SECONDS FOLDER: runs a fuzzer without libFuzzer from its seeds, which it writes to FOLDER.
set -euo pipefail
here=$(dirname "$0")
read -ra folders <<<"$("$here/seeds.sh" "$2" "$4")"
cd "$here/../.."
for i in "${!folders[@]}"; do folders[i]=$(realpath "${folders[i]}"); done
cd "$4"
exec "$1" "$2" "$3" 1 "${folders[@]}"
