#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the bundled sample again, byte for byte: the first 2000 training images of Fashion-MNIST.
# Usage: sh examples/sample/make_sample.sh [OUTPUT]      (needs Debian's dataset-fashion-mnist)
set -eu

source=/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz
output=${1:-$(dirname -- "$0")/train-images-idx3-ubyte.gz}

[ -r "$source" ] || { echo "make_sample.sh: cannot read $source; install dataset-fashion-mnist" >&2; exit 1; }

{
  # the IDX header: bytes in three dimensions, 2000 x 28 x 28, big-endian
  printf '\000\000\010\003\000\000\007\320\000\000\000\034\000\000\000\034'
  gzip -dc "$source" | tail -c +17 | head -c 1568000
} | gzip -9n >"$output.tmp"
mv -- "$output.tmp" "$output"
