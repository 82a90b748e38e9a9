#!/bin/sh
# SPDX-License-Identifier: MIT
# header_test.sh <source tree> <C compiler> <C++ compiler>: each public header can be included
# alone, and twice, from strict C11, C++17 and C++20. Those of C++ define nothing that two parts of a
# program could not both have, need no type information, and call every function of the library.
set -eu
LC_ALL=C
export LC_ALL
tree=$(cd "$1" && pwd)
cc=$2
cxx=$3
failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$tree/include"

strict='-Wall -Wextra -Wpedantic -Wundef -Wshadow -Werror'
stricter="$strict -Wconversion -Wsign-conversion -Wold-style-cast"
if "$cxx" -Werror -Wuseless-cast -fsyntax-only -x c++ /dev/null 2>/dev/null; then stricter="$stricter -Wuseless-cast"; fi

# program <header>: what is compiled with it
program() { printf '#include <%s>\n#include <%s>\nextern int header_test;\n' "$1" "$1"; }

# shellcheck disable=SC2086  # the options are words
for header in $(find . -name '*.h' | sed 's|^\./||' | sort); do
  program "$header" | "$cc" -std=c11 $strict -Wstrict-prototypes -fsyntax-only -I. -x c - || failed=1
  program "$header" | "$cxx" -std=c++17 $strict -Wold-style-cast -fsyntax-only -I. -x c++ - || failed=1
done

# shellcheck disable=SC2086
for header in $(find . -name '*.hpp' | sed 's|^\./||' | sort); do
  for standard in c++17 c++20; do
    for part in one two; do
      { program "$header"; echo "int part_$part() { return 0; }"; } >"$scratch/$part.cpp"
      "$cxx" -std=$standard $stricter -fno-rtti -fPIC -I. -c "$scratch/$part.cpp" -o "$scratch/$part.o" || failed=1
    done
    "$cxx" -shared "$scratch/one.o" "$scratch/two.o" -o "$scratch/both.so" || failed=1
  done
done

# Templates are only compiled where they are used.
# shellcheck disable=SC2086
for standard in c++17 c++20; do
  "$cxx" -std=$standard $stricter -fsyntax-only -I. -DVPF_TESTS='""' "$tree/tests/api/cpp_test.cpp" || failed=1
done

grep -vE '^ *(/?\*|//)' vpf.hpp >"$scratch/code"
while read -r function; do
  grep -qE "(^|[^a-z0-9_\"])$function\(" "$scratch/code" || { echo "vpf.hpp does not call $function"; failed=1; }
done <"$tree/tests/abi/exported-symbols.txt"
exit $failed
