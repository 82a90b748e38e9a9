#!/bin/sh
# SPDX-License-Identifier: MIT
# header_test.sh <source tree> <C compiler> <C++ compiler>: each public header can be included
# alone, and twice, from strict C11 and C++17.
set -eu
cd "$1/include"
cc=$2
cxx=$3
failed=0

for header in $(find . -name '*.h' | sed 's|^\./||' | sort); do
  program=$(printf '#include <%s>\n#include <%s>\nextern int header_test;\n' "$header" "$header")
  strict='-Wall -Wextra -Wpedantic -Wundef -Wshadow -Werror -fsyntax-only'
  # shellcheck disable=SC2086  # the options are words
  echo "$program" | "$cc" -std=c11 $strict -Wstrict-prototypes -I. -x c - || failed=1
  # shellcheck disable=SC2086
  echo "$program" | "$cxx" -std=c++17 $strict -Wold-style-cast -I. -x c++ - || failed=1
done
exit $failed
