#!/usr/bin/env bash
# run.sh SECONDS [FUZZER [FOLDER...]]: runs every fuzzer, or one, for so long, from the repository's own files and, where
# given, those in the folders. Needs clang with libFuzzer. What it finds stays in build/fuzz/found; what it has learnt in
# build/fuzz/corpus, which the next run begins with. Exit status 1: something was found.
set -euo pipefail
seconds=${1:?usage: tests/fuzz/run.sh SECONDS [FUZZER [FOLDER...]]}
only=${2-}
shift $(($# < 2 ? $# : 2))
extra=("$@")
cd "$(dirname "$0")/../.."
command -v clang++ >/dev/null || { echo "clang++ is not installed (apt-get install clang): skipped"; exit 77; }
build=$PWD/build/fuzz
[[ -f $build/CMakeCache.txt ]] || cmake --preset fuzz >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
cmake --build "$build" --target "${only:+fuzz_}${only:-ithaca_fuzzers}"

literals() {  # literals NAME TESTS...: what the tests have as raw strings, one file each, in seeds/NAME
  local name=$1
  shift
  mkdir -p "$build/seeds/$name"
  perl -0777 -ne 'while (/R"(\w*)\((.*?)\)\1"/sg) { open my $out, ">", sprintf("%s/%s-%d", $ENV{OUT}, $ARGV =~ s{.*/}{}r, $n++); print $out $2 }' "$@"
}

seeds() {  # seeds NAME: the folders that a fuzzer begins with
  local t=tests/configs
  export OUT=$build/seeds/$1
  case $1 in
    cluster) literals "$1" $t/load_cluster_test.cpp; echo hw_profiles/clusters "$OUT" ;;
    gpu) literals "$1" $t/load_gpu_test.cpp; echo hw_profiles/gpus "$OUT" ;;
    model) literals "$1" $t/hugging_face_test.cpp $t/load_model_test.cpp $t/hostile_test.cpp; echo configs/models "$OUT" ;;
    kernels) literals "$1" $t/load_kernels_test.cpp $t/load_attention_test.cpp
      echo hw_profiles/kernels validate/data validate/references "$OUT" ;;
    profile) literals "$1" $t/load_profile_test.cpp; echo hw_profiles/kernels "$OUT" ;;
    runs) literals "$1" $t/load_runs_test.cpp $t/run_*_test.cpp; echo validate/references "$OUT" ;;
    sweep) literals "$1" $t/load_sweep_test.cpp; echo configs/sweeps "$OUT" ;;
    collectives) literals "$1" $t/load_collectives_test.cpp $t/nccl_tests_*_test.cpp $t/collective_table_test.cpp
      echo validate/data/collectives "$OUT" ;;
    topology) literals "$1" $t/nccl_topology_test.cpp $t/graphml_test.cpp $t/xml_document_test.cpp; echo "$OUT" ;;
    matrix) literals "$1" $t/topo_matrix_test.cpp; echo "$OUT" ;;
    fabric) literals "$1" $t/load_fabric_test.cpp $t/fabric_graph_test.cpp $t/graphml_test.cpp $t/topo_matrix_test.cpp \
      $t/nccl_topology_test.cpp; echo "$OUT" ;;
    flows) literals "$1" $t/load_flows_test.cpp; echo "$OUT" ;;
    lengths) mkdir -p "$OUT"; printf '# a corpus\n512 1Ki*2\n\n2048, 77\n' >"$OUT/list"; echo "$OUT" ;;
    quantities) mkdir -p "$OUT"
      for word in 80GiB 7.1us 400Gbps 1.979PFLOPS 128Ki 15T 2.99USD '0.1%' 1.2x '1KiB..1GiB*4' '[8,16]' 8..64+8 1..2+0.25; do
        printf %s "$word" >"$OUT/${word//[^A-Za-z0-9]/_}"
      done
      echo "$OUT" ;;
    command_line) mkdir -p "$OUT"
      for line in 'compare --model llama3-8b --cluster dgx-h100 --gpus 64 --seq 1Mi' 'inspect --model llama3-8b' 'man' \
        'plan --model llama3-8b --cluster dgx-h100 --gpus 8..64*2 --longest --seq 1Mi' 'compare --help' \
        'simulate collective all_reduce --cluster dgx-h100 --gpus 8 --sizes 1KiB..1GiB*4' 'sweep crossover --dry-run'; do
        printf %s "${line// /$'\n'}" >"$OUT/$(cksum <<<"$line" | cut -d' ' -f1)"
      done
      echo "$OUT" ;;
  esac
}

found=0
mkdir -p "$build/found"
for source in tests/fuzz/*.cpp; do
  name=$(basename "$source" .cpp)
  [[ -z $only || $only == "$name" ]] || continue
  mkdir -p "$build/corpus/$name"
  read -ra folders <<<"$(seeds "$name")"
  size=16384
  [[ $name != quantities ]] || size=256
  echo "== $name"
  "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=512 \
    -max_len=$size -dict=tests/fuzz/words.dict -print_final_stats=1 -verbosity=1 -artifact_prefix="$build/found/$name-" \
    "$build/corpus/$name" "${folders[@]}" "${extra[@]}" </dev/null >"$build/$name.log" 2>&1 || found=1
  grep -E 'ERROR|runtime error|SUMMARY|Test unit written' "$build/$name.log" || true
  grep -E ' cov: ' "$build/$name.log" | tail -1
  grep -E 'number_of_executed_units|peak_rss' "$build/$name.log" || true
done
exit $found
