#!/bin/sh
# SPDX-License-Identifier: MIT
# sample_test.sh <vpf> <sample folder>: vpf sample as a person uses it: options, pictures, long chains, the same bits
# again, and what it says when something is missing. Needs NumPy.
set -eu
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
# shellcheck disable=SC2034  # program.sh reads it
command=sample
sample=$(cd "$2" && pwd)
tests=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=/dev/null
. "$tests/support/program.sh"

train rbm --arch 784-16
train bare --arch 784
train flat --arch 784 --intra all --limit 40
train deep --arch 784-16-9-4 --intra hidden
train joint --arch 784-16-9 --coupling joint
model=rbm/model.safetensors

# ---- options ----

helped out count steps prior limit samples long-chain width seed threads help
refused 'MODEL: the file of a machine is needed' --out x.png
refused '--out: the name of the picture is needed' $model
refused '--wrong: allowed are --out, --count' $model --out x.png --wrong
refused 'more: is not an option' $model more --out x.png
refused '--count: needs a value' $model --out x.png --count
for value in 0 -1 1.5 x '' 10001; do
  refused "--count $value: must be an integer from 1 to 10000" $model --out x.png --count "$value"
done
refused '--steps 0: must be an integer from 1 to' $model --out x.png --steps 0
refused '--steps 1,,2: must be an integer from 1 to' $model --out x.png --steps 1,,2
refused '--steps: 2 numbers for a machine that takes 3' deep/model.safetensors --out x.png --steps 1,2
refused '--long-chain 0: must be an integer from 1 to' $model --out x.png --long-chain 0
refused '--limit -1: must be' $model --out x.png --limit -1
refused '--seed -1: must be' $model --out x.png --seed -1
refused '--threads 1025: must be an integer from 0 to 1024' $model --out x.png --threads 1025
refused "--prior '': must be the name of a folder, or 0.5" $model --out x.png --prior ''
refused "--out '': must be the name of a file" $model --out ''
refused '--width 27: does not divide the 784 pixels of an image' $model --out x.png --width 27
cp $model machine
ln -s machine link
for same in machine ./machine rbm/../link "$PWD/machine"; do
  refused "--out $same: must be another file than that of MODEL" machine --out "$same"
  refused '--out machine: must be another file than that of MODEL' "$same" --out machine
done
cmp $model machine || fail "the machine is not what it was"
[ ! -e x.png ] || fail "a mistake in the options leaves a picture"
echo "ok: options"

# ---- pictures ----

expect 0 $model --out 'a folder/of its own/x.png'
[ ! -s stderr ] || fail "a good run writes to stderr"
check_picture 'a folder/of its own/x.png' 302 302 # 10 x 10 tiles of 28, 2 between and around
[ "$(find 'a folder' -type f | wc -l)" -eq 1 ] || fail "files are left over"
grep -q '^machine  *784-16, pairwise$' stdout || fail "it does not say what the machine is"
grep -q '^images  *100, 5 steps, seed 1, probabilities$' stdout || fail "it does not say what it drew"
mv 'a folder/of its own/x.png' first.png

expect 0 $model --out 7.png --count 7
check_picture 7.png 92 92
expect 0 $model --out wide.png --count 1 --width 56
check_picture wide.png 60 18
for arguments in '--seed 1' '--steps 5' '--prior 0.5' '--threads 1' '--threads 2' '--width 28'; do
  # shellcheck disable=SC2086  # words
  expect 0 $model --out same.png $arguments
  cmp same.png first.png || fail "$arguments gives another picture"
done
for arguments in '--seed 2' '--steps 4' '--samples'; do
  # shellcheck disable=SC2086  # words
  expect 0 $model --out other.png $arguments
  ! cmp -s other.png first.png || fail "$arguments gives the same picture"
done
# five steps of a machine that has learned little forget where they began
expect 0 $model --out half.png --steps 1
expect 0 $model --out all.png --steps 1 --prior "$sample"
expect 0 $model --out some.png --steps 1 --prior "$sample" --limit 10
! cmp -s half.png all.png || fail "the prior changes nothing"
! cmp -s some.png all.png || fail "--limit changes nothing"
grep -q "^prior  *mean activations of 10 images, $sample/train-images-idx3-ubyte.gz" stdout || fail "whose prior?"
expect 0 deep/model.safetensors --out deep.png
grep -q 'images  *100, 3 steps' stdout || fail "not 3 steps with intra-layer weights"
grep -q '^machine  *784-16-9-4, intra-layer weights in layers 1 2 3, pairwise$' stdout || fail "the deep machine"
expect 0 deep/model.safetensors --out deep-p.png --prior "$sample" --samples
expect 0 deep/model.safetensors --out even.png --steps 3,3,3
cmp even.png deep.png || fail "three equal numbers of steps give another picture than one"
expect 0 deep/model.safetensors --out uneven.png --steps 1,2,5
grep -q 'images  *100, 1, 2, 5 steps' stdout || fail "it does not say how many steps each pair takes"
! cmp -s uneven.png deep.png || fail "other numbers of steps give the same picture"
expect 0 joint/model.safetensors --out joint.png --count 4
check_picture joint.png 62 62
echo "ok: pictures"

