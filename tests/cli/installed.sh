#!/usr/bin/env bash
# installed.sh BUILD SOURCE CXX FLAGS: installs the build into a folder of its own; the command, its completions and its
# manual page are there, and the examples find the libraries, build and run.
set -euo pipefail
build=$1 source=$2 compiler=$3 flags=$4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
prefix=$folder/usr

for part in program development; do cmake --install "$build" --prefix "$prefix" --component $part >/dev/null; done
ithaca=$prefix/bin/ithaca
share=$prefix/share
cmp "$share/bash-completion/completions/ithaca" <("$ithaca" completion bash)
cmp "$share/zsh/vendor-completions/_ithaca" <("$ithaca" completion zsh)
cmp "$share/fish/vendor_completions.d/ithaca.fish" <("$ithaca" completion fish)
cmp "$share/man/man1/ithaca.1" <("$ithaca" man)
if grep -rlF "$source/" "$prefix/lib/cmake" "$prefix/include"; then echo "name the source tree"; exit 1; fi

cmake -S "$source/examples" -B "$folder/build" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$compiler" \
  -DCMAKE_CXX_FLAGS="$flags" -DCMAKE_CXX_COMPILER_LAUNCHER= >"$folder/log" || { cat "$folder/log"; exit 1; }
cmake --build "$folder/build" >"$folder/log" || { cat "$folder/log"; exit 1; }
"$folder/build/embed_planner" | tee "$folder/plan"
"$folder/build/add_strategy"

# The library's best layout is the command's.
goal=(--cheapest --memory-margin 5%)
best=$("$ithaca" plan --model llama3-8b --cluster dgx-h100 --gpus [32,64] --seq 1Mi "${goal[@]}" --json |
  sed -nE '/"rows"/,$s/.*"strategy": "([a-z_]+)".*/\1/p' | head -n 1)
sed -n 2p "$folder/plan" | grep -q " $best "
