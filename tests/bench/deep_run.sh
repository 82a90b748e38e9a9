#!/bin/sh
# SPDX-License-Identifier: MIT
# Deep joint machines on MNIST: how probable the test images at least are (vpf_log_likelihood_bound), beside the exact
# value where hidden units can be enumerated. Prints the table of docs/evaluation.md.
#
#   sh tests/bench/deep_run.sh [--data DIR]       a few minutes on two processors
#   sh tests/bench/deep_run.sh --quick            the bundled sample, small machines: whether it runs
#
# VPF_LIBRARY names libvpf.so if it is not build/release/lib/libvpf.so.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
data=$root/data/mnist
quick=
while [ $# -gt 0 ]; do
  case $1 in
  --data) data=$2; shift ;;
  --quick) quick=--quick data=$root/examples/sample ;;
  *) echo "usage: sh tests/bench/deep_run.sh [--quick] [--data DIR]" >&2; exit 2 ;;
  esac
  shift
done
. "$root/cmake/install-packages.sh"
install_packages python3 python3-numpy || exit 1
VPF_LIBRARY=${VPF_LIBRARY:-$root/build/release/lib/libvpf.so}
PYTHONPATH=$root/examples/python
export VPF_LIBRARY PYTHONPATH
# Debian's Python, which has Debian's packages
/usr/bin/python3 "$root/tests/bench/deep_table.py" "$data" $quick
