#!/usr/bin/env bash
# run.sh WHAT: analyses that take minutes and that CI leaves out. Exit status 1: something was found; 77: the tool is not
# installed (apt-get install cppcheck, valgrind, clang-tidy-14).
#   cppcheck           the sources, but for what cppcheck.txt lists
#   valgrind PROGRAM   memory of the command, built without sanitizers
#   threads            what runs on several threads under ThreadSanitizer (preset threads)
#   tidy               every file through clang-tidy (preset tidy)
set -euo pipefail
cd "$(dirname "$0")/../.."

needs() { command -v "$1" >/dev/null || { echo "$1 is not installed: skipped"; exit 77; }; }

under_valgrind() {  # under_valgrind PROGRAM WORDS...: refusals and mistakes are answers too
  local status=0
  valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite "$@" >/dev/null || status=$?
  case $status in
    0 | 2 | 3) echo "clean: ${*:2}" ;;
    *) echo "exit $status: ${*:2}"; exit 1 ;;
  esac
}

case ${1-} in
  cppcheck)
    needs cppcheck
    cppcheck --std=c++20 --language=c++ --enable=warning,performance,portability --inline-suppr \
      --suppress=missingIncludeSystem --suppressions-list=tests/analysis/cppcheck.txt --error-exitcode=1 -I. -q \
      --template='{file}:{line}: {id}: {message}' model sim configs cli validate benchmarks
    ;;
  valgrind)
    needs valgrind
    job=(--model llama3-8b --cluster dgx-h100 --gpus 16 --seq 64Ki)
    under_valgrind "$2" compare "${job[@]}" --explain
    under_valgrind "$2" compare "${job[@]}" --phase decode --batch 4 --json
    under_valgrind "$2" plan "${job[@]}" --fastest
    under_valgrind "$2" sweep --model llama3-8b --cluster dgx-h100 --set gpus=8..32*2 --set seq=[8Ki,64Ki] --csv
    under_valgrind "$2" simulate step "${job[@]}" --strategy usp --straggler gpu1=1.2x
    under_valgrind "$2" simulate collective all_to_all --cluster dgx-h100 --gpus 16 --sizes 1MiB
    under_valgrind "$2" inspect --cluster dgx-h100 --gpus 16
    under_valgrind "$2" compare --modl llama3-8b
    ;;
  threads)
    cmake --preset threads
    cmake --build build/threads
    # Some kernels put programs where GCC 12's ThreadSanitizer keeps its shadow.
    setarch "$(uname -m)" -R ctest --test-dir build/threads -LE 'lint|install|notebook|browser' --output-on-failure \
      --parallel "$(nproc)"
    ;;
  tidy)
    needs clang-tidy-14
    cmake --preset tidy
    cmake --build --preset tidy
    ;;
  *)
    sed -n '2,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//'
    exit 2
    ;;
esac
