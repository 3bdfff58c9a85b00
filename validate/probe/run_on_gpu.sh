#!/usr/bin/env bash
# run_on_gpu.sh PROGRAM ARGUMENTS...: runs it with the CUDA libraries of NVIDIA's Python wheels, wherever Python has them.
# ITHACA_WHEELS: the folder named nvidia, where Python does not find it itself.
set -euo pipefail
(($# > 0)) || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }

wheels=${ITHACA_WHEELS:-$(python3 - <<'PYTHON'
import site, sysconfig, os
paths = site.getsitepackages() + [site.getusersitepackages(), sysconfig.get_paths()["purelib"]]
paths += os.environ.get("PYTHONPATH", "").split(":")
print(next((p + "/nvidia" for p in paths if p and os.path.isdir(p + "/nvidia")), ""))
PYTHON
)}
[[ -d $wheels ]] || { echo "error: Python has no NVIDIA wheels; set ITHACA_WHEELS, or pip install nvidia-cublas nvidia-cudnn-cu13 nvidia-cuda-nvrtc" >&2; exit 5; }

# nvidia/cu13/lib holds cuBLAS and NVRTC of CUDA 13; cuDNN and NCCL have folders of their own.
for folder in "$wheels"/*/lib; do
  LD_LIBRARY_PATH=$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
done
export LD_LIBRARY_PATH
exec "$@"
