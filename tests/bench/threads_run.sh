#!/bin/sh
# SPDX-License-Identifier: MIT
# How many threads pay off, and whether the default finds out (docs/performance.md):
#
#   sh tests/bench/threads_run.sh [--rounds N]    some minutes; let nothing else run
#   sh tests/bench/threads_run.sh --quick         seconds: whether it works
#
# VPF_LIBRARY names libvpf.so if it is not build/release/lib/libvpf.so.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
VPF_LIBRARY=${VPF_LIBRARY:-$root/build/release/lib/libvpf.so}
PYTHONPATH=$root/examples/python
export VPF_LIBRARY PYTHONPATH
if [ -z "${PYTHON-}" ]; then
  . "$root/cmake/install-packages.sh"
  install_packages python3 python3-numpy || exit 1
fi
exec "${PYTHON:-/usr/bin/python3}" "$root/tests/bench/threads.py" "$@" # Debian's Python has Debian's NumPy
