#!/bin/sh
# SPDX-License-Identifier: MIT
# Every BLAS that Debian has, on Debian 12:
#
#   sh tests/blas.sh   for the reference BLAS, OpenBLAS and BLIS, each with threads of its own and with OpenMP: builds the
#                      library with it, runs the tests that reach it, and compares the Parzen scores of all
#
# Builds into build/blas. The libraries are unpacked into build/blas-root, not installed, so that the system's own stay
# as they are. Exit status 0 means that everything passed, or that a line "SKIPPED: <why>" says what could not be had.
set -u
cd "$(dirname "$0")/.." || exit 1
root=$(pwd)
. "$root/cmake/install-packages.sh"

# Scores are sums of exponentials of float products: how far two libraries may be apart, relative to the score.
tolerance=1e-6

variants='blas openblas-pthread openblas-openmp blis-pthread blis-openmp'
libraries='libblas3 libblas-dev libopenblas0-pthread libopenblas-pthread-dev libopenblas0-openmp libopenblas-openmp-dev
  libblis4-pthread libblis-pthread-dev libblis4-openmp libblis-openmp-dev'

skip() {
  echo
  echo "SKIPPED: $1"
  echo "Only this computer's BLAS has been tested."
  exit 0
}
for tool in cmake apt-get dpkg; do
  command -v $tool >/dev/null || skip "there is no $tool"
done
install_packages gcc g++ cmake make libcmocka-dev librandom123-dev libjansson-dev zlib1g-dev libpng-dev libgfortran5 ||
  skip "a package could not be installed, see above"
unpacked=$root/build/blas-root
mkdir -p "$root/build" || exit 1
if [ ! -e "$unpacked/complete" ]; then
  rm -rf "$unpacked"
  mkdir -p "$unpacked/archives" || exit 1
  # shellcheck disable=SC2086  # words
  (cd "$unpacked/archives" && apt-get -q -o APT::Sandbox::User=root download $libraries) >"$root/build/blas.log" 2>&1 &&
    for archive in "$unpacked"/archives/*.deb; do dpkg -x "$archive" "$unpacked"; done &&
    : >"$unpacked/complete" || { tail -n 20 "$root/build/blas.log"; skip "the libraries could not be had, see above"; }
fi
libdir=$(dirname "$(find "$unpacked/usr/lib" -type d -name openblas-openmp)")
include=$(dirname "$(find "$unpacked/usr/include" -type d -name openblas-openmp)")
mkdir -p "$include/blas" && cp "$include/cblas-netlib.h" "$include/blas/cblas.h" || exit 1
cp "$include/cblas_mangling.h" "$include/blas/" || exit 1 # which that one includes

build=$root/build/blas
jobs=$(nproc 2>/dev/null || echo 2)
tests='evaluate memory allocator pair metrics threads'
targets="vpf_shared train_mnist vpf $(echo "$tests" | sed 's/[a-z]*/api_&_test/g')"
scores=$root/build/blas-scores.txt
model=$root/build/blas-model
failed=0
: >"$scores"
for variant in $variants; do
  echo "== $variant"
  # libblas.so of each has the C interface too. Only what includes cblas.h, and the linking, is done again.
  # shellcheck disable=SC2086  # words
  {
    cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -Dvpf_cblas_INCLUDE="$include/$variant" \
      -Dvpf_cblas_LIBRARY="$libdir/$variant/libblas.so" -DCMAKE_BUILD_RPATH="$libdir/$variant" &&
      cmake --build "$build" -j "$jobs" --target $targets
  } >"$build.log" 2>&1 || { tail -n 40 "$build.log"; echo "$variant: does not build"; failed=1; continue; }
  loaded=$(ldd "$build/lib/libvpf.so" | sed -n 's/.*libblas\.so\.3 => \(.*\) (0x.*/\1/p')
  [ "$loaded" = "$libdir/$variant/libblas.so.3" ] || { echo "$variant: what runs is $loaded"; failed=1; continue; }
  ctest --test-dir "$build" -j "$jobs" --output-on-failure -R "^api/($(echo "$tests" | tr ' ' '|'))_test\$" >"$build.log" 2>&1 ||
    { tail -n 60 "$build.log"; echo "$variant: tests fail"; failed=1; continue; }
  grep 'tests passed' "$build.log"
  [ -e "$model/model.safetensors" ] ||
    "$build/examples/train_mnist" --data "$root/examples/sample" --epochs 3 --out "$model" >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
  "$build/examples/vpf" evaluate "$model/model.safetensors" --data "$root/examples/sample" --limit 1500 --quick --parts parzen \
    --out "$build.json" >"$build.log" 2>&1 || { tail -n 20 "$build.log"; echo "$variant: vpf evaluate fails"; failed=1; continue; }
  # All means of the report, in its order.
  grep -o '"mean": [-0-9.e+]*' "$build.json" | tr -d '",' | tr '\n' ' ' | sed "s/^/$variant /; s/mean: //g; s/ *$/\n/" >>"$scores"
done

awk -v tolerance="$tolerance" -v wanted="$(echo "$variants" | wc -w)" '
  NF < 2 { print "no scores of " $1; bad = 1 }
  NR == 1 { for (k = 2; k <= NF; k++) first[k] = $k; fields = NF }
  NF != fields { print $1 ": another number of scores"; bad = 1 }
  { for (k = 2; k <= NF; k++) {
      difference = ($k - first[k]) / (first[k] < 0 ? -first[k] : first[k])
      if (difference < 0) difference = -difference
      if (difference > largest) largest = difference
      if (difference > tolerance) { print $1 ": score " $k " beside " first[k]; bad = 1 } } }
  END {
    if (NR != wanted) { print NR " of " wanted " libraries have scores"; bad = 1 }
    printf "%d scores of %d libraries; the largest relative difference is %.1e, allowed are %g\n", fields - 1, NR, largest, tolerance
    exit bad }' "$scores" || failed=1
if [ $failed -eq 0 ]; then echo "All passed."; else echo "Something failed; see above."; fi
exit $failed
