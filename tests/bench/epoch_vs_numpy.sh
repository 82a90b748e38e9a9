#!/bin/sh
# SPDX-License-Identifier: MIT
# An epoch of RBM(196), minibatch 40, beside the same algorithm in NumPy: the two take turns, each
# with the threads that suit it best, and the medians are compared.
#
#   sh tests/bench/epoch_vs_numpy.sh IDXFILE [ROWS] [ROUNDS]      ROWS 0: all; ROUNDS: 5
#
# TRAIN_MNIST names the program if it is not build/release/examples/train_mnist. Times of a shared
# machine mean little; their ratio in one run is the result. Exit status 1 if NumPy is faster.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
python=/usr/bin/python3 # Debian's, which has Debian's NumPy
program=${TRAIN_MNIST:-$root/build/release/examples/train_mnist}
[ $# -ge 1 ] || { echo "usage: sh tests/bench/epoch_vs_numpy.sh IDXFILE [ROWS] [ROUNDS]" >&2; exit 2; }
file=$1
rows=${2:-0}
rounds=${3:-5}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The second of two epochs: the first one touches new memory.
ours() {
  "$program" --data "$(dirname -- "$file")" --limit "$rows" --arch 784-196 --epochs 2 --out "$scratch/out" >/dev/null 2>&1
  "$python" -c 'import json, sys; print(json.loads(open(sys.argv[1]).readlines()[1])["seconds"])' "$scratch/out/log.jsonl"
}
numpy() {
  OPENBLAS_NUM_THREADS=$1 "$python" "$root/tests/bench/peers/numpy_rbm.py" "$file" "$rows" 2 196 40 | awk 'NR == 2 { print $4 }'
}

round=1
while [ "$round" -le "$rounds" ]; do
  ours >>"$scratch/ours"
  numpy 1 >>"$scratch/numpy1"
  numpy 2 >>"$scratch/numpy2"
  round=$((round + 1))
done
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
awk -v ours="$(median "$scratch/ours")" -v one="$(median "$scratch/numpy1")" -v two="$(median "$scratch/numpy2")" '
  BEGIN {
    best = one < two ? one : two
    printf "libvpf %.3f s, NumPy %.3f s (1 thread), %.3f s (2 threads): libvpf is %.2f times as fast\n", ours, one, two, best / ours
    exit ours > best
  }'
