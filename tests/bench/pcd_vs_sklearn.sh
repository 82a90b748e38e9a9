#!/bin/sh
# SPDX-License-Identifier: MIT
# PCD-1 beside scikit-learn's BernoulliRBM: the same rows and number of passes, exact likelihood of
# a small problem and pseudo-likelihood on MNIST.
#
#   sh tests/bench/pcd_vs_sklearn.sh [--data DIR]     about ten minutes on two processors
#   sh tests/bench/pcd_vs_sklearn.sh --quick          the small problem only
#
# TRAIN_MNIST names the program if it is not build/release/examples/train_mnist. Exit status 1 if
# libvpf ends below scikit-learn.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
program=${TRAIN_MNIST:-$root/build/release/examples/train_mnist}
data=$root/data/mnist
while [ $# -gt 0 ]; do
  case $1 in
  --data) data=$2; shift ;;
  --quick) data= ;;
  *) echo "usage: sh tests/bench/pcd_vs_sklearn.sh [--quick] [--data DIR]" >&2; exit 2 ;;
  esac
  shift
done
. "$root/cmake/install-packages.sh"
install_packages python3 python3-numpy python3-sklearn || exit 1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Debian's Python, which has Debian's packages
/usr/bin/python3 "$root/tests/bench/peers/sklearn_pcd.py" "$program" "$scratch" ${data:+"$data"}
