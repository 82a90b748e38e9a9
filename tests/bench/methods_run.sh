#!/bin/sh
# SPDX-License-Identifier: MIT
# RBM(196) on MNIST by VPF, CD-1, CD-10, PCD-1 and PCD-10: how well each fills in, what its samples
# score, and how probable the test images really are. Prints the tables of docs/evaluation.md, means
# over the seeds, and checks what that page claims of them.
#
#   sh tests/bench/methods_run.sh [--data DIR] [--seeds "1 2 3"] [--out DIR]
#   sh tests/bench/methods_run.sh --quick     the bundled sample, small machines: every path, no claims
#
# PROGRAMS names the folder of train_mnist and evaluate if it is not build/release/examples. The whole
# run takes about an hour on two processors; what is already in --out is not made again. Exit status 1
# if a claim does not hold.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
python=/usr/bin/python3 # Debian's
programs=${PROGRAMS:-$root/build/release/examples}
data=$root/data/mnist
out=$root/out/methods
seeds="1 2 3"
quick=no
while [ $# -gt 0 ]; do
  case $1 in
  --data) data=$2; shift ;;
  --seeds) seeds=$2; shift ;;
  --out) out=$2; shift ;;
  --quick) quick=yes ;;
  *) echo "usage: sh tests/bench/methods_run.sh [--quick] [--data DIR] [--seeds \"1 2 3\"] [--out DIR]" >&2; exit 2 ;;
  esac
  shift
done

arch=784-196 vpf_epochs=200 watch=10 cd_epochs=20 limit=50000 temperatures=3000 fine=30000
evaluation="--chains 200"
if [ $quick = yes ]; then
  data=$root/examples/sample
  seeds=1 arch=784-16 vpf_epochs=4 watch=2 cd_epochs=2 limit=1500 temperatures=50 fine=60
  evaluation=--quick
fi

# train <name> <seed> <epochs> <options>...
train() {
  folder=$out/$1-$2
  [ -e "$folder/model.safetensors" ] && return
  seed=$2 epochs=$3
  echo "training $1, seed $seed" >&2
  shift 3
  "$programs/train_mnist" --data "$data" --arch $arch --limit $limit --seed "$seed" --epochs "$epochs" \
    --out "$folder" "$@" >"$folder.txt" 2>&1 || { cat "$folder.txt" >&2; exit 1; }
}

# judge <name> <seed> <model file> <temperatures>: the JSON of evaluate, beside the model.
judge() {
  model=$out/$1-$2/$3
  [ -e "$model.json" ] && return
  echo "evaluating $1, seed $2, $3" >&2
  # shellcheck disable=SC2086  # words
  "$programs/evaluate" "$model" --data "$data" $evaluation --temperatures "$4" --seed "$2" --out "$model.json" \
    >"$model.txt" 2>&1 || { cat "$model.txt" >&2; exit 1; }
}

mkdir -p "$out"
for seed in $seeds; do
  train vpf "$seed" $vpf_epochs --watch $watch --keep $watch --temperatures 1000
  for method in cd pcd; do
    for steps in 1 10; do
      train $method-$steps "$seed" $cd_epochs --method $method --steps $steps --lr-drop 0.3
    done
  done
done
for seed in $seeds; do
  judge vpf "$seed" model.safetensors $temperatures
  for name in cd-1 cd-10 pcd-1 pcd-10; do
    judge $name "$seed" model.safetensors $fine # their modes are harder to find
  done
done
"$python" "$root/tests/bench/methods_tables.py" "$out" "$seeds" $quick
