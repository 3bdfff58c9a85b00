#!/usr/bin/env bash
# types.sh ROOT: no two headers define a type of the same name in the same namespace. Where two files of a program see
# one each, the linker keeps either's functions for both, and the program crashes.
set -uo pipefail
cd "$1" || exit 1
find . -path './build*' -prune -o -name '*.hpp' -print | sort | xargs awk '
  /^namespace [A-Za-z_:]+ [{]/ { space = $2 }
  /^(struct|class|union|enum class|enum struct|enum) [A-Za-z_]/ && !/^[a-z ]+ [A-Za-z_0-9]+;/ && !template {
    line = $0
    sub(/^(enum class|enum struct|struct|class|union|enum) /, "", line)
    match(line, /^[A-Za-z_0-9]+/)
    name = space "::" substr(line, 1, RLENGTH)
    file = substr(FILENAME, 3)
    if (name in seen && seen[name] != file) {
      print file ":" FNR ": " seen[name] " defines a type " name " too: rename one"
      bad = 1
    }
    seen[name] = file
  }
  { template = /^template <>/ }  # a specialisation of another header
  END { exit bad }'
