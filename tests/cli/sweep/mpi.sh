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
question=(sweep --model llama-7b --cluster dgx-h100 --no-progress)

same() { cmp "$folder/serial" "$folder/ranks" || { echo "not the serial run's bytes: $*"; exit 1; }; }
for format in '--gpus 8 --set seq=1Ki..60Ki+1Ki --csv --keep front' \
  '--set gpus=[8,16] --set seq=[8Ki,64Ki,512Ki] --jsonl --engine event --strategies ulysses'; do
  read -r -a flags <<<"$format"
  "$ithaca" "${question[@]}" "${flags[@]}" -o "$folder/serial" 2>/dev/null
  "${ranks[@]}" "${question[@]}" "${flags[@]}" -o "$folder/ranks" 2>"$folder/talk" || { cat "$folder/talk"; exit 1; }
  same "$format"
done

# Mistakes are said once and end all ranks.
code=0
"$mpirun" -n 2 "$ithaca" sweep --model none >"$folder/out" 2>"$folder/talk" || code=$?
[[ $code -eq 2 && $(grep -c "there is no model 'none'" "$folder/talk") -le 1 ]] || { cat "$folder/talk"; exit 1; }

# A rank that dies in mid-run costs its points a retry where mpirun lets the others live; where it ends them, or where it
# was the one that writes, --resume comes to the same file. Results above 512 bytes go in two steps here, as large ones
# do: rank 0 is held up until the other has begun to send, so that what it goes on to receive never ends.
long=("${question[@]}" --gpus 8 --strategies usp --set 'seq=1Ki..400Ki+1Ki' --csv)
"$ithaca" "${long[@]}" -o "$folder/serial" 2>/dev/null
ranks_of() {  # JOB: into `all` the processes of its mpirun; a bare machine has no pgrep
  read -ra all <"/proc/$1/task/$1/children" || true
  read -ra all <"/proc/${all[0]:-$1}/task/${all[0]:-$1}/children" || true
}
lose_rank() {  # RANK MPIRUN'S FLAGS...: the exit code of a run whose rank is killed as soon as there are rows
  local victim=$1 job code=0 lines=() all=()
  shift
  rm -f "$folder/ranks.sweep"
  : >"$folder/ranks"
  OMPI_MCA_btl_vader_eager_limit=512 timeout -k 5 60 "$mpirun" "$@" -n 4 "$ithaca" "${long[@]}" -o "$folder/ranks" \
    >"$folder/talk" 2>&1 &
  job=$!
  for _ in $(seq 1000); do
    mapfile -n 2 lines <"$folder/ranks" || true
    ((${#lines[@]} > 1)) && break
    sleep 0.005
  done
  ranks_of $job
  ((${#all[@]} == 4)) || { echo "there are no four ranks to lose one of: ${all[*]}"; return 99; }
  kill -STOP "${all[0]}"
  sleep 0.3
  kill -KILL "${all[victim]}"
  kill -CONT "${all[0]}" 2>/dev/null || true
  wait $job || code=$?
  return $code
}
for loss in '3 --enable-recovery' '0 --enable-recovery' 3; do
  code=0
  lose_rank $loss || code=$?
  if [[ $code -eq 124 || $code -eq 99 || ($code -ne 0 && $loss != 3) ]]; then
    echo "without rank $loss: $code"
    cat "$folder/talk"
    exit 1
  fi
  [[ $loss == 3* && $code -eq 0 ]] ||
    "$mpirun" -n 2 "$ithaca" "${long[@]}" -o "$folder/ranks" --resume >/dev/null 2>&1
  same "after the death of rank $loss"
done

# Processes that srun started and MPI does not join must not all write one file.
code=0
SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=4 "$ithaca" "${long[@]}" -o "$folder/ranks" 2>"$folder/talk" || code=$?
[[ $code -eq 5 ]] && grep -q "MPI joins none of them" "$folder/talk" || { cat "$folder/talk"; exit 1; }

# The batch script, as an array of shards and under an srun that is mpirun.
mkdir "$folder/slurm"
ln -s "$ithaca" "$folder/slurm/ithaca"
printf '#!/bin/sh\nshift\nexec mpirun -n 2 "$@"\n' >"$folder/slurm/srun"
chmod +x "$folder/slurm/srun"
script=$(cd "$(dirname "$0")/../../../configs/sweeps" && pwd)/sweep.sbatch
cd "$folder/slurm"
export PATH=$PWD:$PATH SWEEP=gpus-at-fixed-tokens
ithaca sweep "$SWEEP" --csv -o serial.csv 2>/dev/null
for task in 1 2; do SLURM_ARRAY_TASK_ID=$task SLURM_ARRAY_TASK_COUNT=2 bash "$script" 2>/dev/null; done
ithaca sweep --merge rows-*.csv -o merged.csv
cmp serial.csv merged.csv
bash "$script" 2>/dev/null
cmp serial.csv rows.csv
