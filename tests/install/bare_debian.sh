#!/bin/sh
# SPDX-License-Identifier: MIT
# bare_debian.sh [--data DIR]: what README promises, from a Debian 12 with nothing in it:
#
#   1. sh examples/quickstart.sh [DIR] leaves a model, pictures and a report
#   2. the commands and the program under "In your own program" work, as they are printed there
#   3. the packages install with what they depend on, their programs run, and they go without a trace
#
# Needs root and debootstrap, which gets Debian from where this computer does; some ten minutes. The new root is made in
# a temporary folder and removed. DIR has the four files of MNIST; without it the quickstart fetches them, or trains on
# the bundled sample.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
data=
case ${1-} in
'') ;;
--data) data=$(cd "$2" && pwd) ;;
*) echo "usage: sh tests/install/bare_debian.sh [--data DIR]" >&2; exit 2 ;;
esac
[ "$(id -u)" -eq 0 ] || { echo "SKIPPED: a new root can be made by root only"; exit 0; }
. "$here/cmake/install-packages.sh"
install_packages debootstrap git

scratch=$(mktemp -d)
root=$scratch/debian
clean_up() {
  for mounted in proc dev; do umount "$root/$mounted" 2>/dev/null || :; done
  rm -rf --one-file-system "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM
say() { printf '\n==== %s\n' "$*"; }
fail() { echo "FAILED: $*"; exit 1; }

say "a new Debian"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' | grep -v security | head -n 1)
debootstrap --variant=minbase bookworm "$root" "$mirror" >"$scratch/log" 2>&1 || { tail -n 20 "$scratch/log"; fail "debootstrap"; }
# The way to the network is this computer's: proxies, names, certificates, npm's settings.
cp /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null || :
for file in /etc/apt/apt.conf.d/*proxy* /etc/apt/apt.conf /usr/local/share/ca-certificates /etc/ssl/certs/ca-certificates.crt /root/.npmrc; do
  [ ! -e "$file" ] || { mkdir -p "$root/$(dirname "$file")" && cp -r "$file" "$root/$(dirname "$file")/"; }
done
mount --bind /dev "$root/dev" && mount -t proc proc "$root/proc" || fail "mounts"
cp -a --one-file-system "$root" "$scratch/second" # for the packages, before anything is installed
in_root() { chroot "$root" /usr/bin/env HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

say "1. quickstart"
git -c safe.directory='*' clone -q "$here" "$root/root/vpf checkout"
if [ -n "$data" ]; then mkdir "$root/root/mnist" && cp "$data"/*ubyte* "$root/root/mnist/"; fi
in_root sh -c "cd '/root/vpf checkout' && sh examples/quickstart.sh ${data:+/root/mnist}" || fail "quickstart.sh"
for file in model.safetensors filters.png report.html log.jsonl images.png filled.png likelihood/model.safetensors; do
  [ -s "$root/root/vpf checkout/out/quickstart/$file" ] || fail "the quickstart left no $file"
done

say "2. a program of one's own, as README has it"
awk '/^## /{ in_section = /In your own program/ } in_section' "$here/README.md" >"$scratch/section"
awk '/^```sh/{ inside = 1; next } /^```/{ inside = 0 } inside' "$scratch/section" | sed 's/sudo //g' >"$scratch/commands"
awk '/^```c$/{ inside = 1; next } /^```/{ inside = 0 } inside' "$scratch/section" >"$root/root/vpf checkout/rbm.c"
[ -s "$scratch/commands" ] && [ -s "$root/root/vpf checkout/rbm.c" ] || fail "README has no such section"
cat "$scratch/commands"
cp "$scratch/commands" "$root/root/commands.sh"
in_root sh -e -c "cd '/root/vpf checkout' && . /root/commands.sh" >"$scratch/log" 2>&1 || { tail -n 30 "$scratch/log"; fail "the commands of README"; }
# Where the file is: MNIST, or the sample under its name.
in_root sh -e -c "cd '/root/vpf checkout' && mkdir -p run && cd run &&
  { cp /root/mnist/train-images-idx3-ubyte . 2>/dev/null || cp ../data/mnist/train-images-idx3-ubyte . 2>/dev/null ||
    gzip -dc ../examples/sample/train-images-idx3-ubyte.gz >train-images-idx3-ubyte; }
  ../rbm && ls -l rbm.safetensors" || fail "the program of README"

say "3. packages"
in_root sh -e -c "cd '/root/vpf checkout' && sh cmake/packages.sh" >"$scratch/log" 2>&1 || { tail -n 30 "$scratch/log"; fail "cmake/packages.sh"; }
tail -n 4 "$scratch/log"
first=$root
for mounted in proc dev; do umount "$root/$mounted"; done
root=$scratch/second
mkdir -p "$root/dev" "$root/proc"
mount --bind /dev "$root/dev" && mount -t proc proc "$root/proc" || fail "mounts"
mkdir "$root/packages" && cp "$first/root/vpf checkout"/build/packages/*.deb "$root/packages/"
in_root sh -c 'dpkg -l | awk "/^ii/ { print \$2 }"' | sort >"$scratch/before"
in_root sh -e -c 'export DEBIAN_FRONTEND=noninteractive
  { apt-get -q update && apt-get -q -y install --no-install-recommends /packages/*.deb gcc libc6-dev pkg-config; }' \
  >"$scratch/log" 2>&1 || { tail -n 30 "$scratch/log"; fail "apt-get install of the packages"; }
in_root sh -e -c 'cd /root
  vpf-train-mnist --data /usr/share/doc/libvpf-examples/examples/sample --epochs 2 --out out
  vpf sample out/model.safetensors --out images.png
  cp /usr/share/doc/libvpf-examples/examples/minimal.c . && cc -std=c11 minimal.c -o minimal $(pkg-config --cflags --libs vpf) && ./minimal' ||
  fail "what the packages brought"
in_root sh -c 'apt-get -q -y purge "libvpf*"' >"$scratch/log" 2>&1 || { tail -n 30 "$scratch/log"; fail "apt-get purge"; }
find "$root/usr" "$root/etc" "$root/var/lib" \( -name 'libvpf*' -o -name vpf -o -name 'vpf[.-_]*' \) >"$scratch/log"
[ ! -s "$scratch/log" ] || { cat "$scratch/log"; fail "files were left behind"; }
say "All passed."