# Independent pixels are on with sigmoid(bias), whatever is drawn; samples are black and white.
expect 0 bare/model.safetensors --out bare.png --count 6
expect 0 bare/model.safetensors --out samples.png --count 900 --samples
expect 0 bare/model.safetensors --out prior.png --count 6 --prior "$sample"
with_numpy <<'PYTHON' || fail "levels of the pictures"
import numpy as np
import filling_peer as peer
p = peer.sigmoid(peer.read_model("bare/model.safetensors")["bias.0"]).reshape(28, 28)
for name in "bare.png", "prior.png":
    tiles = peer.tiles(name, 28, 28)
    assert tiles.shape[:2] == (2, 3)
    assert np.abs(tiles - 255 * p).max() <= 0.51
samples = peer.tiles("samples.png", 28, 28).reshape(900, 28, 28)
assert set(np.unique(samples)) == {0, 255}
assert np.abs(samples.mean(axis=0) / 255 - p).max() < 5 * 0.5 / 30
PYTHON
echo "ok: levels"

# ---- long chains ----

# The columns are the start and 20 states; the shares of pixels printed are those of the columns.
expect 0 $model --out chains.png --long-chain 40
[ ! -s stderr ] || fail "a good run writes to stderr"
check_picture chains.png 632 302 # 21 states of 10 chains
expect 0 $model --out short.png --long-chain 5 --count 3
check_picture short.png 182 92
expect 0 deep/model.safetensors --out pair.png --long-chain 2 --count 2
grep -q 'chains  *2 of the first pair' stdout || fail "it does not say which chain it is"
expect 0 joint/model.safetensors --out joint.png --long-chain 2 --count 2
grep -q 'chains  *2, a state every 1 sweeps' stdout || fail "chains of the joint machine"
expect 0 flat/model.safetensors --out flat.png --long-chain 41 --count 4
check_picture flat.png 452 122 # every 3 sweeps, and the last
cp stdout flat.txt
with_numpy <<'PYTHON' || fail "long chains"
import re
import numpy as np
import filling_peer as peer
tiles = peer.tiles("flat.png", 28, 28)
assert tiles.shape[:2] == (4, 15) and set(np.unique(tiles)) == {0, 255}
model = peer.read_model("flat/model.safetensors")
lines = re.findall(r"^ +(\d+) +(-?\d+\.\d\d)  (\d\.\d{4})$", open("flat.txt").read(), re.M)
assert [int(l[0]) for l in lines] == [min(3 * k, 41) for k in range(15)], lines
for column, line in enumerate(lines):
    bits = (tiles[:, column].reshape(4, 784) > 0).astype(float)
    energy = -(0.5 * np.einsum("ri,ij,rj->r", bits, model["intra.0"], bits) + bits @ model["bias.0"])
    assert abs(energy.mean() - float(line[1])) < 0.006, (energy, line)
    assert abs(bits.mean() - float(line[2])) < 0.00006
PYTHON
expect 0 flat/model.safetensors --out again.png --long-chain 41 --count 4 --threads 2
cmp flat.png again.png || fail "other chains with 2 threads"
expect 0 flat/model.safetensors --out again.png --long-chain 41 --count 4 --seed 2
! cmp -s flat.png again.png || fail "the same chains from another seed"
echo "ok: long chains"

# ---- what goes wrong ----

mkdir dotted
{ printf '\000\000\010\003\000\000\000\144\000\000\000\004\000\000\000\005'; head -c 2000 "$program"; } \
  >dotted/train-images.idx3-ubyte # 100 images of 4 x 5
"$program" train --data dotted --arch 20-3 --epochs 1 --out small >stdout 2>stderr || fail "vpf train"
refused '--width: the 20 pixels of an image are not a square; say how wide it is' small/model.safetensors --out x.png
expect 0 small/model.safetensors --out x.png --width 5 --count 2 --prior dotted
check_picture x.png 16 8
echo "ok: images that are not square"

failing 'missing.safetensors' missing.safetensors --out y.png
failing 'x.png' x.png --out y.png
failing 'no train-images-idx3-ubyte' $model --out y.png --prior small
failing 'cannot make the folder first.png' $model --out first.png/y.png
failing '20' $model --out y.png --prior dotted
[ ! -e y.png ] || fail "a failure leaves a picture"
mkdir taken.png
failing 'taken.png' $model --out taken.png
[ -z "$(find . -name '.*.tmp')" ] || fail "files are left over: $(find . -name '.*.tmp')"
echo "ok: missing and unusable files"
