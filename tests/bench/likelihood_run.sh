#!/bin/sh
# SPDX-License-Identifier: MIT
# What the recipes reach on MNIST, on sparse rows and on couplings of spins, and how fast: the tables of
# docs/evaluation.md and docs/performance.md.
#
#   sh tests/bench/likelihood_run.sh [--data DIR] [--only table,epoch,race,sparse,visible] [--seeds N] [--out DIR]
#                                    [--no-peers] [--contestants PATTERN]
#   sh tests/bench/likelihood_run.sh --quick    the bundled sample, small machines: better than independent columns?
#
# VPF_LIBRARY names libvpf.so if it is not build/release/lib/libvpf.so. The part race puts scikit-learn and rbms beside
# libvpf; they are installed into a folder of --out by pip, from PyPI, which takes some 5 GB with PyTorch's libraries.
# --contestants takes part in the race only whose name has the regular expression.
# PYTHON312 names a Python 3.12 or later, which rbms needs (default: python3.12); PEERS names a Python that has both
# already. The whole run takes a few hours on two processors; let nothing else run. Exit status 1 if a machine is not better than
# independent columns.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
data=$root/data/mnist out=$root/out/likelihood seeds=3 only='' contestants='' quick=no peers=yes
while [ $# -gt 0 ]; do
  case $1 in
  --data) data=$2; shift ;;
  --out) out=$2; shift ;;
  --seeds) seeds=$2; shift ;;
  --only) only=$2; shift ;;
  --no-peers) peers=no ;;
  --contestants) contestants=$2; shift ;;
  --quick) quick=yes ;;
  *) echo "usage: sh tests/bench/likelihood_run.sh [--quick] [--data DIR] [--only PART,...] [--seeds N] [--out DIR] [--no-peers] [--contestants PATTERN]" >&2
     exit 2 ;;
  esac
  shift
done
VPF_LIBRARY=${VPF_LIBRARY:-$root/build/release/lib/libvpf.so}
PYTHONPATH=$root/examples/python
export VPF_LIBRARY PYTHONPATH
python=${PYTHON:-/usr/bin/python3} # Debian's, which has Debian's NumPy
if [ -z "${PYTHON-}" ]; then
  . "$root/cmake/install-packages.sh"
  install_packages python3 python3-numpy || exit 1
fi
program=$root/tests/bench/likelihood.py
if [ $quick = yes ]; then
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  "$python" "$program" --quick "$root/examples/sample" --out "$scratch" --seeds 1 ${only:+--only "$only"}
  exit
fi

mkdir -p "$out"
[ -e "$data/train-images-idx3-ubyte" ] || sh "$root/examples/get_mnist.sh" "$data"
set -- --mnist "$data" --out "$out" --seeds "$seeds" ${only:+--only "$only"} ${contestants:+--contestants "$contestants"}
case ${only:-race} in
*race*)
  if [ $peers = yes ] && [ -z "${PEERS-}" ]; then
    PEERS=$out/venv/bin/python
    if [ ! -e "$out/venv/ready" ]; then
      "${PYTHON312:-python3.12}" -m venv "$out/venv"
      "$PEERS" -m pip install --quiet numpy==2.4.1 scikit-learn==1.9.1 torch==2.15.0 rbms==0.6.0
      : >"$out/venv/ready"
    fi
  fi
  [ $peers = no ] || set -- "$@" --peers "$PEERS"
  ;;
esac
"$python" "$program" "$@"
