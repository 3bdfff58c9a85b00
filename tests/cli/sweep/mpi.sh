#!/usr/bin/env bash
# mpi.sh ITHACA: four ranks write the bytes that one process does; a rank that is killed costs a retry or a resume.
set -euo pipefail
ithaca=$1
mpirun=$(command -v mpirun) || { echo "skipped: there is no mpirun (apt-get install openmpi-bin)"; exit 77; }
[[ -x $(dirname "$ithaca")/ithaca_mpi ]] || { echo "skipped: ithaca was built without MPI"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
export ASAN_OPTIONS=detect_leaks=0  # Open MPI's own
ranks=("$mpirun" -n 4 "$ithaca")
question=(sweep --model llama-7b --cluster dgx-h100 --gpus 8 --no-progress --set 'seq=1Ki..200Ki+1Ki')

same() { cmp "$folder/serial" "$folder/ranks" || { echo "not the serial run's bytes: $*"; exit 1; }; }
for format in '--csv --keep front'; do
  read -r -a flags <<<"$format"
  "$ithaca" "${question[@]}" "${flags[@]}" -o "$folder/serial" 2>/dev/null
  "${ranks[@]}" "${question[@]}" "${flags[@]}" -o "$folder/ranks" 2>"$folder/talk" || { cat "$folder/talk"; exit 1; }
  same "$format"
done

# Mistakes are said once and end all ranks.
code=0
"${ranks[@]}" sweep --model none >"$folder/out" 2>"$folder/talk" || code=$?
[[ $code -eq 2 && $(grep -c "there is no model 'none'" "$folder/talk") -le 1 ]] || { cat "$folder/talk"; exit 1; }

# A rank that dies: whatever the MPI makes of it, --resume comes to the same file.
long=(sweep --model llama-7b --cluster dgx-h100 --gpus 8 --no-progress --strategies usp
  --set 'seq=1Ki..2000Ki+1Ki' --csv)
"$ithaca" "${long[@]}" -o "$folder/serial" 2>/dev/null
rm -f "$folder/ranks"
"${ranks[@]}" "${long[@]}" -o "$folder/ranks" >/dev/null 2>&1 &
job=$!
for _ in $(seq 100); do [[ -s $folder/ranks ]] && break; sleep 0.05; done
victim=$(pgrep -P $job | tail -1 || true)  # the last rank
[[ -z $victim ]] || kill -9 "$victim" 2>/dev/null || true
wait $job || "${ranks[@]}" "${long[@]}" -o "$folder/ranks" --resume >/dev/null 2>&1
same "after a rank died"
