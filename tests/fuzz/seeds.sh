#!/usr/bin/env bash
# seeds.sh NAME FOLDER: what a fuzzer begins with. Prints folders of the repository that have such files, and FOLDER, where
# it writes what the tests have in their texts.
set -euo pipefail
export OUT=$2
mkdir -p "$OUT"
cd "$(dirname "$0")/../.."
t=tests/configs

literals() {  # literals TESTS...: what the tests have as raw strings, one file each
  perl -0777 -ne 'while (/R"(\w*)\((.*?)\)\1"/sg) { open my $out, ">", sprintf("%s/%s-%d", $ENV{OUT}, $ARGV =~ s{.*/}{}r, $n++); print $out $2 }' "$@"
}

case $1 in
  cluster) literals $t/load_cluster_test.cpp; echo hw_profiles/clusters "$OUT" ;;
  gpu) literals $t/load_gpu_test.cpp; echo hw_profiles/gpus "$OUT" ;;
  model) literals $t/hugging_face_test.cpp $t/released_models_test.cpp $t/load_model_test.cpp $t/hostile_test.cpp; echo configs/models "$OUT" ;;
  kernels) literals $t/load_kernels_test.cpp $t/load_attention_test.cpp
    echo hw_profiles/kernels validate/data validate/references "$OUT" ;;
  profile) literals $t/load_profile_test.cpp; echo hw_profiles/kernels "$OUT" ;;
  runs) literals $t/load_runs_test.cpp $t/run_*_test.cpp; echo validate/references "$OUT" ;;
  sweep) literals $t/load_sweep_test.cpp; echo configs/sweeps "$OUT" ;;
  collectives) literals $t/load_collectives_test.cpp $t/nccl_tests_*_test.cpp $t/collective_table_test.cpp
    echo validate/data/collectives "$OUT" ;;
  topology) literals $t/nccl_topology_test.cpp $t/graphml_test.cpp $t/xml_document_test.cpp; echo "$OUT" ;;
  matrix) literals $t/topo_matrix_test.cpp $t/device_table_test.cpp; echo "$OUT" ;;
  fabric) literals $t/load_fabric_test.cpp $t/fabric_graph_test.cpp $t/graphml_test.cpp $t/topo_matrix_test.cpp \
    $t/nccl_topology_test.cpp; echo "$OUT" ;;
  flows) literals $t/load_flows_test.cpp; echo "$OUT" ;;
  lengths) printf '# a corpus\n512 1Ki*2\n\n2048, 77\n' >"$OUT/list"; echo "$OUT" ;;
  quantities)
    for word in 80GiB 7.1us 400Gbps 1.979PFLOPS 128Ki 15T 2.99USD '0.1%' 1.2x '1KiB..1GiB*4' '[8,16]' 8..64+8 1..2+0.25; do
      printf %s "$word" >"$OUT/${word//[^A-Za-z0-9]/_}"
    done
    echo "$OUT" ;;
  command_line)
    for line in 'compare --model llama3-8b --cluster dgx-h100 --gpus 64 --seq 1Mi' 'inspect --model llama3-8b' 'man' \
      'plan --model llama3-8b --cluster dgx-h100 --gpus 8..64*2 --longest --seq 1Mi' 'compare --help' \
      'simulate collective all_reduce --cluster dgx-h100 --gpus 8 --sizes 1KiB..1GiB*4' 'sweep crossover --dry-run'; do
      printf %s "${line// /$'\n'}" >"$OUT/$(cksum <<<"$line" | cut -d' ' -f1)"
    done
    echo "$OUT" ;;
esac
