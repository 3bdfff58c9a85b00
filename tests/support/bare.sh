# shellcheck shell=bash
# Sourced by what tries Ithaca on a fresh machine: a minimal Debian 12 in a folder, as root, from the mirror that this
# machine uses. Sets nothing but functions; the caller wants `set -euo pipefail` and cleans up.

# bare_base FOLDER LOG [PACKAGES]: makes the tree once; FOLDER/.done says that it is whole. PACKAGES, with commas, come
# with it.
bare_base() {
  local folder=$1 log=$2 packages=${3:-} mirror
  [[ ! -e $folder/.done ]] || return 0
  mirror=$(grep -hv '^#' /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null |
    grep -oE 'https?://[^ ]+/debian' | head -n 1 || true)
  mirror=${mirror:-http://deb.debian.org/debian}
  rm -rf --one-file-system "$folder"
  debootstrap --variant=minbase ${packages:+--include="$packages"} bookworm "$folder" "$mirror" >"$log" 2>&1 ||
    { tail -5 "$log"; return 1; }
  echo "deb $mirror bookworm main contrib non-free" >"$folder/etc/apt/sources.list"
  local kept
  for kept in /etc/apt/apt.conf.d/99*; do [[ ! -e $kept ]] || cp "$kept" "$folder/etc/apt/apt.conf.d/"; done
  touch "$folder/.done"
}

# bare_enter TREE: what programs expect around them.
bare_enter() {
  cp /etc/resolv.conf /etc/hosts "$1/etc/"
  mount -t proc proc "$1/proc"
  mount -t devpts devpts "$1/dev/pts"
  mount -t tmpfs tmpfs "$1/dev/shm"
}

# bare_run TREE USER FOLDER SCRIPT [NAME=VALUE...]: SCRIPT by bash in FOLDER of the tree as that user, with an environment
# of its own.
bare_run() {
  local tree=$1 user=$2 folder=$3 script=$4 home=/root
  shift 4
  [[ $user == root ]] || home=/home/$user
  chroot --userspec="$user:$user" "$tree" env -i HOME="$home" USER="$user" PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 TERM=dumb "$@" bash -euo pipefail -c "cd '$folder'; $script" </dev/null
}
