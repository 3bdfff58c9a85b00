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

found=0
mkdir -p "$build/found"
for source in tests/fuzz/*.cpp; do
  name=$(basename "$source" .cpp)
  [[ -z $only || $only == "$name" ]] || continue
  mkdir -p "$build/corpus/$name"
  read -ra folders <<<"$(tests/fuzz/seeds.sh "$name" "$build/seeds/$name")"
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
