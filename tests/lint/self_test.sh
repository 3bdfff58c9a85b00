#!/usr/bin/env bash
# self_test.sh: each check of this folder passes a good tree and complains about each fault planted in it.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

plant_good_tree() {
  rm -rf "$tree" && mkdir -p "$tree"/{model,configs,validate,cli,tests/model,tests/lint}
  printf '#pragma once\n#include <vector>\n' >"$tree/model/good.hpp"
  printf '#include "model/good.hpp"\n' >"$tree/model/good.cpp"
  printf '#include "cli/main.hpp"\n#include <gtest/gtest.h>\n' >"$tree/tests/model/good_test.cpp"
  printf '#pragma once\n#include "validate/good.hpp"\n' >"$tree/cli/main.hpp"
  printf '#pragma once\n#include "model/good.hpp"\n' >"$tree/validate/good.hpp"
  printf 'ithaca_tests(model SOURCES good_test.cpp)\n' >"$tree/tests/model/CMakeLists.txt"
  printf 'See `model/good.hpp`.\n' >"$tree/README.md"
  printf '# path, reason\n' >"$tree/tests/lint/untested.txt"
}

passes() {  # passes CHECK
  "$here/$1" "$tree" >"$tree.out" 2>&1 && return
  echo "FAIL: $1 complains about a good tree:"; cat "$tree.out"; failed=1
}

catches() {  # catches CHECK FILE TEXT COMPLAINT [FILE TEXT]: with TEXT in FILE the check fails and says COMPLAINT
  plant_good_tree
  mkdir -p "$(dirname "$tree/$2")"
  printf '%b' "$3" >"$tree/$2"
  [[ $# -le 4 ]] || printf '%b' "$6" >"$tree/$5"
  if "$here/$1" "$tree" >"$tree.out" 2>&1; then
    echo "FAIL: $1 lets pass: $2: $3"; failed=1
  elif ! grep -qF -- "$4" "$tree.out"; then
    echo "FAIL: $1 does not say '$4' about $2 but:"; cat "$tree.out"; failed=1
  fi
}

plant_good_tree
for check in includes.sh style.sh format.sh tested.sh docs.sh paths.sh types.sh; do
  [[ $check == format.sh ]] && ! command -v clang-format-14 >/dev/null && continue
  passes $check
done

catches includes.sh model/a.cpp '#include "configs/reader/load.hpp"\n' 'model/a.cpp:1: model may not include configs'
catches includes.sh model/a.hpp '\n#  include <iostream>\n' 'model/a.hpp:2: model may not include <iostream>'
catches includes.sh model/a.cpp '#include <fmt/format.h>\n' 'model may not include <fmt/format.h>'
catches includes.sh model/a.cpp '#include "good.hpp"\n' "no file 'good.hpp'"
catches includes.sh model/deep/er/a.cpp '#include "cli/main.hpp"\n' 'model may not include cli'
catches includes.sh configs/a.hpp '#pragma once\n#include <yaml-cpp/yaml.h>\n' 'in a header'
catches includes.sh configs/a.cpp '#include "validate/good.hpp"\n' 'configs may not include validate'
catches includes.sh sim/a.cpp '#include "configs/a.hpp"\n' 'sim may not include configs'
catches includes.sh sim/a.cpp '#include <yaml-cpp/yaml.h>\n' 'sim may not include <yaml-cpp/yaml.h>'
catches includes.sh validate/a.cpp '#include "cli/main.hpp"\n' 'validate may not include cli'
catches includes.sh validate/a.cpp '#include <CLI/CLI.hpp>\n' 'validate may not include <CLI/CLI.hpp>'
catches includes.sh cli/a.cpp '#include <boost/graph/adjacency_list.hpp>\n' 'cli may not include <boost/'
catches includes.sh validate/CMakeLists.txt 'target_link_libraries(x PRIVATE ithaca::cli)\n' 'only the tests may link to cli'
catches includes.sh model/good.cpp '#include <vector>\n#include "model/good.hpp"\n' 'model/good.cpp: include model/good.hpp first'
catches includes.sh hw_profiles/a.cpp '\n' 'hw_profiles/: code in a folder that'
catches types.sh cli/a.hpp '#pragma once\nnamespace ithaca {\nstruct Twice {};\nstruct Only;\n' 'defines a type ithaca::Twice too' 'model/b.hpp' '#pragma once\nnamespace ithaca {\nclass Twice final {};\nstruct Only {};\n'
catches style.sh model/a.cpp "$(printf '%0601d' 0 | sed 's/0/\\n/g')" '601 lines'
catches style.sh model/a.hpp '#pragma once\nusing namespace std;\n' 'using namespace in a header'
catches style.sh model/a.hpp '#include <vector>\n' 'no #pragma once'
catches tested.sh model/a.cpp '\n' 'model/a.cpp: no tests/model/a_test.cpp'
catches tested.sh tests/model/a_test.cpp '\n' 'is in no CMakeLists.txt'
catches tested.sh tests/lint/untested.txt 'model/good.cpp trivial\n' 'has a test: drop the line'
catches tested.sh tests/lint/untested.txt 'model/gone.cpp trivial\n' 'is gone: drop the line'
catches docs.sh README.md '\nSee `model/gone.hpp`.\n' 'README.md:2: model/gone.hpp does not exist'
catches paths.sh README.md 'see /work/notes\n' 'README.md:1'
catches paths.sh README.md 'see ../shared/data\n' 'README.md:1'
if command -v clang-format-14 >/dev/null; then catches format.sh model/a.cpp 'int  x ;\n' 'clang-format-14 -i ./model/a.cpp'; fi

rm -f "$tree.out"
exit $failed
