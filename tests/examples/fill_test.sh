#!/bin/sh
# SPDX-License-Identifier: MIT
# fill_test.sh <vpf> <sample folder>: vpf fill as a person uses it: options, errors and pictures against an independent
# computation, and what it says when something is missing. Needs NumPy.
set -eu
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
# shellcheck disable=SC2034  # program.sh reads it
command=fill
sample=$(cd "$2" && pwd)
tests=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=/dev/null
. "$tests/support/program.sh"

train rbm --arch 784-16 --limit 0 --epochs 4
train bare --arch 784
train deep --arch 784-16-9 --intra hidden
train joint --arch 784-16-9 --coupling joint
model=rbm/model.safetensors

# ---- options ----

helped data out region protocol steps average rows seed count width threads help
ln -s "$sample" sample # a name without blanks, so that options can be words
set_up="$model --data sample --out x.png"
# shellcheck disable=SC2086  # words, in all lines with $set_up
{
  refused 'MODEL: the file of a machine is needed' --data "$sample" --out x.png
  refused '--data: the folder with the test images is needed' $model --out x.png
  refused '--out: the name of the picture is needed' $model --data "$sample"
  refused '--wrong: allowed are --data, --out, --region' $set_up --wrong
  refused 'more: is not an option' $set_up more
  refused '--region middle: must be top, bottom, left, right or all' $set_up --region middle
  refused '--protocol best: must be clamped, mean-field, paper or leak' $set_up --protocol best
  refused '--steps 0: must be an integer from 1 to' $set_up --steps 0
  refused '--average x: must be an integer from 1 to' $set_up --average x
  refused '--average: 101 is more than the 100 steps' $set_up --average 101
  refused '--average: 3 is more than the 2 steps' $set_up --average 3 --steps 2
  refused '--average: is for protocols that draw states' $set_up --average 1 --protocol mean-field
  refused '--count 1001: must be an integer from 1 to 1000' $set_up --count 1001
  refused '--rows -1: must be an integer from 0 to' $set_up --rows -1
  refused '--seed -1: must be' $set_up --seed -1
  refused '--threads 1025: must be an integer from 0 to 1024' $set_up --threads 1025
  refused '--width 27: does not divide the 784 pixels of an image' $set_up --width 27
}
refused "--data '': must be the name of a folder" $model --data '' --out x.png
cp $model machine
ln -s machine link
for same in machine ./machine rbm/../link "$PWD/machine"; do
  refused "--out $same: must be another file than that of MODEL" machine --data "$sample" --out "$same"
  refused '--out machine: must be another file than that of MODEL' "$same" --data "$sample" --out machine
done
cmp $model machine || fail "the machine is not what it was"
[ ! -e x.png ] || fail "a mistake in the options leaves a picture"
echo "ok: options"

# ---- every protocol and region ----

run() { expect 0 $model --data "$sample" "$@"; }
for protocol in clamped mean-field paper leak; do
  run --out "made here/$protocol.png" --protocol $protocol --rows 30 --count 4 --steps 3
  [ ! -s stderr ] || fail "a good run writes to stderr"
  check_picture "made here/$protocol.png" 122 362 # 4 images; 3 rows for each of 4 regions
  [ "$(grep -c '^[a-z]*  *[0-9.]* +- ' stdout)" -eq 4 ] || fail "not a line for each region"
  grep -q '^images  *the first 30 of ' stdout || fail "it does not say what it scored"
done
grep -q '^ *This protocol leaks' stdout || fail "it does not say that it leaks"
run --out left.png --region left --rows 4
check_picture left.png 122 92 # not more images than there are
[ "$(grep -c '^[a-z]*  *[0-9.]* +- ' stdout)" -eq 1 ] || fail "more than one region"
grep -q '100 steps, mean of the last 50' stdout || fail "the defaults of clamped"
run --out x.png --region top --rows 4 --protocol mean-field
grep -q '50 steps of mean field' stdout || fail "the default of mean-field"
run --out x.png --region top --rows 4 --protocol paper
grep -q 'region OR noise, nothing held, 2 steps, the last one' stdout || fail "the defaults of paper"
run --out x.png --region top --rows 4 --protocol leak --steps 7
grep -q 'region OR noise, all else held, 7 steps, mean of the last 4' stdout || fail "the average of leak"
run --out x.png --region top --rows 4 --average 1 --width 56
check_picture x.png 234 50
for folder in deep joint; do
  for protocol in clamped mean-field; do
    expect 0 $folder/model.safetensors --data "$sample" --out x.png --rows 20 --protocol $protocol
  done
