#!/usr/bin/env bash
# campaign.sh RUN_ON_GPU: the campaign with a probe that only tells what it is asked for.
set -uo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/nvidia/nccl/lib"
export ITHACA_WHEELS=$folder/nvidia SAID=$folder/said
cat >"$folder/probe" <<'PROBE'
#!/usr/bin/env bash
echo "$LD_LIBRARY_PATH $*" >>"$SAID"
[[ $* != *--family\ attention* ]] || exit 1
PROBE
chmod +x "$folder/probe"
failed=0
expect() { grep -q -- "$1" "$SAID" || { echo "FAIL: no call with '$1' in:"; cat "$SAID"; failed=1; }; }

"$1" campaign "$folder/probe" "$folder/out" kernels nccl >/dev/null || { echo "FAIL: exit $?, not 0"; failed=1; }
expect "nccl/lib.* kernels --model llama3-8b --seq .*--family gemm,streaming,permute"
expect "collectives .*--share-gpu --rank 2 --ranks 3 --meet 127.0.0.1:.* --token"
expect "layers --share-gpu --rank 1 --ranks 2"
[[ $(tar -tzf "$folder/out.tar.gz") == *out/campaign.log* ]] || { echo "FAIL: the results are not packed"; failed=1; }
! "$1" campaign "$folder/probe" "$folder/out" attention >/dev/null || { echo "FAIL: a step that fails is not told"; failed=1; }
grep -q "attention-8: exit 1" "$folder/out/campaign.log" || { echo "FAIL: one failure stops the rest"; failed=1; }
"$1" campaign "$folder/probe" "$folder/out" everything 2>/dev/null
(($? == 2)) || { echo "FAIL: an unknown part is taken"; failed=1; }
exit $failed
