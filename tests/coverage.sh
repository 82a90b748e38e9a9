#!/bin/sh
# SPDX-License-Identifier: MIT
# Which lines of lib/ the tests run:
#
#   sh tests/coverage.sh            builds into build/coverage, runs the tests, compares
#   sh tests/coverage.sh --compare  compares what the last run left there
#
# Prints each file and every line that is not run, and which justifications are no longer needed. Fails if a test fails,
# if fewer than 95 % of the lines are run, or if one that is not has no justification in docs/coverage.md. Some minutes.
#
# unit/kernels_test runs every set of kernels that this processor has, beside the reference; NEON's are not built here.
set -u
cd "$(dirname "$0")/.." || exit 1
root=$(pwd)
build=$root/build/coverage
jobs=$(nproc 2>/dev/null || echo 2)

case ${1-} in
'')
  # shellcheck source=cmake/install-packages.sh
  . "$root/cmake/install-packages.sh"
  install_packages gcc g++ cmake make libcmocka-dev librandom123-dev libjansson-dev zlib1g-dev libopenblas-dev \
    libpng-dev gcovr || exit 1
  mkdir -p "$root/build" || exit 1
  {
    cmake --fresh -S "$root" -C "$root/cmake/init/coverage.cmake" -B "$build" -DVPF_BUILD_EXAMPLES=OFF &&
      cmake --build "$build" -j "$jobs"
  } >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
  find "$build" -name '*.gcda' -delete
  # Without those that ask how good or how large something is: what they run others run too, and faster.
  ctest --test-dir "$build" -j "$jobs" -L 'unit|api|crash' -LE 'script|slow' -E api/memory_test --output-on-failure || exit 1
  ;;
--compare) ;;
*) echo "usage: sh tests/coverage.sh [--compare]" >&2; exit 2 ;;
esac

gcovr --root "$root" --filter "$root/lib/" --json "$build/coverage.json" --txt "$build/coverage.txt" "$build/lib" || exit 1
python3 "$root/tests/support/coverage.py" "$root" "$build/coverage.json" 95