done
echo "ok: protocols and regions"

# ---- the same numbers again ----

# More images than are filled in at a time.
for threads in 1 2; do
  run --out threads$threads.png --rows 300 --steps 2 --threads $threads
  grep -v '^picture' stdout >numbers$threads
done
cmp threads1.png threads2.png || fail "another picture with 2 threads"
cmp numbers1 numbers2 || fail "other numbers with 2 threads"
run --out x.png --rows 300 --steps 2 --seed 2
! cmp -s x.png threads1.png || fail "another seed gives the same picture"
run --out x.png --rows 10 --steps 2
cmp x.png threads1.png || fail "the first images depend on how many there are"
echo "ok: the same numbers with 1 and 2 threads"

# ---- against an independent computation ----

# Mean field draws nothing but the noise, so all can be computed again: noise, answers, errors, picture.
run --out field.png --protocol mean-field --steps 6 --seed 12345678901 --count 3
mv stdout field.txt
# Independent pixels are sigmoid(bias), whatever is drawn.
expect 0 bare/model.safetensors --data "$sample" --out bare.png --protocol paper
mv stdout bare.txt
with_numpy "$sample" <<'PYTHON' || fail "numbers"
import sys
import numpy as np
import filling_peer as peer
grey = peer.read_images(sys.argv[1] + "/t10k-images-idx3-ubyte.gz")
bits = (grey > 127).astype(int)
rbm, bare = peer.read_model("rbm/model.safetensors"), peer.read_model("bare/model.safetensors")
names = ["top", "bottom", "left", "right"]
tiles = peer.tiles("field.png", 28, 28).reshape(12, 3, 784)
printed = {name: peer.printed_errors(name) for name in ("field.txt", "bare.txt")}
assert list(printed["field.txt"]) == list(printed["bare.txt"]) == names
for k, name in enumerate(names):
    region = peer.region_of(name, 28, 28)
    noisy = peer.corrupt(bits, region, True, 12345678901)
    answers = peer.mean_field(rbm, noisy, ~region, 6)
    independent = np.broadcast_to(peer.sigmoid(bare["bias.0"]), grey.shape)
    black = peer.error(np.zeros(grey.shape), grey, region)
    for file, got in ("field.txt", answers), ("bare.txt", independent):
        wanted = peer.error(got, grey, region) + black
        said = printed[file][name]
        assert np.abs(np.subtract(said, wanted)).max() < 0.0056, (file, name, said, wanted)
    for line, wanted in enumerate((grey, 255 * noisy, 255 * answers)):
        assert np.abs(tiles[3 * k + line] - wanted[:3]).max() < 0.6, (name, line)
PYTHON
echo "ok: an independent computation agrees"

# ---- what goes wrong ----

mkdir dotted empty
{ printf '\000\000\010\003\000\000\000\144\000\000\000\004\000\000\000\005'; head -c 2000 "$program"; } \
  >dotted/train-images.idx3-ubyte # 100 images of 4 x 5
cp dotted/train-images.idx3-ubyte dotted/t10k-images.idx3-ubyte
"$program" train --data dotted --arch 20-3 --epochs 1 --out small >stdout 2>stderr || fail "vpf train"
refused '--width: the 20 pixels of an image are not a square' small/model.safetensors --data dotted --out y.png
expect 0 small/model.safetensors --data dotted --out x.png --width 5 --count 2
check_picture x.png 16 74
refused 'its images have 20 pixels, the machine has 784 visible units' $model --data dotted --out y.png
echo "ok: images that are not square"

failing 'missing.safetensors' missing.safetensors --data "$sample" --out y.png
failing 'no t10k-images-idx3-ubyte or t10k-images.idx3-ubyte' $model --data empty --out y.png
failing 'cannot make the folder x.png' $model --data "$sample" --out x.png/y.png
head -c 100 small/model.safetensors >cut.safetensors
failing 'cut.safetensors' cut.safetensors --data "$sample" --out y.png
mkdir taken.png
failing 'taken.png' $model --data "$sample" --out taken.png --rows 2
[ ! -e y.png ] || fail "a failure leaves a picture"
[ -z "$(find . -name '.*.tmp')" ] || fail "files are left over: $(find . -name '.*.tmp')"
echo "ok: missing and unusable files"
