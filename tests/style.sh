#!/bin/sh
# SPDX-License-Identifier: MIT
# sh tests/style.sh [--tidy] [FILE...]: what has one answer in the style of this repository, over all files that git knows
# or those that are named: blanks at ends of lines, tabs, a line feed at the end, the licence in every source, the length of
# lines; shell scripts by shellcheck. --tidy: lib/ by clang-tidy too (.clang-tidy), which takes a minute.
set -u
cd "$(dirname "$0")/.." || exit 1
tidy=no
if [ "${1-}" = --tidy ]; then tidy=yes; shift; fi
failed=0
if [ $# -gt 0 ]; then list=$(printf '%s\n' "$@"); else list=$(git ls-files); fi
[ -n "$list" ] || { echo "SKIPPED: git knows no files here"; exit 0; }
# Not ours to lay out: files that programs read and compare, byte for byte or by hand.
list=$(printf '%s\n' "$list" | grep -vE '^tests/(data|fuzz/corpus)/|\.(png|svg|gz|xml|safetensors|idx)$|^tests/abi/1\.0/vpf\.h$')

# complain <what> <pattern of names> <awk program that prints what is wrong>
complain() {
  found=$(printf '%s\n' "$list" | grep -E "$2" | while read -r file; do
    [ -f "$file" ] && awk -v file="$file" "$3" "$file"
  done)
  [ -z "$found" ] || { printf '%s:\n%s\n' "$1" "$found"; failed=1; }
}
sources='\.(c|h|hpp|cpp|sh|py|cmake)$|CMakeLists\.txt$|^\.ci/run$|^\.githooks/'
complain "blanks at the end of a line" '.' '/[ \t]$/ { print "  " file ":" FNR }'
complain "tabs" "$sources|\.md$" '/\t/ { print "  " file ":" FNR }'
complain "without a licence" '\.(c|h|hpp|cpp|sh|py|cmake)$|CMakeLists\.txt$' \
  'FNR <= 2 && /SPDX-License-Identifier: MIT/ { found = 1 } END { if (!found) print "  " file }'
# 120 is the measure; some signatures and messages read better with a few more.
complain "lines far over 120 characters" '^(lib|include)/' 'length($0) > 128 { print "  " file ":" FNR ": " length($0) }'
complain "lines over 150 characters" '\.(c|h|hpp|cpp|cmake)$' 'length($0) > 150 { print "  " file ":" FNR ": " length($0) }'
complain "comments of C++ in C" '^(lib|include|examples|tests)/.*\.[ch]$' \
  '/^[ \t]*\/\// { print "  " file ":" FNR }'
for file in $list; do
  if [ -s "$file" ] && [ -n "$(tail -c 1 "$file")" ]; then
    echo "no line feed at the end of $file"
    failed=1
  fi
done

if command -v shellcheck >/dev/null; then
  scripts=$(printf '%s\n' "$list" | grep -E '\.sh$|^\.githooks/|^\.ci/run$')
  # What is off: words that are split on purpose, sourced files, A && B || C as a short if.
  # shellcheck disable=SC2086  # words
  [ -z "$scripts" ] || shellcheck -S style -e SC1090,SC1091,SC2015,SC2016,SC2086,SC2317 $scripts || failed=1
else
  echo "SKIPPED: no shellcheck"
fi

if [ $tidy = yes ]; then
  if command -v clang-tidy >/dev/null; then
    cmake -S . -B build/tidy -DCMAKE_C_COMPILER=clang -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DVPF_BUILD_TESTS=OFF \
      -DVPF_BUILD_EXAMPLES=OFF >build/tidy.log 2>&1 || { cat build/tidy.log; exit 1; }
    git ls-files 'lib/*.c' | grep -v kernels_neon |
      xargs -P "$(nproc 2>/dev/null || echo 2)" -n 8 clang-tidy -p build/tidy --quiet >build/tidy.log 2>/dev/null ||
      { grep -E 'error:|warning:' build/tidy.log; failed=1; }
  else
    echo "SKIPPED: no clang-tidy"
  fi
fi
[ $failed -ne 0 ] || echo "ok: the style"
exit $failed
