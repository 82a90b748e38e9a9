#!/bin/sh
# SPDX-License-Identifier: MIT
# resume_test.sh <train_mnist> <sample folder> [quick]: a run of train_mnist that ends before its time and is gone on
# with leaves what an uninterrupted one leaves: after an orderly end, Ctrl-C inside an epoch, and kill -9 at any moment.
# And what it says when that cannot be. Needs python3.
set -eu
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
sample=$(cd "$2" && pwd)
quick=${3-}
# shellcheck source=/dev/null
. "$(dirname "$0")/../support/program.sh"

# 1500 images in minibatches of 40: the last one is short, and progress is looked at once inside an epoch.
images="--limit 1500"
train() { expect 0 --data "$sample" $images "$@"; }
columns() { sed 's/"seconds": [0-9.]*//' "$1/log.jsonl"; }
same() { # same <folder> <folder>: machine, picture, and all of the log but the time
  cmp "$1/model.safetensors" "$2/model.safetensors" || fail "$2 has another machine than $1"
  cmp "$1/filters.png" "$2/filters.png" || fail "$2 has other filters than $1"
  columns "$1" >log.1
  columns "$2" >log.2
  cmp log.1 log.2 || fail "$2 has another log than $1"
}

# torture <INT|KILL> <folder> <arguments>...: run the program again and again, each time ended by that signal at a
# random moment of its first $span seconds, until it is done. Adds to counts.<signal>: lives ended, and those ended
# inside an epoch, of which inside.safetensors is one.
span=1
torture() {
  python3 - "$program" "$span" "$@" >stdout 2>stderr <<'PYTHON' || fail "torture $*"
import json, os, random, shutil, signal, struct, subprocess, sys
program, span, how, folder, *arguments = sys.argv[1:]
number = signal.Signals["SIG" + how]
checkpoint = os.path.join(folder, "checkpoint.safetensors")
chance = random.Random(os.urandom(8))
ended = inside = 0

def stopped_inside():
    raw = open(checkpoint, "rb").read()
    begin = 8 + int.from_bytes(raw[:8], "little")
    state = begin + json.loads(raw[8:begin])["optimizer.state"]["data_offsets"][0]
    flag = struct.unpack_from("<Q", raw, state + 8 * 4)[0]
    if flag:
        shutil.copy(checkpoint, "inside.safetensors")
    return flag

while True:
    resume = ["--resume", checkpoint] if os.path.exists(checkpoint) else []
    run = subprocess.Popen([program, *arguments, "--out", folder, *resume], stdout=subprocess.DEVNULL,
                           preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) # the background ignores it
    if ended < 12: # enough: the rest may end in peace
        try:
            run.wait(chance.uniform(0, float(span)))
        except subprocess.TimeoutExpired:
            run.send_signal(number)
    status = run.wait()
    if status == 0:
        break
    assert status in (-number, 128 + number), status # the first: before or after it listens to signals
    if status == 128 + number:
        inside += stopped_inside()
    ended += 1
print(ended, inside)
PYTHON
  read -r ended inside <stdout
  echo "$ended $inside" >>"counts.$1"
}

# ---- the bits of a run that was never interrupted ----

# every_way <name> <lr-drop> <arguments>...: 10 epochs, and 10 epochs in pieces
every_way() {
  label=$1 drop=$2
  shift 2
  begin=$(date +%s%N)
  train --epochs 10 --lr-drop "$drop" --threads 1 --out "$label" "$@"
  span=$(($(date +%s%N) - begin))
  span=$((span / 1000000000)).$(printf '%09d' $((span % 1000000000)))
  for threads in 1 2; do
    [ -z "$quick" ] || [ $threads = 2 ] || continue
    on=$label-$threads
    train --epochs 4 --lr-drop 0 --threads $threads --checkpoint-every 3 --out "$on" "$@"
    head -n 2 "$on/log.jsonl" >log.early
    train --epochs 10 --lr-drop "$drop" --resume "$on/checkpoint.safetensors"
    grep -q '^Resuming in epoch 5 of 10$' stdout || fail "it does not say where it resumes"
    head -n 2 "$on/log.jsonl" | cmp - log.early || fail "the first lines of the log have changed"
    same "$label" "$on"
    for signal in INT KILL; do
      # shellcheck disable=SC2086  # words
      torture $signal "$on-$signal" --data "$sample" $images --epochs 10 --lr-drop "$drop" --threads $threads \
        --checkpoint-every 1 "$@"
      same "$label" "$on-$signal"
    done
  done
}

every_way vpf 0 --arch 784-24
every_way pcd 0.5 --method pcd --steps 2 --particles 30 --arch 784-24 --intra hidden
every_way likelihood 0.4 --recipe likelihood --particles 150 --arch 784-24
if [ -z "$quick" ]; then
  every_way cd 0 --method cd --arch 784-24 --in-order
  every_way dbm 0.3 --arch 784-24-12 --intra hidden --seed 7 --decay 0.01
