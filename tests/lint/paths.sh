#!/usr/bin/env bash
# paths.sh ROOT: no file names a place that exists on one person's machine only.
set -uo pipefail
cd "$1" || exit 1
hits=$(grep -rnIE --exclude-dir='build*' --exclude-dir=.git --exclude-dir=.cache --exclude=paths.sh --exclude=self_test.sh \
  -e '/work/' -e '(^|[^[:alnum:]_])shared/' -e '/home/[a-z]' -e '/tmp/build' .)
[[ -z $hits ]] || { echo "$hits"; exit 1; }
