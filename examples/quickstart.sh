#!/bin/sh
# SPDX-License-Identifier: MIT
# From a fresh checkout to trained machines: builds libvpf, fetches MNIST, trains two RBMs with 196 hidden units, one by
# VPF for features and filling in, one by the likelihood recipe to draw digits, and leaves them with pictures and a
# report in out/quickstart.
# Usage: sh examples/quickstart.sh [DIR]        (DIR: a folder with the IDX files of MNIST)
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=$root/build/quickstart
out=$root/out/quickstart
cores=$(getconf _NPROCESSORS_ONLN)
epochs=8 more_epochs=4
note=

step() { printf '\n== %s\n' "$*"; }

case ${1-} in
-*) sed -n '3,6s/^# //p' "$0"; exit 2 ;;
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
    epochs=15 more_epochs=25 # more updates for each image; a few more still, and VPF learns them by heart
    note="MNIST could not be fetched. This run used the bundled sample instead: 2000 images of Fashion-MNIST."
    echo "$note"
  fi
fi

train() { # train <folder> <arguments>...
  "$program" train --data "$data" --arch 784-196 --out "$@" || status=$?
  [ "$status" -eq 0 ] || [ "$status" -eq 130 ] || exit "$status"
}
program=$build/examples/vpf
status=0
trap : INT # vpf train stops in good order; the report is still made
step "Training by VPF (Ctrl-C ends this step early and keeps what was learned)"
train "$out" --epochs "$epochs"
step "Training a second machine by the likelihood recipe"
train "$out/likelihood" --epochs "$more_epochs" --recipe likelihood
trap - INT

imagined="Drawn by the second machine, of the likelihood recipe: 100 Gibbs chains of 1000 sweeps that began at noise."
filled="Test images; the same with noise in place of the bottom; what the machine trained by VPF makes of it."
filters="The weights of each hidden unit of the machine trained by VPF: white excites it, black silences it."

step "Images that the second machine imagines"
"$program" sample "$out/likelihood/model.safetensors" --steps 1000 --out "$out/images.png"
step "Images that the first machine fills in"
"$program" fill "$out/model.safetensors" --data "$data" --region bottom --rows 500 --out "$out/filled.png"

step "Report"
"$program" report "$out" --note "$note" --about-images "$imagined" --about-filled "$filled"
echo "            open it in a browser. Its pictures:"
printf '%s\n' "images.png  $imagined" "filled.png  $filled" "filters.png $filters"
if [ -n "$note" ]; then
  echo "$note"
  echo "With the four files in a folder: sh examples/quickstart.sh DIR"
fi
exit "$status"
