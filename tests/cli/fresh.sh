#!/usr/bin/env bash
# fresh.sh SOURCE [FOLDER [CELL...]]: the README's commands and the Debian package on a machine that has nothing yet: HEAD
# of SOURCE in a minimal Debian 12 each, a cell of a matrix of
#   command  start (./start), check (./check), package (cpack after ./start; installed, asked and purged in a second tree)
#   who      user, who may sudo; root; alone, a user without sudo, who must be told what to install
#   part     what is installed beforehand of what the distribution has: none, mpi, wasm, notebooks, browser, cuda
# named COMMAND.WHO[+PART]; `--list` as the first CELL prints them all. Prints a line a cell. ITHACA_FRESH=1 asks for it:
# it needs root and the network, and takes the better part of an hour. FOLDER keeps the base tree, the packages, a compiler
# cache and logs/CELL, which the next run uses.
#
# It is cheap by design. Cells share downloaded packages and, through ccache, whatever they compile alike; dpkg does not
# wait for the disk. The whole test suite runs in check.user and check.root; other cells of ./check run the tests of their
# part, which must not be skipped, and those of ./start ask the program what their part adds. ./check installs MPI itself,
# so there is no check without it. CUDA is Debian's 11.8, too old for the probe: it must be left out, and said so.
set -euo pipefail
source=$1 kept=${2:-}
shift $(($# < 2 ? $# : 2))
skip() { echo "skipped: $*"; exit 77; }

all_cells() {
  local who part
  echo start.alone check.alone
  for who in user root; do
    echo "start.$who check.$who package.$who"
    for part in mpi wasm notebooks browser cuda; do
      echo "start.$who+$part"
      [[ $part == mpi ]] || echo "check.$who+$part"
    done
    echo "package.$who+mpi package.$who+wasm"
  done
}
if [[ ${1:-} == --list ]]; then
  all_cells | tr ' ' '\n'
  exit
fi
[[ ${ITHACA_FRESH:-} == 1 && $(id -u) == 0 ]] || skip "needs root and most of an hour: set ITHACA_FRESH=1 as root"
for tool in git debootstrap unshare; do command -v $tool >/dev/null || skip "there is no $tool"; done
# All mounts are in a namespace of this script's own, and go with it.
[[ -n ${ITHACA_FRESH_INSIDE:-} ]] ||
  ITHACA_FRESH_INSIDE=1 exec unshare --mount --propagation private "$0" "$source" "$kept" "$@"

. "$(dirname "$0")/../support/bare.sh"
work=$(mktemp -d)
folder=${kept:-$work/kept}
trap 'for tree in "$work"/*/tree; do umount -lR "$tree" 2>/dev/null || true; done; rm -rf --one-file-system "$work"' EXIT
mkdir -p "$folder"/{archives/partial,ccache,logs}
chmod 1777 "$folder/ccache"
cells=("$@")
((${#cells[@]})) || read -r -d '' -a cells < <(all_cells) || true

declare -A packages=(
  [mpi]="libopenmpi-dev openmpi-bin"
  [wasm]="clang-19 lld-19 wasi-libc libc++-19-dev-wasm32 libclang-rt-19-dev-wasm32 nodejs"
  [notebooks]="jupyter-nbconvert python3-ipykernel python3-matplotlib"
  [browser]="chromium python3"
  [cuda]="nvidia-cuda-toolkit"
)
# What cmake must say where a part is not there.
declare -A absent=([mpi]="Sweeps under mpirun are off" [wasm]="Sliders of ithaca report are off"
  [cuda]="ithaca_probe is left out")
# What the program must do with a part, after ./start and in ./check; in the first, b is the folder of the build.
declare -A asked=(
  [mpi]='cmake --build $b --target ithaca_mpi && tests/cli/sweep/mpi.sh $PWD/$b/ithaca'
  [wasm]='node tests/cli/live.mjs $PWD/$b/ithaca'
  [notebooks]='tests/cli/notebooks.sh $PWD/$b/ithaca $PWD/notebooks'
  [browser]='python3 tests/cli/browser.py $PWD/$b/ithaca'
  [cuda]='code=0; $b/ithaca measure --backend cuda || code=$?; ((code == 5))'
)
declare -A tests=([wasm]=cli.live [notebooks]=cli.notebooks [browser]=cli.browser [cuda]=validate.)

# new_tree NAME: $tree, with HEAD in /srv/ithaca, owned by $user.
new_tree() {
  tree=$work/$1/tree
  mkdir -p "$work/$1"/{changes,scratch,tree}
  mount -t overlay overlay -o "lowerdir=$folder/base,upperdir=$work/$1/changes,workdir=$work/$1/scratch" "$tree"
  bare_enter "$tree"
  mkdir -p "$tree/ccache"
  mount --bind "$folder/archives" "$tree/var/cache/apt/archives"
  mount --bind "$folder/ccache" "$tree/ccache"
  git clone -q "$source" "$tree/srv/ithaca"
  chroot "$tree" chown -R "$user:$user" /srv/ithaca
}

drop_tree() {
  umount -R "$work/$1/tree"
  rm -rf --one-file-system "${work:?}/$1"
}

run() {  # run SCRIPT: as $user in the clone
  bare_run "$tree" "$user" /srv/ithaca "$1" CCACHE_DIR=/ccache CCACHE_UMASK=000 CMAKE_CXX_COMPILER_LAUNCHER=ccache \
    CCACHE_SLOPPINESS=pch_defines,time_macros
}

administer() { bare_run "$tree" root /root "$1" DEBIAN_FRONTEND=noninteractive; }
install_packages() { [[ -z $1 ]] || administer "apt-get install -y -q --no-install-recommends $1"; }

says() {  # says [!] WORDS FILE: whether the file has them, or not
  local want=0
  if [[ $1 == '!' ]]; then want=1; shift; fi
  local has=0
  grep -qF -- "$1" "$2" || has=1
  ((has == want)) || { echo "fresh.sh: '$1' is$([[ $want == 1 ]] || echo ' not') in what it said"; return 1; }
}

parts_said() {  # parts_said LOG: cmake names each part that is not there, and no other
  local one
  for one in "${!absent[@]}"; do
    # Debian's CUDA is too old, ./check brings MPI, and a package is built without.
    case $command.$one in
      *.cuda | package.mpi) says "${absent[$one]}" "$1" ;;
      *."$part" | check.mpi) says ! "${absent[$one]}" "$1" ;;
      *) says "${absent[$one]}" "$1" ;;
    esac
  done
}

# The cells; each in `set -e`, its words in a log of its own.
cell_start() {
  run ./start 2>&1 | tee "$work/said"
  says 'Take usp (ulysses 8 x ring 8)' "$work/said"
  parts_said "$work/said"
  run ./start 2>&1 | tee "$work/again"
  says 'ninja: no work to do' "$work/again"
  says ! 'Installing' "$work/again"
  run "tests/cli/readme.sh build/release/ithaca README.md; b=build/release; ${asked[${part:-none}]:-}"
}

cell_check() {
  local chosen=${part:+-R ^${tests[$part]//./\\\\.}}
  run "./check $chosen" 2>&1 | tee "$work/said"
  parts_said "$work/said"
  [[ -z $part ]] || says ! 'Skipped' "$work/said"
  count=$(sed -nE 's/.*tests passed, .* out of ([0-9]+)/\1 tests/p' "$work/said")
  count+=$(grep -c '(Skipped)' "$work/said" | sed 's/^0$//; s/.\+/, & of them skipped/' || true)
}

cell_package() {
  run "./start && cmake/install-packages.sh package &&
    cpack --config build/release/CPackConfig.cmake -B packed" 2>&1 | tee "$work/said"
  parts_said "$work/said"
  cp "$tree"/srv/ithaca/packed/*.deb "$work/ithaca.deb"
  drop_tree first
  new_tree second
  cp "$work/ithaca.deb" "$tree/srv/ithaca.deb"
  case $part in
    mpi) install_packages openmpi-bin ;;
    wasm) install_packages nodejs ;;
  esac
  local sudo=
  [[ $user == root ]] || sudo=sudo
  run "$sudo apt-get update && $sudo apt-get install -y --no-install-recommends /srv/ithaca.deb"
  run 'cd ~ && ithaca compare --model llama3-8b --cluster dgx-h100 --gpus 64 --seq 1Mi' | tee "$work/said"
  says 'Take usp (ulysses 8 x ring 8)' "$work/said"
  run 'cd ~ && ithaca report --model llama3-8b --cluster dgx-h100 --gpus 64 --seq 1Mi -o page.html && test -s page.html'
  case $part in
    mpi)  # the package holds no ithaca_mpi: ranks must say so, not write one file each
      run 'code=0; OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun --oversubscribe -n 2 \
        ithaca sweep crossover --csv -o ~/rows.csv || code=$?; ((code == 5))' 2>&1 | tee "$work/said"
      says 'MPI' "$work/said" ;;
    wasm) run 'node tests/cli/live.mjs /usr/bin/ithaca' ;;
  esac
  run "$sudo apt-get purge -y ithaca"
  [[ -z $(find "$tree/usr" "$tree/etc" -name '*ithaca*') ]]
}

cell_alone() {  # without sudo the packages are named, and nothing is done
  local code=0
  run "./$command" >"$work/said" 2>&1 || code=$?
  cat "$work/said"
  ((code == 1))
  says 'error: packages are missing and neither root nor sudo is at hand' "$work/said"
  says 'apt-get install -y --no-install-recommends g++ cmake' "$work/said"
  [[ ! -e $tree/srv/ithaca/build ]]
}

cell() {  # cell COMMAND.WHO[+PART]
  command=${1%%.*} who=${1#*.}
  part=${who#*+}
  [[ $part != "$who" ]] || part=
  who=${who%%+*}
  user=planner
  [[ $who != root ]] || user=root
  [[ -z $part || -n ${packages[$part]:-} ]] && [[ $(type -t "cell_$command") == function ]] ||
    { echo "there is no cell $1"; return 2; }
  new_tree first
  case $who in
    alone) administer 'rm /usr/bin/sudo'; command_of=cell_alone ;;
    *) command_of=cell_$command ;;
  esac
  if [[ -z $part ]]; then administer 'rm -rf /var/lib/apt/lists/*'; fi  # as in images of containers
  [[ $command == package && $part == mpi ]] || install_packages "${packages[${part:-none}]:-}"
  count=
  $command_of
  echo "$count" >"$work/count"
}

if [[ ! -e $folder/base/.ready ]]; then
  rm -f "$folder/base/.done"
  bare_base "$folder/base" "$folder/logs/base" ca-certificates,ccache,git,sudo
  echo force-unsafe-io >"$folder/base/etc/dpkg/dpkg.cfg.d/fresh"
  chroot "$folder/base" useradd -m -s /bin/bash planner
  echo 'planner ALL=(ALL) NOPASSWD:ALL' >"$folder/base/etc/sudoers.d/planner"
  cp /etc/resolv.conf /etc/hosts "$folder/base/etc/"
  chroot "$folder/base" apt-get update -q >>"$folder/logs/base" 2>&1
  touch "$folder/base/.ready"
fi

failed=0
for name in "${cells[@]}"; do
  began=$SECONDS result=pass
  rm -f "$work/count"
  set +e  # a condition around the cell would switch it off inside
  (set -e; cell "$name") >"$folder/logs/$name" 2>&1
  code=$?
  set -e
  ((code == 0)) || result=FAIL
  for part in first second; do [[ ! -d $work/$part ]] || drop_tree $part; done
  [[ $result == pass ]] || failed=$((failed + 1))
  printf '%s  %-22s %5d s  %s\n' $result "$name" $((SECONDS - began)) "$(cat "$work/count" 2>/dev/null || true)"
  [[ $result == pass ]] || tail -n 5 "$folder/logs/$name" | sed 's/^/      /'
done
echo "$((${#cells[@]} - failed)) of ${#cells[@]} cells pass; logs are in $folder/logs"
((failed == 0))
