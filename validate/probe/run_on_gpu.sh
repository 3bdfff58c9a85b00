#!/usr/bin/env bash
# run_on_gpu.sh PROGRAM ARGUMENTS...: runs it with the CUDA libraries of NVIDIA's Python wheels, wherever Python has them.
# run_on_gpu.sh campaign PROBE FOLDER [PART...]: measures all that one GPU can tell, in under 25 minutes: the parts
# kernels, attention and nccl (under 10 minutes each). Results go to FOLDER and, packed, to FOLDER.tar.gz.
# ITHACA_WHEELS: the folder named nvidia, where Python does not find it itself.
set -euo pipefail
(($# > 0)) || { sed -n '2,5s/^# //p' "$0" >&2; exit 2; }

wheels=${ITHACA_WHEELS:-$(python3 - <<'PYTHON'
import site, sysconfig, os
paths = site.getsitepackages() + [site.getusersitepackages(), sysconfig.get_paths()["purelib"]]
paths += os.environ.get("PYTHONPATH", "").split(":")
print(next((p + "/nvidia" for p in paths if p and os.path.isdir(p + "/nvidia")), ""))
PYTHON
)}
[[ -d $wheels ]] || { echo "error: Python has no NVIDIA wheels; set ITHACA_WHEELS, or pip install nvidia-cublas nvidia-cudnn-cu13 nvidia-cuda-nvrtc nvidia-nccl-cu13" >&2; exit 5; }

# nvidia/cu13/lib holds cuBLAS and NVRTC of CUDA 13; cuDNN and NCCL have folders of their own.
for folder in "$wheels"/*/lib; do
  LD_LIBRARY_PATH=$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
done
export LD_LIBRARY_PATH
[[ $1 == campaign ]] || exec "$@"

(($# >= 3)) || { sed -n '3,4s/^# //p' "$0" >&2; exit 2; }
probe=$2 out=$3
shift 3
mkdir -p "$out"
failed=0

step() {  # step NAME SECONDS COMMAND...: its output to NAME.log; a failure is told, and the rest goes on
  local name=$1 seconds=$2 code=0
  shift 2
  timeout --kill-after=20 "$seconds" "$@" >"$out/$name.log" 2>&1 || code=$?
  echo "$(date -u +%T) $name: exit $code" | tee -a "$out/campaign.log"
  ((code == 0)) || { failed=1; tail -n 3 "$out/$name.log"; }
}

ranks() {  # ranks N COMMAND...: N processes of the probe on one GPU, each a host of its own to NCCL
  local n=$1 port=$((20000 + RANDOM % 20000)) token=$RANDOM$RANDOM$RANDOM code=0 pids=() rank pid
  shift
  for ((rank = 0; rank < n; ++rank)); do
    "$probe" "$@" --share-gpu --rank "$rank" --ranks "$n" --meet "127.0.0.1:$port" --token "$token" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || code=$?; done
  return $code
}
export -f ranks
export probe

kernels() {
  for model in llama3-8b qwen2.5-7b llama3-70b gpt3-175b; do
    step "kernels-$model" 160 "$probe" kernels --model "$model" --seq 8Ki,64Ki,256Ki --gpus 8 \
      --family gemm,streaming,permute --budget 1s -o "$out/$model.yaml"
  done
  step memory 50 "$probe" kernels --model llama3-8b --seq 64Ki --gpus 8 --family copy,overlap --budget 2s -o "$out/memory.yaml"
}

attention() {
  for gpus in 32 8 1; do  # 1, 4 and 32 heads a GPU
    step "attention-$gpus" 150 "$probe" kernels --model llama3-8b --seq 2Ki,8Ki,32Ki,128Ki --gpus "$gpus" \
      --family attention --budget 3s -o "$out/attention-$gpus.yaml"
  done
  step attention-96 60 "$probe" kernels --model megatron-22b --seq 4Ki,16Ki --gpus 8 --family attention --budget 2s \
    -o "$out/attention-96.yaml"  # of 96 a head
}

nccl() {
  for n in 2 3; do
    step "nccl-layers-$n" 40 bash -c "ranks $n layers"
    step "nccl-$n" 180 bash -c "ranks $n collectives --sizes 64KiB..64MiB*4 --model llama3-8b --seq 16Ki --overlap \
      --budget 1s --error 5% -o '$out/nccl-$n.yaml'"
  done
  NCCL_DEBUG=INFO NCCL_DEBUG_SUBSYS=TUNING step nccl-tuning 30 bash -c "ranks 2 collectives --sizes [1MiB] --ops all_reduce"
}

(($# > 0)) || set -- kernels attention nccl
for part in "$@"; do
  case $part in
    kernels | attention | nccl) "$part" ;;
    *) echo "error: '$part' is no part; write kernels, attention or nccl" >&2; exit 2 ;;
  esac
done
nvidia-smi -q >"$out/nvidia-smi.log" 2>&1 || true
tar -czf "$out.tar.gz" -C "$(dirname "$out")" "$(basename "$out")"
exit $failed