fi

# Most ends of an orderly stop are inside an epoch; where chance would have none of them so, one more.
inside() { awk '{ n += $2 } END { print n + 0 }' counts.INT; }
more=0
while [ "$(inside)" -eq 0 ]; do
  more=$((more + 1))
  [ $more -lt 20 ] || fail "no run could be stopped inside an epoch"
  # shellcheck disable=SC2086  # words
  torture INT more-$more --data "$sample" $images --epochs 10 --arch 784-24
  same vpf more-$more
done
awk '{ n += $1 } END { print n, "lives ended by kill -9" }' counts.KILL
awk '{ n += $1; i += $2 } END { print n, "by Ctrl-C,", i, "of them inside an epoch" }' counts.INT
echo "ok: a run in pieces has the bits of one in one go"

# A run that ends by itself ends in the same epoch, whatever it has been through; and is complete then.
tiny_images tiny
tiny="--data tiny --arch 16 --intra all --recipe fully_visible --epochs 2000"
# shellcheck disable=SC2086  # words
{
  expect 0 $tiny --out ended
  grep -q 'converged after epoch' stdout || fail "it does not converge"
  span=0.3
  torture KILL ended-KILL $tiny --checkpoint-every 1
  same ended ended-KILL
  cp -r ended-KILL ended-again
  expect 0 $tiny --resume ended-again/checkpoint.safetensors
  grep -q '^Complete already: training converged after epoch [0-9]*\.$' stdout || fail "it does not say that it is complete"
  same ended ended-again
}
echo "ok: a run that converges"

# --lr-drop is in the checkpoint: the second part need not be told again.
train --epochs 4 --lr-drop 0.5 --arch 784-16 --out dropped
train --epochs 4 --arch 784-16 --out not-dropped
! cmp -s dropped/model.safetensors not-dropped/model.safetensors || fail "--lr-drop changes nothing"
python3 - "$program" "$sample" <<'PYTHON' || fail "no run that ends after its first epoch"
import os, signal, subprocess, sys, time
program, sample = sys.argv[1:]
run = subprocess.Popen([program, "--data", sample, "--limit", "1500", "--epochs", "4", "--lr-drop", "0.5", "--arch", "784-16",
                        "--checkpoint-every", "1", "--out", "drop-killed"], stdout=subprocess.DEVNULL)
limit = time.monotonic() + 60
while not os.path.exists("drop-killed/checkpoint.safetensors") and time.monotonic() < limit and run.poll() is None:
    time.sleep(0.001)
run.send_signal(signal.SIGKILL)
run.wait()
PYTHON
train --epochs 4 --resume drop-killed/checkpoint.safetensors
cmp dropped/model.safetensors drop-killed/model.safetensors || fail "--lr-drop is not in the checkpoint"
echo "ok: --lr-drop"

# ---- what may change, and what is kept ----

small() { train --limit 400 --arch 784-16 "$@"; }
small --epochs 4 --out four --checkpoint-every 4
cp -r four other
small --epochs 6 --resume other/checkpoint.safetensors --lr 0.002
cp -r four decayed
small --epochs 6 --resume decayed/checkpoint.safetensors --decay 0.5
cp -r four six
small --epochs 6 --resume six/checkpoint.safetensors --keep 5 --threads 2
for changed in other decayed; do
  ! cmp -s six/model.safetensors $changed/model.safetensors || fail "$changed: the option changes nothing"
done
[ -s six/model-5.safetensors ] || fail "--keep does nothing"
grep -q '^settings .*rate 0.002' other/summary.txt || fail "the new rate is not in the summary"
small --epochs 6 --resume four/checkpoint.safetensors --out "else where"
cmp six/model.safetensors "else where/model.safetensors" || fail "--out changes the machine"
[ "$(wc -l <"else where/log.jsonl")" -eq 2 ] || fail "where there is no log, the new epochs are all of it"

# An earlier log is replaced by what the checkpoint knows of it: epochs after that, and a line that was cut short, go.
cp -r six again
cp four/checkpoint.safetensors again
printf '{"epoch": 7, "K"' >>again/log.jsonl
small --epochs 5 --resume again/checkpoint.safetensors
[ "$(wc -l <again/log.jsonl)" -eq 5 ] || fail "a log with epochs after the checkpoint"
head -n 4 four/log.jsonl >log.early
head -n 4 again/log.jsonl | cmp - log.early || fail "epochs of the checkpoint are lost from the log"

