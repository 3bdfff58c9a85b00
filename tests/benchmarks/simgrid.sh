#!/usr/bin/env bash
# Runs SimGrid and the flow engine on the same flows, one after the other, and prints CPU seconds and their ratio:
#   tests/benchmarks/simgrid.sh [--large] [--repeat N]
# --large adds 144 hosts, for which SimGrid needs minutes. Exits 1 if a finish time differs by more than 1e-9, 77 if
# SimGrid or a compiler is missing. SimGrid: pure max-min (no TCP window, no cross-traffic), links without latency, and
# times to 1e-14 s: with 1e-12 s its finish times after late starts are off by 1e-7.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
compiler=${CXX:-c++}
library=${SIMGRID_LIBRARY:-simgrid}
repeat=5
large=no
while [ $# -gt 0 ]; do
  case $1 in
    --large) large=yes ;;
    --repeat) repeat=${2:?"--repeat: the number of runs is missing"}; shift ;;
    *) echo "simgrid.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v "$compiler" > "$work/log" || { echo "simgrid.sh: no C++ compiler $compiler: install g++" >&2; exit 77; }
printf '#include <simgrid/s4u.hpp>\nint main() {}\n' > "$work/probe.cpp"
if ! "$compiler" -std=c++20 "$work/probe.cpp" "-l$library" -o "$work/probe" 2> "$work/log"; then
  echo "simgrid.sh: SimGrid is missing: install libsimgrid-dev" >&2
  exit 77
fi

build() { "$compiler" -std=c++20 -O3 -DNDEBUG -I"$root" "$@"; }
build "$root/tests/benchmarks/simgrid_run.cpp" "-l$library" -o "$work/simgrid"
build "$root"/tests/benchmarks/engine_run.cpp \
  "$root"/sim/{flow_engine,flow_check,flow_clocks,fair_shares,settle_shares,couplings,spare_resources}.cpp -o "$work/engine"

options=(--cfg=network/model:CM02 --cfg=network/crosstraffic:0 --cfg=network/TCP-gamma:1e30 --cfg=network/weight-S:0
  --cfg=network/latency-factor:1 --cfg=network/bandwidth-factor:1 --cfg=surf/precision:1e-14
  --cfg=maxmin/precision:1e-12 --log=root.thresh:error)

# median FILE COMMAND...: runs it, leaves the finish times in FILE and prints the median of the CPU seconds.
median() {
  local file=$1
  shift
  for ((run = 0; run < times; ++run)); do
    "$@" > "$work/out"
    head -n 1 "$work/out"
  done | sort -g | awk '{ cpu[NR] = $1 } END { print cpu[int((NR + 1) / 2)] }'
  tail -n +2 "$work/out" > "$file"
}

# row NAME K SPINES JITTER LATEST_START
row() {
  local name=$1 ours theirs
  shift
  ours=$(median "$work/ours" "$work/engine" "$@")
  theirs=$(median "$work/theirs" "$work/simgrid" "$@" "${options[@]}")
  paste "$work/ours" "$work/theirs" | awk -v name="$name" -v ours="$ours" -v theirs="$theirs" '
    { off = ($1 - $2) / $2; if (off < 0) off = -off; if (off > most) most = off }
    END {
      ratio = ours > 0 ? sprintf("%.0f", theirs / ours) : "-"
      printf "%-42s %7d %11.4f %11.4f %7s %10.1e\n", name, NR, theirs, ours, ratio, most
      exit most > 1e-9
    }'
}

printf '%-42s %7s %11s %11s %7s %10s\n' "all-to-all, 400 Gb/s, about 1 MB a pair" flows "SimGrid s" "ithaca s" ratio difference
times=$repeat
row "16 hosts, unequal, late starts" 4 4 0.5 0.0003
row "64 hosts, equal" 8 8 0 0
row "64 hosts, unequal" 8 8 0.5 0
row "64 hosts, unequal, 2:1 oversubscribed" 8 4 0.5 0
row "64 hosts, unequal, late starts" 8 8 0.5 0.001
if [ $large = yes ]; then
  times=1
  row "144 hosts, unequal" 12 12 0.5 0
fi
