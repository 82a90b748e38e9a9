#!/bin/sh
# SPDX-License-Identifier: MIT
# install_test.sh <build folder>: install, move the prefix, and be its user: C, C++ by vpf.h and by vpf.hpp, shared and static, by pkg-config and by find_package; wrong versions are refused.
set -eu
LC_ALL=C
export LC_ALL
unset LD_LIBRARY_PATH PKG_CONFIG_PATH CMAKE_PREFIX_PATH DESTDIR 2>/dev/null || :
here=$(cd "$(dirname "$0")" && pwd)
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

# Nobody may find the library where it was built or first installed. (pkg-config cannot quote a
# space in a path, so only the CMake consumers below get one.)
quietly cmake --install "$build" --prefix "$scratch/first"
mv "$scratch/first" "$scratch/moved"
prefix=$scratch/moved
libdir=$(dirname "$(find "$prefix" -name libvpf.a)")
echo "installed in $libdir and moved"

if grep -rlF -e "$source" -e "$build" -e "$scratch" "$prefix" --include='*.pc' --include='*.cmake' >"$log"; then
  fail "files that know where they were built"
fi
sed -n 's/^vpf_[a-z0-9]*_LIBRARY:[A-Z]*=//p' "$build/CMakeCache.txt" >"$scratch/libraries"
if grep -rlF -f "$scratch/libraries" "$prefix" --include='*.pc' --include='*.cmake' >"$log"; then
  fail "files that know where this computer keeps other libraries"
fi
readelf -d "$libdir/libvpf.so" >"$log"
grep -q 'SONAME.*\[libvpf\.so\.1\]' "$log" || fail "the soname is not libvpf.so.1"
# (clang adds the folder of its OpenMP; what must not be there is ours.)
if grep -E 'RPATH|RUNPATH' "$log" | grep -qF -e "$source" -e "$build" -e "$scratch"; then fail "a run path"; fi
for link in libvpf.so libvpf.so.1; do [ -L "$libdir/$link" ] || fail "$link is not a link"; done
(cd "$source/include" && find . -name '*.h' -o -name '*.hpp' | sort) >"$scratch/headers"
(cd "$prefix/include" && find . -type f | sort) | diff "$scratch/headers" - || fail "headers are not all installed"
[ -n "$(find "$prefix" -name LICENSE)" ] || fail "no LICENSE"

# What was installed can be taken away again, from a prefix with things of others in it.
quietly cmake --install "$build" --prefix "$scratch/third"
echo other >"$scratch/third/include/other.h"
quietly cmake --build "$build" --target uninstall
[ "$(find "$scratch/third" ! -type d)" = "$scratch/third/include/other.h" ] || fail "uninstall left files behind, or took too many"
find "$scratch/third" -name '*vpf*' >"$log"
[ ! -s "$log" ] || fail "uninstall left folders behind"
if cmake --build "$build" --target uninstall >"$log" 2>&1; then fail "uninstall of nothing"; fi
# A note of what was installed that cannot be written over, as root's cannot by a user, is in nobody's way.
ln -s "$scratch/nowhere/manifest" "$build/install_manifest.txt"
quietly cmake --install "$build" --prefix "$scratch/fourth"
quietly cmake --build "$build" --target uninstall
[ -z "$(find "$scratch/fourth" ! -type d)" ] || fail "uninstall after a stale note left files behind"
echo "ok: uninstall"

# The program works, and links the shared library exactly if it was asked to.
run() { # run <program> <shared|static> <what>
  rm -f "$scratch/model.safetensors"
  LD_LIBRARY_PATH=${run_path-} "$1" "$scratch/model.safetensors" >"$log" 2>&1 || fail "running: $3"
  if readelf -d "$1" | grep -q 'NEEDED.*libvpf'; then linked=shared; else linked=static; fi
  [ $linked = "$2" ] || fail "$3 was linked $linked"
  echo "ok: $3"
}

export PKG_CONFIG_PATH="$libdir/pkgconfig"
[ "$(pkg-config --modversion vpf)" = "$(sed -n 's/^Version: //p' "$libdir/pkgconfig/vpf.pc")" ] || fail "modversion"
for source_file in c/consumer.c cpp/consumer.cpp cpp/owners.cpp; do
  case $source_file in *.c) compiler=$CC standard=c11 ;; *) compiler=$CXX standard=c++17 ;; esac
  for kind in shared static; do
    if [ $kind = shared ]; then
      libs=$(pkg-config --libs vpf)
    else # both libraries are there, so name the archive
      libs=$(pkg-config --static --libs vpf | sed 's/-lvpf/-l:libvpf.a/')
    fi
    # shellcheck disable=SC2046,SC2086  # flags are words
    quietly "$compiler" -std=$standard -Wall -Wextra -Wpedantic -Werror -o "$scratch/consumer" \
      "$here/$source_file" $(pkg-config --cflags vpf) $libs
    run_path=$libdir run "$scratch/consumer" $kind "$source_file, $kind, pkg-config"
  done
done
unset PKG_CONFIG_PATH

# find_package, from a prefix with a space in its name.
mv "$prefix" "$scratch/moved again"
prefix="$scratch/moved again"
for language in c cpp; do
  for kind in shared static; do
    quietly cmake --fresh -S "$here/$language" -B "$scratch/b" -DCMAKE_PREFIX_PATH="$prefix" -DKIND=$kind
    quietly cmake --build "$scratch/b"
    for program in consumer owners; do
      [ $language$program = cowners ] || run "$scratch/b/$program" $kind "$language/$program, $kind, find_package"
    done
  done
done
for choice in ON:shared OFF:static; do
  quietly cmake --fresh -S "$here/c" -B "$scratch/b" -DCMAKE_PREFIX_PATH="$prefix" -DKIND=vpf -DBUILD_SHARED_LIBS=${choice%:*}
  quietly cmake --build "$scratch/b"
  run "$scratch/b/consumer" ${choice#*:} "vpf::vpf with BUILD_SHARED_LIBS=${choice%:*}"
done

# The version that is there is accepted (above), older and newer wishes are not.
for wanted in 0.9 1.99 2.0; do
  if cmake --fresh -S "$here/c" -B "$scratch/b" -DCMAKE_PREFIX_PATH="$prefix" -DWANTED=$wanted >"$log" 2>&1; then
    fail "find_package(vpf $wanted) was accepted"
  fi
  tr -s ' \n' '  ' <"$log" | grep -q "compatible with requested version \"$wanted\"" || fail "vpf $wanted: another error"
  echo "ok: find_package(vpf $wanted) is refused"
done
