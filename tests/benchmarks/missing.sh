#!/usr/bin/env bash
# simgrid.sh says what is missing and exits 77.
set -uo pipefail
script=$(dirname "$0")/simgrid.sh

# expect WORDS VARIABLE=VALUE
expect() {
  local said code
  said=$(env "$2" "$script" 2>&1 > /dev/null)
  code=$?
  [ $code = 77 ] && [ "$said" = "$1" ] || { echo "expected 77 and '$1', got $code and '$said'" >&2; exit 1; }
}
expect "simgrid.sh: SimGrid is missing: install libsimgrid-dev" SIMGRID_LIBRARY=no_such_library
expect "simgrid.sh: no C++ compiler no-such-compiler: install g++" CXX=no-such-compiler
said=$("$script" --nonsense 2>&1 > /dev/null)
[ $? = 2 ] && [ "$said" = "simgrid.sh: unknown option --nonsense" ] || { echo "got '$said'" >&2; exit 1; }
