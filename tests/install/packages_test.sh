#!/bin/sh
# SPDX-License-Identifier: MIT
# packages_test.sh <source tree>: makes the Debian packages (cmake/packages.sh, which runs lintian), installs them into
# a root of their own, builds a program against what is there, and removes them without a trace. (Their dependencies
# are those of this machine; tests/install/bare_debian.sh installs them into a new Debian.)
set -eu
LC_ALL=C
export LC_ALL
tree=$(cd "$1" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
log=$scratch/log
fail() {
  echo "FAILED: $*"
  [ ! -s "$log" ] || tail -n 60 "$log"
  exit 1
}

sh "$tree/cmake/packages.sh" "$scratch/packages" >"$log" 2>&1 || fail "cmake/packages.sh"
grep -E '^[EW]: ' "$log" && fail "lintian"
: >"$log"
packages='libvpf1 libvpf-dev libvpf-doc libvpf-examples'
for package in $packages; do
  set -- "$scratch/packages/${package}"_*.deb
  [ -f "$1" ] || fail "no $package"
done

# What each needs is what its programs are linked with.
field() { dpkg-deb -f "$scratch/packages/$1"_*.deb "$2"; }
for needed in libblas3 libc6 libjansson4 zlib1g; do
  field libvpf1 Depends | grep -q "$needed" || fail "libvpf1 does not depend on $needed: $(field libvpf1 Depends)"
done
field libvpf-dev Depends | grep -qF "libvpf1 (= $(field libvpf1 Version))" || fail "libvpf-dev has another version"
for needed in zlib1g-dev libjansson-dev libblas-dev; do # what vpf.pc names
  field libvpf-dev Depends | grep -q "$needed" || fail "libvpf-dev does not depend on $needed"
done
for needed in libvpf1 libpng16-16 libjansson4; do
  field libvpf-examples Depends | grep -q "$needed" || fail "libvpf-examples does not depend on $needed"
done
[ -z "$(field libvpf-doc Depends)" ] || fail "libvpf-doc depends on something"
for package in $packages; do # no file in two packages, and none knows where it was built
  dpkg-deb -c "$scratch/packages/$package"_*.deb | awk '!/^d/ { print $6 }'
done | sort | uniq -d >"$log"
[ ! -s "$log" ] || fail "files in two packages"

# A root with nothing in it; dpkg runs as whoever we are.
root=$scratch/root
mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates"
: >"$root/var/lib/dpkg/status"
in_root() {
  dpkg --root="$root" --force-not-root --force-depends --force-script-chrootless --force-bad-path --log=/dev/null "$@" >"$log" 2>&1
}
in_root --unpack "$scratch"/packages/*.deb || fail "dpkg --unpack"
grep -rlF -e "$tree" -e "$scratch" "$root/usr" >"$log" && fail "files that know where they were built"
for name in libvpf.3 vpf_train.3 vpf_data_slice.3; do
  [ -s "$root/usr/share/man/man3/$name.gz" ] || fail "no man page $name"
done
gzip -dc "$root/usr/share/man/man3/vpf_train.3.gz" | grep -q '^\.so man3/libvpf_train\.3' || fail "vpf_train(3) leads nowhere"
for name in train-mnist generate reconstruct evaluate; do
  gzip -dc "$root/usr/share/man/man1/vpf-$name.1.gz" >"$scratch/page"
  LD_LIBRARY_PATH=$(dirname "$(find "$root" -name libvpf.so.1)") "$root/usr/bin/vpf-$name" --help >"$scratch/help" ||
    fail "vpf-$name does not run"
  # Every option of the program is in its page.
  sed -n 's/^ *\(--[a-z][a-z-]*\).*/\1/p' "$scratch/help" | sort -u | while read -r option; do
    sed 's/[\]//g' "$scratch/page" | grep -qF -e "$option" || { echo "vpf-$name(1) is silent on $option"; exit 1; }
  done >"$log" || fail "options without documentation"
done
[ -s "$root/usr/share/doc/libvpf-doc/html/index.html" ] || fail "no reference"
[ -s "$root/usr/share/doc/libvpf-doc/guides/quickstart.md" ] || fail "no guides"
[ -s "$root/usr/share/doc/libvpf-examples/examples/minimal.c" ] || fail "no sources of examples"

# A user of it.
libdir=$(dirname "$(find "$root" -name libvpf.a)")
export PKG_CONFIG_PATH="$libdir/pkgconfig"
# shellcheck disable=SC2046  # flags are words
cc -std=c11 -o "$scratch/minimal" "$root/usr/share/doc/libvpf-examples/examples/minimal.c" \
  $(pkg-config --cflags --libs vpf) >"$log" 2>&1 || fail "compiling minimal.c"
LD_LIBRARY_PATH=$libdir "$scratch/minimal" "$scratch/minimal.safetensors" >"$log" 2>&1 || fail "running minimal"

# Without a trace.
# shellcheck disable=SC2086  # words
in_root --purge $packages || fail "dpkg --purge"
find "$root" -path "$root/var" -prune -o ! -type d -print >"$log"
[ ! -s "$log" ] || fail "files that were left behind"
find "$root" -path "$root/var" -prune -o -type d -name '*vpf*' -print >"$log"
[ ! -s "$log" ] || fail "folders that were left behind"
echo "ok: $packages are made, installed, used and removed"
