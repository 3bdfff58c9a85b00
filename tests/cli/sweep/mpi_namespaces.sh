#!/usr/bin/env bash
# mpi_namespaces.sh ITHACA: ranks on four hosts, each a network namespace of its own behind a switch, write the bytes that
# one process does, and go on when one of the hosts is lost. Needs root; ITHACA_NAMESPACES=1 asks for it.
set -euo pipefail
ithaca=$1
skip() { echo "skipped: $*"; exit 77; }
[[ ${ITHACA_NAMESPACES:-} == 1 && $(id -u) == 0 ]] || skip "needs root: set ITHACA_NAMESPACES=1 as root"
command -v mpirun >/dev/null || skip "there is no mpirun (apt-get install openmpi-bin)"
[[ -x $(dirname "$ithaca")/ithaca_mpi ]] || skip "ithaca was built without MPI"
namespaces=$(cd "$(dirname "$0")/../../validate/tcp" && pwd)/namespaces.sh
folder=$(mktemp -d)
trap '"$namespaces" down; rm -rf "$folder"' EXIT
"$namespaces" down
"$namespaces" up 5 1gbit >"$folder/talk" 2>&1 || skip "no namespaces here: $(tail -1 "$folder/talk")"

# What mpirun takes for ssh: HOST is 10.86.0.(10 + i), which is ithaca<i>.
cat >"$folder/agent" <<'EOF'
#!/bin/sh
while [ "${1#-}" != "$1" ]; do shift; done
number=$((${1##*.} - 10))
shift
exec ip netns exec "ithaca$number" unshare -u sh -c "hostname ithaca$number; $*"
EOF
chmod +x "$folder/agent"

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 ASAN_OPTIONS=detect_leaks=0
ranks=(ip netns exec ithaca4 unshare -u sh -c 'hostname ithaca4; exec "$@"' sh mpirun --enable-recovery
  --mca plm_rsh_agent "$folder/agent" --mca btl tcp,self --mca btl_tcp_if_include wire --mca oob_tcp_if_include wire
  --host 10.86.0.10:1,10.86.0.11:1,10.86.0.12:1,10.86.0.13:1 -n 4 "$ithaca")
question=(sweep --model llama-7b --cluster dgx-h100 --gpus 8 --no-progress --strategies usp
  --set seq=1Ki..4000Ki+1Ki --csv --columns strategy,max_seq_len)
"$ithaca" "${question[@]}" -o "$folder/serial" 2>/dev/null
"${ranks[@]}" "${question[@]}" -o "$folder/ranks" >"$folder/talk" 2>&1 || { cat "$folder/talk"; exit 1; }
cmp "$folder/serial" "$folder/ranks"

rm "$folder/ranks"
"${ranks[@]}" "${question[@]}" -o "$folder/ranks" >"$folder/talk" 2>&1 &
job=$!
for _ in $(seq 200); do [[ -s $folder/ranks ]] && break; sleep 0.05; done
for pid in $(ip netns pids ithaca3); do
  [[ $(readlink "/proc/$pid/exe") != */ithaca_mpi ]] || kill -9 "$pid"
done
wait $job || { cat "$folder/talk"; exit 1; }
cmp "$folder/serial" "$folder/ranks"
cat "$folder/talk"
