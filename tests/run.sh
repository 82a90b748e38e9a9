#!/bin/sh
# SPDX-License-Identifier: MIT
# All tests, from nothing, on Debian 12:
#
#   sh tests/run.sh          installs what is missing, then: gcc Release, gcc with ASan and UBSan, clang (C17),
#                            ThreadSanitizer, fuzz targets, every BLAS, the unit tests under valgrind, and tests
#                            on emulated ARM and s390x
#   sh tests/run.sh --quick  gcc Release only
#
# Builds into build/. Exit status 0 means that everything passed.
set -u
cd "$(dirname "$0")/.." || exit 1
root=$(pwd)
. "$root/cmake/install-packages.sh"

quick=no
case ${1-} in
'') ;;
--quick) quick=yes ;;
*) echo "usage: sh tests/run.sh [--quick]" >&2; exit 2 ;;
esac

jobs=$(nproc 2>/dev/null || echo 2)
summary=
failed=0

# step <name> <command>...: run it, remember how it went.
step() {
  name=$1
  shift
  echo
  echo "==== $name"
  begin=$(date +%s)
  if "$@"; then verdict=ok; else verdict=FAILED failed=1; fi
  summary="$summary
  $(printf '%-6s %4ds  %s' "$verdict" $(($(date +%s) - begin)) "$name")"
}

# build_and_test <folder> <option of ctest that selects tests> <its pattern> <CMake options>...
build_and_test() {
  folder=$root/build/$1 option=$2 pattern=$3
  shift 3
  cmake --fresh -S "$root" -B "$folder" "$@" >"$folder.log" 2>&1 || { cat "$folder.log"; return 1; }
  cmake --build "$folder" -j "$jobs" >"$folder.log" 2>&1 || { cat "$folder.log"; return 1; }
  ctest --test-dir "$folder" -j "$jobs" --output-on-failure "$option" "$pattern"
}

# The unit tests of a build under valgrind, two at a time; slow ones are left out.
memcheck() {
  tests=$(ctest --test-dir "$1" -N -L unit -LE 'slow|script' | sed -n 's/^ *Test *#[0-9]*: *//p')
  [ -n "$tests" ] || { echo "no unit tests in $1"; return 1; }
  echo "$tests" | xargs -P "$jobs" -n 1 sh "$root/tests/support/memcheck.sh" "$1"
}

packages='gcc g++ cmake make pkg-config libcmocka-dev librandom123-dev libjansson-dev zlib1g-dev
  libopenblas-dev libpng-dev python3 python3-numpy python3-matplotlib python3-sklearn gnuplot-nox valgrind
  dataset-fashion-mnist chromium abigail-tools doxygen help2man dpkg-dev fakeroot lintian'
if [ $quick = no ]; then packages="$packages clang libomp-dev libclang-rt-14-dev shellcheck"; fi
# shellcheck disable=SC2086  # words
install_packages $packages || exit 1
mkdir -p "$root/build" || exit 1

step "style" sh "$root/tests/style.sh"
# -g changes no code; it lets valgrind name lines.
step "gcc, Release: build, tests" \
  build_and_test release -LE none -DCMAKE_C_COMPILER=gcc -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS=-g
if [ $quick = no ]; then
  step "gcc, Debug, AddressSanitizer and UndefinedBehaviorSanitizer: build, tests" \
    build_and_test sanitize -LE none -C "$root/cmake/init/asan.cmake" -DCMAKE_C_COMPILER=gcc -DCMAKE_CXX_COMPILER=g++
  # What reads documents and tables, judges estimates, or tries the Python binding does not depend on the compiler.
  step "clang, C17, Release: build, tests" \
    build_and_test clang -LE 'docs|bench|zoo|python' -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_STANDARD=17
  step "clang, ThreadSanitizer: build, tests of threads and training" \
    build_and_test tsan -R 'api/(threads|train|infer|sample|gibbs|cpp|unload)_test' -C "$root/cmake/init/tsan.cmake" \
    -DVPF_BUILD_EXAMPLES=OFF
  step "fuzz targets, ten seconds each" sh "$root/tests/fuzz/run.sh" --quick
  step "every BLAS of Debian, unless skipped" sh "$root/tests/blas.sh"
  step "valgrind: unit tests of the gcc build" memcheck "$root/build/release"
  step "64-bit ARM under emulation, unless skipped: build, tests" sh "$root/tests/emulated.sh" aarch64
  step "big-endian s390x under emulation, unless skipped: build, tests" sh "$root/tests/emulated.sh" s390x
fi

echo
echo "==== Summary$summary"
if [ $failed -eq 0 ]; then echo "All passed."; else echo "Something failed; see above."; fi
exit $failed
