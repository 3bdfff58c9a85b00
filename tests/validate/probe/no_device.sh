#!/usr/bin/env bash
# no_device.sh PROBE: what ithaca_probe says where there is no GPU. Where there is one, 77: skipped.
set -uo pipefail
probe=$1
failed=0
[[ ! -e /dev/nvidiactl ]] || { echo "this machine has a GPU: skipped"; exit 77; }

expect() {  # expect CODE TEXT ARGUMENTS...
  local code=$1 text=$2 output
  shift 2
  output=$("$probe" "$@" 2>&1)
  local got=$?
  ((got == code)) || { echo "FAIL: ithaca_probe $*: exit $got, not $code"; failed=1; }
  [[ $output == *"$text"* ]] || { echo "FAIL: ithaca_probe $* does not say '$text' but: $output"; failed=1; }
}

shape=(--model llama3-8b --seq 8Ki)
expect 5 "error: no usable NVIDIA driver: " kernels "${shape[@]}"
expect 5 "error: " collectives
expect 5 "error: " layers
expect 2 "--model and --seq need each other" collectives --seq 8Ki
expect 0 "all_gather of 64.0 KiB on 4 ranks" collectives --gpus 4 --list
expect 0 "ithaca_probe layers" collectives --help
expect 2 "--model is missing" kernels
expect 0 "gemm 8192 x 6144 x 4096, llama3-8b qkv forward" kernels "${shape[@]}" --list
expect 0 "Exit codes" --help
for command in "kernels ${shape[*]}" collectives; do
  (($("$probe" $command 2>&1 | wc -l) == 1)) || { echo "FAIL: $command says more than one sentence"; failed=1; }
done
exit $failed
