#!/bin/sh
# SPDX-License-Identifier: MIT
# python_test.sh <build folder>: the Python binding with an installed library: its tests, the tour on the bundled
# images, and the reader of model files. Needs NumPy and matplotlib.
set -eu
LC_ALL=C.UTF-8
PYTHONDONTWRITEBYTECODE=1
export LC_ALL PYTHONDONTWRITEBYTECODE
unset LD_LIBRARY_PATH VPF_LIBRARY PYTHONPATH DESTDIR 2>/dev/null || :
build=$(cd "$1" && pwd)

from_cache() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }
tree=$(from_cache CMAKE_HOME_DIRECTORY)
CC=$(from_cache CMAKE_C_COMPILER)
export CC
programs=$tree/examples/python

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
log=$scratch/log
fail() {
  echo "FAILED: $*"
  [ ! -s "$log" ] || cat "$log"
  exit 1
}
quietly() { "$@" >"$log" 2>&1 || fail "$*"; }

# Debian's Python has Debian's NumPy; another one may come first in PATH.
python=
for candidate in /usr/bin/python3 python3; do
  if [ -z "$python" ] && "$candidate" -c 'import numpy, matplotlib' >"$log" 2>&1; then python=$candidate; fi
done
[ -n "$python" ] || fail "no python3 with NumPy and matplotlib (python3-numpy, python3-matplotlib)"

quietly cmake --install "$build" --prefix "$scratch/prefix"
library=$(find "$scratch/prefix" -name libvpf.so.1)
[ -e "$library" ] || fail "no libvpf.so.1 is installed"

# ---- the binding ----

export VPF_TREE="$tree" VPF_INCLUDE="$scratch/prefix/include"
cd "$scratch"
VPF_LIBRARY=$library PYTHONPATH=$programs quietly "$python" "$tree/tests/python/vpf_test.py"
grep -q '^OK' "$log" || fail "the tests are not OK"
echo "ok: $(grep '^Ran' "$log")"

found=$(LD_LIBRARY_PATH=$(dirname "$library") PYTHONPATH=$programs "$python" -c 'import vpf; print(vpf._library._name)')
[ "$found" = libvpf.so.1 ] || fail "by LD_LIBRARY_PATH it finds $found"
echo "ok: found by LD_LIBRARY_PATH"

# ---- the programs, as a person uses them ----

export VPF_LIBRARY="$library"
MPLCONFIGDIR=$scratch/matplotlib quietly "$python" "$programs/tour.py" "a folder/pictures"
grep -q 'resumed run has the same bits: True' "$log" || fail "a resumed run has other bits"
! grep -i warning "$log" || fail "warnings"
for picture in data training filters generated chains filled free_energy; do
  "$python" - "a folder/pictures/$picture.png" <<'PYTHON' || fail "$picture.png"
import struct, sys
raw = open(sys.argv[1], "rb").read()
assert raw[:8] == b"\x89PNG\r\n\x1a\n" and raw[-8:-4] == b"IEND", raw[:8]
width, height = struct.unpack(">II", raw[16:24])
assert width > 600 and height > 200 and len(raw) > 5000, (width, height, len(raw))
PYTHON
done
[ "$(find 'a folder' -type f | wc -l)" -eq 9 ] || fail "not 7 pictures, a model and a checkpoint"
status=0
"$python" "$programs/tour.py" --data "$scratch" x >"$log" 2>&1 || status=$?
[ $status -eq 1 ] || fail "status $status without images"
grep -q "tour: no train-images-idx3-ubyte in $scratch" "$log" || fail "it does not say what is missing"
echo "ok: tour.py"

quietly "$python" "$programs/anomaly.py" "$tree/examples/sample" "$tree/examples/sample" --limit 100 --seeds 2
grep -q '^100 training images, 500 test images, 500 other images, 500 upside down, 500 negatives$' "$log" ||
  fail "it does not say of how many images"
# images of the same kind are told apart by no score, and negatives by their ink
[ "$(grep -c '^| VPF, 10 epochs | .* | 0.500 (0.500 .. 0.500) | 0\.' "$log")" -eq 3 ] || fail "the same images are others"
grep -q '^| none | pixels that are on | 0.500 | 0.500 | 0\.[89]' "$log" || fail "no ink"
status=0
"$python" "$programs/anomaly.py" "$tree/examples/sample" "$scratch" >"$log" 2>&1 || status=$?
[ $status -eq 1 ] || fail "status $status without images"
grep -q "anomaly: no t10k-images-idx3-ubyte in $scratch" "$log" || fail "it does not say what is missing"
echo "ok: anomaly.py"

# Without the library, and that is the point of it.
unset VPF_LIBRARY
quietly "$python" "$programs/read_model.py" "a folder/pictures/model.safetensors"
grep -q '^weight.0  *float32  *784 x 196 ' "$log" || fail "no weights"
grep -q '^free energy of the empty row: -[0-9.]*$' "$log" || fail "no free energy"
quietly "$python" "$programs/read_model.py" "a folder/pictures/checkpoint.safetensors"
grep -q '^optimizer.moment1.weight.0 ' "$log" || fail "no moments in the checkpoint"
for bad in "$scratch/none" "$tree/README.md" "$tree/tests/data/container.safetensors"; do
  status=0
  "$python" "$programs/read_model.py" "$bad" >"$log" 2>&1 || status=$?
  [ $status -eq 1 ] || fail "status $status for $bad"
  [ "$(wc -l <"$log")" -eq 1 ] || fail "not one line for $bad"
done
echo "ok: read_model.py"
