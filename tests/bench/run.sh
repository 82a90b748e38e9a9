#!/bin/sh
# SPDX-License-Identifier: MIT
# How fast is libvpf? Beside OpenBLAS (the matrix products alone), NumPy, PyTorch and scikit-learn, in one run:
#
#   sh tests/bench/run.sh [--data DIR] [--rounds N] [--only rbm,dbm2,...] [--out DIR]
#   sh tests/bench/run.sh --quick    few images, one round: whether everything runs; its times mean nothing
#
# Installs the peers, builds, measures (about 20 minutes on two processors; let nothing else run) and leaves
# table.md, growth.svg and results.json in out/bench. PROGRAMS names the folder of built programs if they are not
# to be built.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
data=$root/data/mnist out=$root/out/bench quick="" rounds=5 only=""
while [ $# -gt 0 ]; do
  case $1 in
  --data) data=$2; shift ;;
  --out) out=$2; shift ;;
  --rounds) rounds=$2; shift ;;
  --only) only=$2; shift ;;
  --quick) quick=--quick rounds=1 ;;
  *) echo "usage: sh tests/bench/run.sh [--quick] [--data DIR] [--rounds N] [--only SECTION,...] [--out DIR]" >&2; exit 2 ;;
  esac
  shift
done
. "$root/cmake/install-packages.sh"
# without PyTorch and its quarter of a gigabyte the quick form leaves PyTorch out
peers='python3 python3-numpy python3-sklearn gnuplot-nox valgrind'
if [ -z "$quick" ]; then peers="$peers python3-torch gcc cmake make libopenblas-dev libjansson-dev zlib1g-dev librandom123-dev libcmocka-dev"; fi
# shellcheck disable=SC2086  # words
install_packages $peers || exit 1
if [ -n "$quick" ]; then
  mkdir -p "$out"
  images=$out/images # the bundled sample, unpacked: it is not MNIST, and these times mean nothing
  gzip -dc "$root/examples/sample/train-images-idx3-ubyte.gz" >"$images"
  only=${only:-estep,wide,threads,sklearn,growth,cost}
else
  images=$data/train-images-idx3-ubyte
  [ -e "$images" ] || sh "$root/examples/get_mnist.sh" "$data"
fi
programs=${PROGRAMS-}
if [ -z "$programs" ]; then
  cmake -S "$root" -B "$root/build/bench" -DCMAKE_BUILD_TYPE=Release >/dev/null
  cmake --build "$root/build/bench" -j --target speed sgemm_floor >/dev/null
  programs=$root/build/bench/tests/bench
fi
exec /usr/bin/python3 "$root/tests/bench/compare.py" --programs "$programs" --images "$images" --out "$out" \
  --rounds "$rounds" $quick ${only:+--only "$only"}
