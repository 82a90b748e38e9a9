#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the bundled sample again, byte for byte: the first 2000 training and the first 500 test images of
# Fashion-MNIST.
# Usage: sh examples/sample/make_sample.sh [FOLDER]      (needs Debian's dataset-fashion-mnist)
set -eu

sources=/usr/share/datasets/fashion-mnist
folder=${1:-$(dirname -- "$0")}

# first_images <name> <number of images> <that number, big-endian>
first_images() {
  [ -r "$sources/$1" ] || { echo "make_sample.sh: cannot read $sources/$1; install dataset-fashion-mnist" >&2; exit 1; }
  {
    # the IDX header: bytes in three dimensions, images x 28 x 28, big-endian
    printf '\000\000\010\003%b\000\000\000\034\000\000\000\034' "$3"
    gzip -dc "$sources/$1" | tail -c +17 | head -c $(($2 * 28 * 28))
  } | gzip -9n >"$folder/$1.tmp"
  mv -- "$folder/$1.tmp" "$folder/$1"
}

first_images train-images-idx3-ubyte.gz 2000 '\0000\0000\0007\0320'
first_images t10k-images-idx3-ubyte.gz 500 '\0000\0000\0001\0364'
