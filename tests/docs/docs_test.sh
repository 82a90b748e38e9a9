#!/bin/sh
# SPDX-License-Identifier: MIT
# docs_test.sh <build folder> [documents...]: what README.md, docs/ and examples/ say is tried, with the build as it
# is installed; see docs_test.py. Needs NumPy.
set -eu
LC_ALL=C.UTF-8
PYTHONDONTWRITEBYTECODE=1
export LC_ALL PYTHONDONTWRITEBYTECODE
unset LD_LIBRARY_PATH PKG_CONFIG_PATH CMAKE_PREFIX_PATH VPF_LIBRARY PYTHONPATH DESTDIR 2>/dev/null || :
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
shift

from_cache() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }
CC=$(from_cache CMAKE_C_COMPILER)
CXX=$(from_cache CMAKE_CXX_COMPILER)
export CC CXX

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Debian's Python has Debian's NumPy; another one may come first in PATH.
python=
for candidate in /usr/bin/python3 python3; do
  if [ -z "$python" ] && "$candidate" -c 'import numpy' 2>"$scratch/log"; then python=$candidate; fi
done
[ -n "$python" ] || { echo "FAILED: no python3 with NumPy (python3-numpy)"; exit 1; }

cmake --install "$build" --prefix "$scratch/prefix" >"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
PKG_CONFIG_PATH=$(dirname "$(find "$scratch/prefix" -name vpf.pc)")
export PKG_CONFIG_PATH
"$python" "$here/docs_test.py" "$(from_cache CMAKE_HOME_DIRECTORY)" "$build" "$scratch/prefix" "$scratch" "$@"