# The likelihood is watched as if there had been no break, and the best machine so far stays until a better one comes.
watch() { expect 0 --data "$sample" --limit 1900 --arch 784-8 --watch 1 --chains 2 --temperatures 5 "$@"; }
watch --epochs 4 --out whole
watch --epochs 2 --checkpoint-every 2 --out watched
watch --epochs 4 --resume watched/checkpoint.safetensors
same whole watched
cmp whole/best.safetensors watched/best.safetensors || fail "another best machine"
watch --epochs 8 --lr 0.01 --out better
cp better/best.safetensors watched
watch --epochs 4 --resume watched/checkpoint.safetensors
cmp better/best.safetensors watched/best.safetensors || fail "the best machine was lost"
grep -q 'best log p.*before the run was resumed' watched/summary.txt || fail "it does not say where the best is from"
echo "ok: changes, the log, the best machine"

# ---- what goes wrong ----

# untouched <how it ends> <message> <arguments>...: nothing in the folder `four` has changed
untouched() {
  how=$1
  shift
  (cd four && sha256sum ./* && stat -c '%i %n' ./*) >before
  $how "$@"
  (cd four && sha256sum ./* && stat -c '%i %n' ./*) | cmp before - || fail "a refused run changes files: $*"
  [ -z "$(find four -name '.*' -type f)" ] || fail "a refused run leaves files behind: $*"
}
ln -s "$sample" images # a name without a blank
resume="--data images --limit 400 --resume four/checkpoint.safetensors"
# shellcheck disable=SC2086  # words
{
  untouched refused '--arch 784-20: contradicts the checkpoint, which has 784-16' $resume --arch 784-20
  untouched refused '--intra hidden: contradicts the checkpoint, which has none' $resume --intra hidden
  untouched refused '--coupling joint: contradicts the checkpoint, which has pairwise' $resume --coupling joint
  untouched refused '--method cd: contradicts the checkpoint, which has vpf' $resume --method cd
  untouched refused '--steps 2: contradicts the checkpoint, which has 1' $resume --steps 2
  untouched refused '--particles 9: contradicts the checkpoint, which has 100' $resume --particles 9
  untouched refused '--batch 41: contradicts the checkpoint, which has 40' $resume --batch 41
  untouched refused '--seed 18446744073709551615: contradicts the checkpoint, which has 1' $resume \
    --seed 18446744073709551615
  untouched refused '--in-order: contradicts the checkpoint, which has shuffled' $resume --in-order
  untouched refused '--recipe likelihood: contradicts the checkpoint, which has method 0' $resume --recipe likelihood
  untouched refused '--checkpoint-every x: must be an integer from 0' $resume --checkpoint-every x
  untouched refused "--resume '': must be the name of a file" --data "$sample" --resume ''
  # the same words are no contradiction
  untouched expect 0 $resume --arch 784-16 --intra none --coupling pairwise --method vpf --recipe paper --batch 40 \
    --seed 1 --epochs 4
  grep -q '^Complete already: 4 epochs are done' stdout || fail "it does not say that the run is complete"
  untouched expect 0 $resume --epochs 2
  grep -q '^Complete already: 4 epochs are done, and --epochs 2' stdout || fail "it does not say what was asked for"
}
mkdir dotted
{ printf '\000\000\010\003\000\000\000\144\000\000\000\004\000\000\000\005'; head -c 2000 "$program"; } \
  >dotted/train-images.idx3-ubyte # 100 images of 4 x 5
untouched refused 'the machine is 784-16, but an image in' --data dotted --resume four/checkpoint.safetensors
untouched failing 'no-such' --data "$sample" --resume no-such --out four
untouched failing 'holds a "model", not a "checkpoint"' --data "$sample" --resume four/model.safetensors
size=$(stat -c %s four/checkpoint.safetensors)
for place in 3 100 $((size / 2)) $((size - 1)); do
  cp four/checkpoint.safetensors damaged
  printf '\252' | dd of=damaged bs=1 seek="$place" conv=notrunc 2>dd.log
  ! cmp -s damaged four/checkpoint.safetensors || printf '\125' | dd of=damaged bs=1 seek="$place" conv=notrunc 2>dd.log
  untouched failing malformed --data "$sample" --resume damaged --out four
done
head -c $((size - 1)) four/checkpoint.safetensors >damaged
untouched failing malformed --data "$sample" --resume damaged --out four

# Divergence leaves a checkpoint too, and with a smaller rate the run goes on. Here it is soon enough for that.
failing 'training diverged' --data "$sample" --limit 400 --arch 784-16 --epochs 50 --lr 10 --out diverged
grep -q 'resume diverged/checkpoint.safetensors' stderr || fail "it does not say how to go on"
[ -s diverged/checkpoint.safetensors ] || fail "no checkpoint after divergence"

# Between epochs other images are nobody's business, inside one they are.
untouched failing 'is unfinished: its 1500 x 784 rows' \
  --data "$sample" --limit 300 --resume inside.safetensors --out four
echo "ok: refused, and nothing overwritten"
