#!/usr/bin/env bash
# package.sh SOURCE [FOLDER]: the Debian package of the release build. Built from HEAD in two folders it is the same
# bytes; in a tree with a minimal Debian it installs with what it depends on and nothing else, and the command, its
# manual page and its completions work; removed, it leaves nothing. ITHACA_PACKAGE=1 asks for it: it needs root and the
# network, and builds twice. FOLDER keeps the package and the tree, so that a later run starts from both.
set -euo pipefail
source=$1 folder=${2:-}
skip() { echo "skipped: $*"; exit 77; }
[[ ${ITHACA_PACKAGE:-} == 1 && $(id -u) == 0 ]] || skip "needs root and minutes: set ITHACA_PACKAGE=1 as root"
for tool in git cpack dpkg-deb debootstrap; do command -v $tool >/dev/null || skip "there is no $tool"; done
. "$(dirname "$0")/../support/bare.sh"
work=$(mktemp -d)
folder=${folder:-$work/kept}
tree=$work/tree
trap 'umount "$tree"/{proc,dev/pts,dev/shm} 2>/dev/null || true; rm -rf --one-file-system "$work"' EXIT
mkdir -p "$folder" "$tree"
say() { echo "$(date +%T) $*"; }

# Twice, under paths of different length.
export CCACHE_DISABLE=1 CMAKE_CXX_COMPILER_LAUNCHER=
SOURCE_DATE_EPOCH=$(git -C "$source" log -1 --format=%ct)
export SOURCE_DATE_EPOCH
pack() { # pack CLONE
  git clone -q "$source" "$1"
  cmake -S "$1" --preset release -DITHACA_BENCHMARKS=OFF -DITHACA_CUDA=OFF >"$work/log" &&
    cmake --build "$1/build/release" --target ithaca --parallel "$(nproc)" >"$work/log" &&
    cpack --config "$1/build/release/CPackConfig.cmake" -B "$1/packed" >"$work/log" || { tail -20 "$work/log"; exit 1; }
}
revision=$(git -C "$source" rev-parse HEAD)
package=$folder/$revision.deb
if [[ ! -e $package ]]; then
  say "building"
  pack "$work/first"
  say "building again elsewhere"
  pack "$work/second/of/another/name"
  if grep -aF "$work" "$work/first/build/release/ithaca" >/dev/null; then echo "names the folder of its build"; exit 1; fi
  cmp "$work"/first/packed/*.deb "$work"/second/of/another/name/packed/*.deb
  cp "$work"/first/packed/*.deb "$package"
fi
say "$(stat -c %s "$package") bytes, twice the same: $(sha256sum <"$package" | cut -c1-16)"

say "a bare Debian"
bare_base "$folder/base" "$work/log"
cp -a "$folder/base/." "$tree/"
bare_enter "$tree"
cp "$package" "$tree/root/ithaca.deb"
inside() { chroot "$tree" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
apt() { inside apt-get -y -q --no-install-recommends "$@" >"$work/log" 2>&1 || { tail -5 "$work/log"; exit 1; }; }

say "installing"
apt update
apt install /root/ithaca.deb
inside dpkg-query -W -f '${Package} ${Version}: ${Depends}\n' ithaca
inside ithaca --version
question=(--model llama3-8b --cluster dgx-h100 --gpus 64 --seq 1Mi)
inside ithaca compare "${question[@]}" >"$work/compared"
grep -q '^Take usp' "$work/compared"
inside ithaca report "${question[@]}" -o /root/page.html
grep -q '<figure id="memory">' "$tree/root/page.html"
inside ithaca | grep 'ithaca compare' >/dev/null
apt install man-db zsh fish
inside man ithaca | grep '^ITHACA(1)' >/dev/null
inside man --warnings ithaca 2>&1 >/dev/null | { ! grep .; }
inside bash -c 'source /usr/share/bash-completion/completions/ithaca && complete -p ithaca' >/dev/null
inside zsh -fc 'autoload -U compinit && compinit -u -D && (( $+_comps[ithaca] ))'
[[ $(inside fish -c 'complete -C "ithaca compare --model llama3-8"') == llama3-8b* ]]
apt purge ithaca
left=$(find "$tree/usr" "$tree/etc" -name '*ithaca*')
[[ -z $left ]] || { echo "left behind: $left"; exit 1; }
say "the package holds"
