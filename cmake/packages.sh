#!/bin/sh
# SPDX-License-Identifier: MIT
# sh cmake/packages.sh [FOLDER]: Debian packages of libvpf into FOLDER (build/packages), from nothing: installs what it
# takes to build them, builds, and looks them over with lintian. Then: sudo apt-get install ./build/packages/*.deb
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
case ${1-} in
-*) sed -n '3,4s/^# //p' "$0"; exit 2 ;;
esac
. "$root/cmake/install-packages.sh"
mkdir -p "${1:-$root/build/packages}"
out=$(cd "${1:-$root/build/packages}" && pwd)

install_packages gcc cmake make pkg-config librandom123-dev libjansson-dev zlib1g-dev libopenblas-dev libpng-dev \
  doxygen help2man dpkg-dev fakeroot lintian

build=$root/build/debian
# Paths of this computer are kept out of the files; -O3 of CMake's Release comes after Debian's flags.
export DEB_BUILD_MAINT_OPTIONS="hardening=+all"
cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_BUILD_RPATH_USE_ORIGIN=ON \
  -DVPF_BUILD_TESTS=OFF -DVPF_BUILD_DOCS=ON -DVPF_PACKAGES=ON \
  -DCMAKE_C_FLAGS="$(dpkg-buildflags --get CFLAGS) $(dpkg-buildflags --get CPPFLAGS) -ffile-prefix-map=\"$root\"=." \
  -DCMAKE_EXE_LINKER_FLAGS="$(dpkg-buildflags --get LDFLAGS)" \
  -DCMAKE_SHARED_LINKER_FLAGS="$(dpkg-buildflags --get LDFLAGS)"
cmake --build "$build" -j "$(nproc 2>/dev/null || echo 2)"

rm -f "$out"/libvpf*.deb
SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l cmake/debian/changelog -S Timestamp)
export SOURCE_DATE_EPOCH
(cd "$build" && cpack -G DEB -B "$out")
rm -rf "$out/_CPack_Packages"
lintian --no-cfg --tag-display-limit 0 --fail-on error,warning --suppress-tags-from-file "$root/cmake/debian/lintian-suppressed" \
  "$out"/libvpf*.deb
ls -l "$out"/libvpf*.deb
