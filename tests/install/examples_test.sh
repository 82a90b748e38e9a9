#!/bin/sh
# SPDX-License-Identifier: MIT
# examples_test.sh <build folder>: install, take the examples elsewhere, and build them there as a person would: all
# of them by CMake, the small ones by one line each. They are short, and examples/README.md speaks of every one.
set -eu
LC_ALL=C
export LC_ALL
unset LD_LIBRARY_PATH PKG_CONFIG_PATH CMAKE_PREFIX_PATH DESTDIR 2>/dev/null || :
build=$(cd "$1" && pwd)

from_cache() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }
source=$(from_cache CMAKE_HOME_DIRECTORY)
CC=$(from_cache CMAKE_C_COMPILER)
CXX=$(from_cache CMAKE_CXX_COMPILER)
export CC CXX

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
log=$scratch/log
fail() {
  echo "FAILED: $*"
  [ ! -s "$log" ] || cat "$log"
  exit 1
}
quietly() { "$@" >"$log" 2>&1 || fail "$*"; }

# ---- What a reader sees ----

small='minimal ising rbm dbm_intra own_loop resume progress_cancel own_allocator'
larger='vpf train_mnist reproduce'
for file in "$source"/examples/*.c "$source"/examples/*.cpp "$source"/examples/*.sh "$source"/examples/python/*.py \
  "$source"/examples/*/reproduce.c; do
  [ ! -e "$file" ] || grep -q -F "$(basename "$file")\`" "$source/examples/README.md" ||
    fail "examples/README.md does not name $(basename "$file")"
done
for folder in "$source"/examples/*/; do
  grep -q -F "\`$(basename "$folder")/\`" "$source/examples/README.md" ||
    fail "examples/README.md does not name the folder $(basename "$folder")"
done
for name in $small; do
  lines=$(wc -l <"$source/examples/$name.c")
  [ "$lines" -lt 120 ] || fail "$name.c has $lines lines: it is no longer one idea"
  head -n 1 "$source/examples/$name.c" | grep -q 'SPDX-License-Identifier: MIT' || fail "$name.c has no licence"
  others=$(sed -n 's/^#include *//p' "$source/examples/$name.c" | grep -v -e '^<vpf\.h>$' -e '^<std' \
    -e '^<string\.h>$' -e '^<signal\.h>$' || :)
  [ -z "$others" ] || fail "$name.c includes more than the library and standard C: $others"
done
echo "ok: short, self-contained and in the list"

# ---- CMake, elsewhere ----

quietly cmake --install "$build" --prefix "$scratch/prefix"
elsewhere="$scratch/of my own/examples"
mkdir "$scratch/of my own"
cp -R "$source/examples" "$elsewhere"
cd "$scratch/of my own"
quietly cmake -S examples -B b -DCMAKE_PREFIX_PATH="$scratch/prefix"
quietly cmake --build b -j 2
for name in $small $larger; do [ -x "b/$name" ] || fail "CMake does not build $name"; done
if grep -F "$source" b/CMakeCache.txt >"$log"; then fail "the copy looks back at where it came from"; fi
quietly ./b/rbm examples/sample/train-images-idx3-ubyte.gz
quietly ./b/vpf sample rbm.safetensors --out pictures.png
[ -s pictures.png ] || fail "no pictures of what rbm has saved"
echo "ok: by CMake"

# Without libpng, all that does not need it.
quietly cmake -S examples -B bare -DCMAKE_PREFIX_PATH="$scratch/prefix" -Dvpf_png_LIBRARY=OFF
for name in $larger; do
  grep -q "$name is left out: there is no" "$log" || fail "nothing is said of $name, which is left out"
done
quietly cmake --build bare --target minimal
for name in $larger; do
  if cmake --build bare --target help | grep -q "^\.\.\. $name\$"; then fail "$name without libpng"; fi
done
echo "ok: by CMake without libpng"

# ---- One line ----

PKG_CONFIG_PATH=$(dirname "$(find "$scratch/prefix" -name vpf.pc)")
export PKG_CONFIG_PATH
cd "$elsewhere"
for name in $small; do
  # shellcheck disable=SC2046  # flags are words
  quietly "$CC" -std=c11 -Wall -Wextra -Wpedantic -Werror "$name.c" -o "$scratch/$name" $(pkg-config --cflags --libs vpf)
done
LD_LIBRARY_PATH=$(pkg-config --variable=libdir vpf)
export LD_LIBRARY_PATH
cd "$scratch"
quietly ./minimal
[ -s minimal.safetensors ] || fail "minimal saves nothing"
quietly ./resume
grep -q 'identical$' "$log" || fail "resume"
echo "ok: by one line"
