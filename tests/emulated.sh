#!/bin/sh
# SPDX-License-Identifier: MIT
# The tests on another processor, which QEMU emulates, on Debian 12:
#
#   sh tests/emulated.sh aarch64        64-bit ARM, with its own kernels
#   sh tests/emulated.sh s390x          IBM Z, whose bytes are in the other order: data, files, the plain C kernels
#   sh tests/emulated.sh aarch64 --all  all tests but scripts; a quarter of an hour. Otherwise the unit tests and
#                                       those of the API that take seconds there; some three minutes with the build
#
# Installs the cross compiler and QEMU if they are missing. Builds into build/<processor>. Its libraries are unpacked into
# build/<processor>-root, not installed, so that they cannot stand in the way of the computer's own. Exit status 0 means
# that everything passed, or that a line "SKIPPED: <why>" says what could not be had.
set -u
cd "$(dirname "$0")/.." || exit 1
root=$(pwd)
. "$root/cmake/install-packages.sh"

# By name, so that a new test is run: those over half a minute each under emulation, of those without the label "slow".
long='api/(ais|allocator|contrast|evaluate|flow|gibbs|ladder|large_weights|likelihood_bound|memory|ptt|reconstruction|safe_likelihood|sample)_test'
long="$long|crash/power_loss_test" # the order of calls to the system, which no processor changes
usage() {
  echo "usage: sh tests/emulated.sh aarch64|s390x [--all]" >&2
  exit 2
}
case ${1-} in
aarch64) debian=arm64 ;;
s390x) # mathematics in floats, which the order of bytes does not reach; 64-bit ARM has them all
  debian=s390x
  long="$long|api/(centred|divergence|metrics|recipe)_test|unit/chain_test" ;;
*) usage ;;
esac
processor=$1
case ${2-} in
'') selection="-LE script|slow -E $long" ;;
--all) selection='-LE script' ;;
*) usage ;;
esac

skip() {
  echo
  echo "SKIPPED: $1"
  echo "Nothing has been tested on $processor."
  exit 0
}

libraries='libcmocka0 libcmocka-dev libjansson4 libjansson-dev zlib1g zlib1g-dev libblas3 libblas-dev librandom123-dev'
multiarch=$processor-linux-gnu
sysroot=$root/build/$processor-root
archives=$root/build/$processor-packages

# apt-get for that processor's packages: the computer's sources and keys, but lists and archives in a folder of our own.
apt_get() {
  apt-get -q -y -o APT::Architecture=$debian -o APT::Architectures::=$debian -o APT::Sandbox::User=root \
    -o Dir::State="$archives" -o Dir::State::status="$archives/status" -o Dir::Cache="$archives" "$@"
}

# What the packages themselves do with links when they are installed, and absolute ones made relative.
link_libraries() {
  ln -s blas/libblas.so "$1/usr/lib/$multiarch/libblas.so" &&
    ln -s blas/libblas.so.3 "$1/usr/lib/$multiarch/libblas.so.3" &&
    ln -s cblas-netlib.h "$1/usr/include/$multiarch/cblas.h" || return 1
  find "$1" -type l -lname '/*' | while read -r link; do
    ln -sfr "$1$(readlink "$link")" "$link" || return 1
  done
}

unpack_libraries() {
  rm -rf "$sysroot" "$sysroot.part" "$archives"
  mkdir -p "$sysroot.part" "$archives/lists/partial" "$archives/archives/partial" && : >"$archives/status" || return 1
  # shellcheck disable=SC2086  # words
  (cd "$archives" && apt_get update && apt_get download $libraries) || return 1
  for archive in "$archives"/*.deb; do
    dpkg -x "$archive" "$sysroot.part" || return 1
  done
  link_libraries "$sysroot.part" && echo "$libraries" >"$sysroot.part/complete" && mv "$sysroot.part" "$sysroot"
}

if [ "$(uname -m)" = "$processor" ]; then skip "this computer is one itself; tests/run.sh tests what it builds"; fi
install_packages cmake make "gcc-$multiarch" "g++-$multiarch" qemu-user-static || skip "a package could not be installed, see above"
for tool in cmake $multiarch-gcc $multiarch-g++ qemu-$processor-static apt-get dpkg; do
  command -v "$tool" >/dev/null || skip "there is no $tool"
done
mkdir -p "$root/build" || exit 1
if [ "$(cat "$sysroot/complete" 2>/dev/null)" != "$libraries" ]; then
  echo "Unpacking ARM's libraries into build/$processor-root"
  unpack_libraries >"$root/build/$processor-packages.log" 2>&1 ||
    { tail -n 20 "$root/build/$processor-packages.log"; skip "the libraries could not be had, see above"; }
fi

build=$root/build/$processor
jobs=$(nproc 2>/dev/null || echo 2)
{
  cmake --fresh -S "$root" -B "$build" -DCMAKE_TOOLCHAIN_FILE="$root/cmake/toolchains/$processor.cmake" \
    -DCMAKE_BUILD_TYPE=Release -DVPF_BUILD_EXAMPLES=OFF &&
    cmake --build "$build" -j "$jobs"
} >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
# One thread where a test asks for no number: QEMU 7.2 keeps 280 KiB of each thread of an ARM that has ended.
# VPF_EMULATED: its own locks are not made for a fork() while another thread is busy.
OMP_NUM_THREADS=1
VPF_EMULATED=1
export OMP_NUM_THREADS VPF_EMULATED
# shellcheck disable=SC2086  # words
ctest --test-dir "$build" -j "$jobs" --no-tests=error --output-on-failure $selection
