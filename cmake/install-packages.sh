#!/usr/bin/env bash
# install-packages.sh GROUP...: installs what is missing of these groups of packages.txt, as root or through sudo.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  echo "No apt-get here: install what $here/packages.txt names by other means." >&2
  exit 0
fi

missing=()
while read -r package group; do
  [[ $package == "#"* || " $* " != *" $group "* ]] && continue
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
done <"$here/packages.txt"
((${#missing[@]})) || exit 0

install=(apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300)
as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "error: packages are missing and neither root nor sudo is at hand. As root, run:" >&2
    echo "  ${install[*]:0:4} ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
as_root+=(env DEBIAN_FRONTEND=noninteractive)

log=$(mktemp)
trap 'rm -f "$log"' EXIT
run() { "${as_root[@]}" "$@" </dev/null >"$log" 2>&1 || { tail -n 20 "$log" >&2; return 1; }; }

echo "Installing with apt-get: ${missing[*]}" >&2
if ! "${install[@]}" --simulate "${missing[@]}" >/dev/null 2>&1; then run apt-get update; fi
run "${install[@]}" "${missing[@]}" || { run apt-get update && run "${install[@]}" "${missing[@]}"; }
