#!/bin/sh
# SPDX-License-Identifier: MIT
# From a fresh checkout to a trained machine: builds libvpf, fetches MNIST, trains an RBM with 196
# hidden units for 20 epochs, and leaves machine, pictures and a report in out/quickstart.
# Usage: sh examples/quickstart.sh [DIR]        (DIR: a folder with the IDX files of MNIST)
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=$root/build/quickstart
out=$root/out/quickstart
cores=$(getconf _NPROCESSORS_ONLN)
epochs=20
note=

step() { printf '\n== %s\n' "$*"; }

case ${1-} in
-*) sed -n '3,5s/^# //p' "$0"; exit 2 ;;
esac
if [ $# -gt 0 ] && [ ! -d "$1" ]; then
  echo "quickstart.sh: $1 is not a folder; give none, or one with the four IDX files of MNIST" >&2
  exit 2
fi

step "Packages"
# shellcheck source=/dev/null
. "$root/cmake/install-packages.sh"
install_packages gcc g++ libc6-dev make cmake pkg-config libopenblas-dev zlib1g-dev libjansson-dev librandom123-dev \
  libpng-dev

step "Build"
cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DVPF_BUILD_TESTS=OFF
cmake --build "$build" --target vpf -j "$cores"

step "Data"
if [ $# -gt 0 ]; then
  data=$1
  echo "the images in $data"
else
  data=$root/data/mnist
  if ! sh "$root/examples/get_mnist.sh" "$data"; then
    data=$root/examples/sample
    epochs=30 # more updates for each image; a few more still, and it learns them by heart
    note="MNIST could not be fetched. This run used the bundled sample instead: 2000 images of Fashion-MNIST."
    echo "$note"
  fi
fi

step "Training (Ctrl-C stops early and keeps what was learned)"
status=0
trap : INT # vpf train stops in good order; the report is still made
"$build/examples/vpf" train --data "$data" --arch 784-196 --epochs "$epochs" --out "$out" || status=$?
trap - INT
if [ "$status" -ne 0 ] && [ "$status" -ne 130 ]; then exit "$status"; fi

step "Images that the machine imagines"
"$build/examples/vpf" sample "$out/model.safetensors" --prior "$data" --out "$out/images.png"

step "Report"
"$build/examples/vpf" report "$out" --note "$note"
echo "open it in a browser"
if [ -n "$note" ]; then
  echo "$note"
  echo "With the four files in a folder: sh examples/quickstart.sh DIR"
fi
exit "$status"
