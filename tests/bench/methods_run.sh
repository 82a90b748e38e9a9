#!/bin/sh
# SPDX-License-Identifier: MIT
# RBM(196) on MNIST by VPF, CD-1, CD-10, PCD-1 and PCD-10: how well each fills in, what its samples
# score, and how probable the test images really are. Prints the tables of docs/evaluation.md, means
# over the seeds, and checks what that page claims of them.
#
#   sh tests/bench/methods_run.sh [--data DIR] [--seeds "1 2 3"] [--out DIR]
#   sh tests/bench/methods_run.sh --quick     the bundled sample, small machines: every path, no claims,
#                                             nothing left behind
#
# PROGRAMS names the folder of train_mnist and vpf if it is not build/release/examples. The whole
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

arch=784-196 vpf_epochs=200 along="10 20 50" cd_epochs=20 limit=50000
coarse="--chains 200 --temperatures 3000" fine="--chains 100 --temperatures 10000"
if [ $quick = yes ]; then
  data=$root/examples/sample
  out=$(mktemp -d)
  trap 'rm -rf "$out"' EXIT
  seeds=1 arch=784-18 vpf_epochs=4 along=2 cd_epochs=2 limit=1500
  coarse="--quick --rows 50" fine="--quick --rows 50"
fi

# train <name> <seed> <epochs> <options>...
train() {
  folder=$out/$1-$2
  [ -e "$folder/model.safetensors" ] && return
  name=$1 seed=$2 epochs=$3
  shift 3
  echo "training $name, seed $seed" >&2
  "$programs/train_mnist" --data "$data" --arch $arch --limit $limit --seed "$seed" --epochs "$epochs" \
    --out "$folder" "$@" >"$folder.txt" 2>&1 || { cat "$folder.txt" >&2; exit 1; }
}

# judge <name> <seed> <model file> <options>...: what vpf evaluate says, beside the model.
judge() {
  model=$out/$1-$2/$3
  [ -e "$model.json" ] && return
  name=$1 seed=$2 file=$3
  shift 3
  echo "evaluating $name, seed $seed, $file" >&2
  "$programs/vpf" evaluate "$model" --data "$data" --limit $limit --seed "$seed" --out "$model.json" "$@" \
    >"$model.txt" 2>&1 || { cat "$model.txt" >&2; exit 1; }
}

mkdir -p "$out"
for seed in $seeds; do
  train vpf "$seed" $vpf_epochs --watch 10 --temperatures 1000 --keep "${along%% *}"
  train vpf-order "$seed" $vpf_epochs --in-order
  train vpf-decay "$seed" $vpf_epochs --decay 0.01
  for method in cd pcd; do
    for steps in 1 10; do
      train $method-$steps "$seed" $cd_epochs --method $method --steps $steps --lr-drop 0.3
    done
  done
done
neighbours=2000 # they do not depend on the model
# shellcheck disable=SC2086  # options are words
for seed in $seeds; do
  for epoch in $along; do judge vpf "$seed" "model-$epoch.safetensors" $coarse --parts likelihood; done
  judge vpf "$seed" model.safetensors $coarse --neighbours $neighbours
  neighbours=0
  for name in vpf-order vpf-decay; do
    judge $name "$seed" model.safetensors $coarse --neighbours 0 --parts filling
  done
  for name in cd-1 cd-10 pcd-1 pcd-10; do # whose modes are harder to find
    judge $name "$seed" model.safetensors $fine --neighbours 0
  done
done
"$python" "$root/tests/bench/methods_tables.py" "$out" "$seeds" "$along" $quick
