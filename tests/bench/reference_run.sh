#!/bin/sh
# SPDX-License-Identifier: MIT
# Does the recipe still give the curves that docs/math.md measures? Trains three machines with the
# paper preset on the first 50 000 MNIST images and compares K, rho, w^2 and activity, means over
# three seeds, with the reference at epochs 10 and 50.
#
#   sh tests/bench/reference_run.sh [--data DIR] [--seeds "1 2 3"] [--out DIR]
#   sh tests/bench/reference_run.sh --quick     the bundled sample, 3 epochs: K falls
#
# TRAIN_MNIST names the program if it is not build/release/examples/train_mnist. The whole run
# takes about ten minutes on two processors; the table goes to standard output. Exit status 1 if a
# number is outside its tolerance.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
python=/usr/bin/python3 # Debian's, which has Debian's NumPy
program=${TRAIN_MNIST:-$root/build/release/examples/train_mnist}
data=$root/data/mnist
out=$root/out/reference
seeds="1 2 3"
quick=no
while [ $# -gt 0 ]; do
  case $1 in
  --data) data=$2; shift ;;
  --seeds) seeds=$2; shift ;;
  --out) out=$2; shift ;;
  --quick) quick=yes ;;
  *) echo "usage: sh tests/bench/reference_run.sh [--quick] [--data DIR] [--seeds \"1 2 3\"] [--out DIR]" >&2; exit 2 ;;
  esac
  shift
done
failed=0

# value <machine> <epoch> <key> [index]: a number of the logs, the mean over the seeds. The key
# "pair" is the flow of a pair.
value() {
  "$python" -c '
import json, sys
out, seeds, machine, epoch, key = sys.argv[1], sys.argv[2].split(), sys.argv[3], int(sys.argv[4]), sys.argv[5]
index = int(sys.argv[6]) if len(sys.argv) > 6 else None
def number(seed):
    lines = map(json.loads, open(f"{out}/{machine}-{seed}/log.jsonl"))
    line = next(l for l in lines if l["epoch"] == epoch)
    if key == "pair":
        return line["K_lower"][index] + line["K_upper"][index]
    return line[key] if index is None else line[key][index]
print(sum(map(number, seeds)) / len(seeds))
' "$out" "$seeds" "$@"
}

# expect <name> <measured> <reference> <tolerance>
expect() {
  if awk -v m="$2" -v r="$3" -v t="$4" 'BEGIN { d = m - r; exit !(d <= t && -d <= t) }'; then
    verdict=ok
  else
    verdict=OUTSIDE failed=1
  fi
  printf '%-44s %9.3f  reference %8.3f +- %-6.3g %s\n' "$1" "$2" "$3" "$4" $verdict
}

# train <machine> <arch> <intra> <epochs>: once for each seed.
train() {
  for seed in $seeds; do
    "$program" --data "$data" --arch "$2" --intra "$3" --epochs "$4" --seed "$seed" --out "$out/$1-$seed" \
      >"$out/$1-$seed.txt" 2>&1 || { cat "$out/$1-$seed.txt"; exit 1; }
  done
}

mkdir -p "$out"
if [ $quick = yes ]; then
  data=$root/examples/sample
  seeds=1
  for machine in "rbm 784-32 none" "dbm1 784-32-16 none" "dbm2 784-32-16 hidden"; do
    # shellcheck disable=SC2086  # words
    set -- $machine
    train "$1" "$2" "$3" 3
    first=$(value "$1" 1 K) last=$(value "$1" 3 K)
    printf '%s: K %.1f at epoch 1, %.1f at epoch 3\n' "$1" "$first" "$last"
    awk -v a="$first" -v b="$last" 'BEGIN { exit !(b < a) }' || failed=1
  done
  exit $failed
fi

train rbm 784-196 none 50
expect "RBM(196): K at epoch 10" "$(value rbm 10 K)" 276.3 8.3
expect "RBM(196): K at epoch 50" "$(value rbm 50 K)" 209.8 4.2
expect "RBM(196): rho at epoch 50" "$(value rbm 50 rho)" 0.18 0.01
expect "RBM(196): w^2 at epoch 50" "$(value rbm 50 w2)" 24.5 0.6
train dbm1 784-196-196-64 none 50
expect "DBM1: K of pair 1 at epoch 50" "$(value dbm1 50 pair 0)" 210.7 8.4
expect "DBM1: K of pair 2 at epoch 50" "$(value dbm1 50 pair 1)" 197.1 7.9
expect "DBM1: K of pair 3 at epoch 50" "$(value dbm1 50 pair 2)" 142.2 5.7
train dbm2 784-196-196-64 hidden 50
expect "DBM2: activity of layer 1 at epoch 50" "$(value dbm2 50 activity 1)" 0.16 0.03
expect "DBM2: activity of layer 2 at epoch 50" "$(value dbm2 50 activity 2)" 0.14 0.03
# The prototype had 0.18 here, which this library does not reproduce: docs/math.md, section 10.
expect "DBM2: activity of layer 3 at epoch 50" "$(value dbm2 50 activity 3)" 0.30 0.04
exit $failed
