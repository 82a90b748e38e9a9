#!/bin/sh
# SPDX-License-Identifier: MIT
# train_test.sh <vpf> <sample folder>: vpf train as a person uses it: options, files, the same bits again, Ctrl-C, and
# what it says when something is missing. Needs python3.
set -eu
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
# shellcheck disable=SC2034  # program.sh reads it
command=train
sample=$(cd "$2" && pwd)
# shellcheck source=/dev/null
. "$(dirname "$0")/../support/program.sh"

train() { expect 0 --data "$sample" --limit 200 --epochs 2 --arch 784-16 "$@"; }

# ---- options ----

helped data fashion limit arch intra coupling epochs recipe method steps particles batch in-order lr lr-drop decay seed threads \
  watch patience chains temperatures both-ways keep checkpoint-every resume out help

refused '--data: ' --epochs 1
refused '--wrong: allowed are --data' --data "$sample" --wrong 1
refused '-x: allowed are --data' --data "$sample" -x
refused 'extra: is not an option' --data "$sample" extra
refused '--fashion=1: allowed are' --fashion=1
refused '--epochs: needs a value' --data "$sample" --epochs
refused "--data ''" --data ''
for value in 0 -1 1.5 1e3 ' 3' '3 ' 0x10 x '' 99999999999999999999; do
  refused "--epochs $value: must be an integer from 1 to" --data "$sample" --epochs "$value"
  refused "--batch $value: must be an integer from 1 to 1048576" --data "$sample" --batch "$value"
done
for value in 0 -0.1 11 nan inf 0x1p-3 1e-400 0.1x ' 1' '' 0,1; do
  refused "--lr $value: must be a number from 1e-12 to 10" --data "$sample" --lr "$value"
done
refused '--decay -1: must be a number from 0 to 100' --data "$sample" --decay -1
refused '--limit -1: must be' --data "$sample" --limit -1
refused '--threads 2000: must be an integer from 0 to 1024' --data "$sample" --threads 2000
refused '--seed 18446744073709551616: must be' --data "$sample" --seed 18446744073709551616
refused '--seed -1: must be' --data "$sample" --seed -1
for value in '' 784- -784 784--16 784-0 784-x 784,16 784-16- 784-99999999999999999999; do
  refused "--arch $value: must be" --data "$sample" --arch "$value"
done
refused '--arch 100-16: the first size must be 784' --data "$sample" --arch 100-16 --out never
refused '--intra some: must be none, hidden or all' --data "$sample" --intra some
refused '--method bp: must be vpf, cd' --data "$sample" --method bp
refused '--steps 0: must be an integer from 1 to 1000000' --data "$sample" --steps 0
refused '--particles 0: must be an integer from 1 to' --data "$sample" --particles 0
refused '--lr-drop 1.5: must be a number from 0 to 1' --data "$sample" --lr-drop 1.5
refused '--chains 1: must be an integer from 2 to' --data "$sample" --chains 1
refused '--temperatures 1: must be an integer from 2 to' --data "$sample" --temperatures 1
for option in '--patience 2' '--chains 20' '--temperatures 20' --both-ways; do
  refused "${option%% *}: does nothing without --watch" --data "$sample" $option
  refused "${option%% *}: does nothing without --watch" --data "$sample" --watch 0 $option
done
refused '--coupling loose: must be pairwise or joint' --data "$sample" --coupling loose
[ ! -e never ] || fail "a refused run made its folder"
echo "ok: options"

# ---- results ----

all_files='filters.png log.jsonl model.safetensors summary.txt '
files() { find "$1" -mindepth 1 -printf '%f\n' | sort | tr '\n' ' '; }
check_log() { # check_log <folder> <epochs> <layers>
  python3 - "$@" <<'PYTHON' || fail "log.jsonl of $1"
import json, math, sys
folder, epochs, layers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
lines = [json.loads(line) for line in open(folder + "/log.jsonl")]
assert len(lines) == epochs, len(lines)
pairs = max(layers - 1, 1)
for number, line in enumerate(lines, 1):
    assert list(line) == ["epoch", "K", "K_lower", "K_upper", "activity", "rho", "w2", "seconds"], line
    assert line["epoch"] == number, line
    assert len(line["K_lower"]) == len(line["K_upper"]) == pairs and len(line["activity"]) == layers, line
    assert math.isclose(line["K"], sum(line["K_lower"] + line["K_upper"]), rel_tol=1e-9), line
    assert all(0 <= a <= 1 for a in line["activity"]), line
    assert line["seconds"] >= 0, line
PYTHON
}

train --out 'a folder/of its own'
[ ! -s stderr ] || fail "a good run writes to stderr"
[ "$(files 'a folder/of its own')" = "$all_files" ] || fail "files"
check_log 'a folder/of its own' 2 2
check_picture 'a folder/of its own/filters.png' 122 122 # 4 x 4 tiles of 28, 2 between and around
[ "$(grep -c '^epoch ' stdout)" -eq 2 ] || fail "not a line for each epoch"
grep -q '^data  *200 of 2000 images' 'a folder/of its own/summary.txt' || fail "summary.txt"
grep -qF 'a folder/of its own/model.safetensors' stdout || fail "it does not say where the machine is"
echo "ok: results"

stat -c '%i %n' 'a folder/of its own'/* >before
cp 'a folder/of its own/model.safetensors' first
train --out 'a folder/of its own' --seed 2 --epochs 3
stat -c '%i %n' 'a folder/of its own'/* >after
[ -z "$(sort before after | uniq -d)" ] || fail "files were written over: $(sort before after | uniq -d)"
check_log 'a folder/of its own' 3 2
! cmp -s first 'a folder/of its own/model.safetensors' || fail "another seed gives the same machine"
echo "ok: a second run replaces the files"

for threads in 1 2; do
  train --out threads$threads --threads $threads
  cmp first threads$threads/model.safetensors || fail "other bits with $threads threads"
  sed 's/, "seconds.*//' threads$threads/log.jsonl >numbers$threads
done
cmp numbers1 numbers2 || fail "other numbers with 2 threads"
echo "ok: the same bits with 1 and 2 threads"

train --arch 784-16-9-4 --intra hidden --out deep
check_log deep 2 4
train --arch 784-16-9 --coupling joint --out joint
check_log joint 2 3
train --arch 784 --intra all --limit 80 --out flat
check_log flat 2 1
check_picture flat/filters.png 842 842 # 28 x 28 tiles
train --arch 784 --out bare
grep -q 'No filters.png' stdout || fail "it does not say that there is no picture"
[ ! -e bare/filters.png ] || fail "a picture of no weights"
echo "ok: machines of 1 to 4 layers"

# ---- contrastive divergence, and watching ----

for method in cd pcd; do
  train --method $method --steps 2 --particles 20 --lr-drop 0.5 --out $method
  check_log $method 2 2
  ! cmp -s first $method/model.safetensors || fail "$method is vpf"
  grep -q "^method  *$method-2" $method/summary.txt || fail "the method is not in the summary"
  grep -q 'decay 0.0001' $method/summary.txt || fail "the decay of $method"
done
! cmp -s cd/model.safetensors pcd/model.safetensors || fail "cd is pcd"
train --in-order --out in-order
! cmp -s first in-order/model.safetensors || fail "--in-order changes nothing"
train --method cd --steps 2 --out no-drop
! cmp -s cd/model.safetensors no-drop/model.safetensors || fail "--lr-drop changes nothing"

expect 0 --data "$sample" --limit 1500 --arch 784-20 --epochs 4 --watch 2 --keep 3 --both-ways --chains 10 \
  --temperatures 20 --out watched
[ "$(files watched)" = "best.safetensors $(echo "$all_files" | sed 's/model.safetensors/model-3.safetensors model.safetensors/')" ] ||
  fail "files of a watched run: $(files watched)"
python3 - watched/log.jsonl <<'PYTHON' || fail "log.jsonl of a watched run"
import json, sys
for line in map(json.loads, open(sys.argv[1])):
    keys = ["log_p", "log_p_empty", "log_z", "log_z_stderr", "ess", "log_z_reverse", "log_p_stderr", "log_p_forward",
            "log_z_bound", "bound", "doubts"]
    assert list(line)[8:] == (keys if line["epoch"] % 2 == 0 else []), line
    if keys[0] in line:
        assert -784 < line["log_p"] < 0 and 1 <= line["ess"] <= 10, line
        assert line["log_p"] <= line["log_p_forward"] and line["log_p_stderr"] > line["log_z_stderr"], line
        assert line["log_p"] <= line["log_p_forward"] + line["log_z"] - line["log_z_bound"] + 1e-9, line
PYTHON
grep -q 'best log p(validation) .* epoch' watched/summary.txt || fail "the best epoch is not in the summary"
grep -q '^watching    took [0-9.]* s, [0-9]* % of the [0-9.]* s of training' watched/summary.txt || fail "what did it cost?"
[ "$(grep -c 'log p(validation)' stdout)" -eq 3 ] || fail "not a line for each look"
expect 0 --data "$sample" --limit 1500 --arch 784-20 --epochs 200 --method pcd --lr 0.01 --watch 1 --patience 1 --chains 2 \
  --temperatures 2 --out patient
grep -q 'stopping' stdout || fail "patience does not end"
[ "$(wc -l <patient/log.jsonl)" -lt 200 ] || fail "it did not stop early"
expect 0 --data "$sample" --limit 1500 --arch 784-30-28 --coupling joint --epochs 1 --watch 1 --chains 2 \
  --temperatures 2 --out deep
grep -q 'log p(validation) at least' stdout || fail "it does not say that this is a bound"

# What is doubtful is marked at every look, and said in words once; and the summary says it of the best machine.
expect 0 --data "$sample" --limit 500 --arch 784-10 --intra all --epochs 60 --watch 15 --chains 200 \
  --temperatures 2 --out doubtful
[ "$(grep -c 'log p(validation) .*  DOUBTFUL (.*ess' stdout)" -ge 2 ] || fail "looks that are not marked"
[ "$(sed '/^library/,$d' stdout | grep -c '^  *ess: fewer than a tenth of the chains count')" -eq 1 ] || fail "not once"
grep -q '^watching .*; [1-4] of 4 looks are doubtful' doubtful/summary.txt || fail "the summary hides it"
grep -q '"doubts": \[.*"ess".*\]}$' doubtful/log.jsonl || fail "the log hides it"

# The best machine, once more, by vpf evaluate on the same images.
expect 0 --data "$sample" --limit 1500 --epochs 15 --watch 5 --out best
! grep 'DOUBTFUL' stdout || fail "a good machine is doubted"
mkdir held-out
python3 - "$sample/train-images-idx3-ubyte.gz" held-out <<'PYTHON'
import gzip, struct, sys
images = gzip.open(sys.argv[1]).read()
head = struct.unpack(">4I", images[:16])
with open(sys.argv[2] + "/t10k-images-idx3-ubyte", "wb") as file:
    file.write(struct.pack(">4I", head[0], head[1] - 1500, *head[2:]) + images[16 + 1500 * 784:])
PYTHON
cp "$sample/train-images-idx3-ubyte.gz" held-out
"$program" evaluate best/best.safetensors --data held-out --limit 1500 --parts likelihood --chains 100 --temperatures 1000 \
  --out scores.json >stdout 2>stderr || fail "vpf evaluate"
python3 - <<'PYTHON' || fail "the best machine has another likelihood"
import json, re
printed = float(re.search(r"best log p\(validation\) (-[0-9.]+) ", open("best/summary.txt").read()).group(1))
logged = max(line["log_p"] for line in map(json.loads, open("best/log.jsonl")) if "log_p" in line)
found = json.load(open("scores.json"))["likelihood"]["test"]
assert found["rows"] == 500 and abs(printed - logged) < 0.006, (printed, logged)
assert abs(printed - found["mean_low"]) < 1 and printed <= found["most"], (printed, found)
PYTHON
failing 'smaller --limit' --data "$sample" --limit 0 --watch 1 --out never-watched
expect 1 --data "$sample" --arch 784-16-8 --limit 1500 --watch 1 --epochs 1 --out deep-watched # no single energy
grep -q 'no single energy' stderr || fail "it does not say why a deep machine cannot be watched"
echo "ok: contrastive divergence, watching"

# ---- recipes ----

# Those that a mistake lists are those that --help explains, and each trains.
refused '--recipe best: must be paper, likelihood, ' --data "$sample" --recipe best
recipes=$(sed 's/.*must be //; s/ (see --help).*//; s/,//g; s/ or / /' stderr)
expect 0 --help
cp stdout help
for recipe in $recipes; do
  grep -q "^ *$recipe  *[a-zA-Z]" help || fail "--help does not explain $recipe"
  train --recipe "$recipe" --out "recipe-$recipe"
  [ "$recipe" = paper ] || ! cmp -s first "recipe-$recipe/model.safetensors" || fail "$recipe is paper"
  [ "$recipe" = paper ] || grep -qx "recipe  *$recipe" "recipe-$recipe/summary.txt" || fail "the summary does not say $recipe"
done

# paper is what there is without a recipe: the bits of vpf_model_init() and of the options' defaults, in this very build
# and in all before it.
cmp first recipe-paper/model.safetensors || fail "the paper's recipe is not the default"
train --recipe paper --method vpf --lr 0.001 --decay 0.005 --batch 40 --lr-drop 0 --out spelt
cmp first spelt/model.safetensors || fail "the defaults are not what --help says"
python3 - first <<'PYTHON' || fail "the default has other bits than it always had"
import hashlib, sys
raw = open(sys.argv[1], "rb").read()
bits = hashlib.sha256(raw[8 + int.from_bytes(raw[:8], "little"):]).hexdigest()
assert bits == "7ebde943f02c502f8e7fa62037a01b2eb5454021f522ba9f6caa58409112dc2e", bits
PYTHON

# What is given is changed, and the rest is the recipe's.
train --recipe likelihood --lr 0.1 --particles 50 --out given
grep -q '^settings .*rate 0.1, .*decay 0, ' given/summary.txt || fail "a rate on top of a recipe"
grep -q '^method .*pcd-1, 50 chains' given/summary.txt || fail "chains on top of a recipe"
! cmp -s given/model.safetensors recipe-likelihood/model.safetensors || fail "options on top of a recipe change nothing"
train --recipe likelihood --method cd --out other-method
! cmp -s other-method/model.safetensors recipe-likelihood/model.safetensors || fail "--method changes no recipe"

# Where there is a running average, it is what everything is about; the checkpoint has both.
expect 0 --data "$sample" --limit 1500 --arch 784-16 --recipe likelihood --epochs 2 --keep 2 --watch 2 --chains 2 \
  --temperatures 5 --checkpoint-every 2 --out averaged
python3 - averaged <<'PYTHON' || fail "a machine that is not the average"
import json, os, sys
def tensors(name):
    raw = open(os.path.join(sys.argv[1], name), "rb").read()
    begin = 8 + int.from_bytes(raw[:8], "little")
    where = {key: value["data_offsets"] for key, value in json.loads(raw[8:begin]).items() if key != "__metadata__"}
    return {key: raw[begin + first:begin + end] for key, (first, end) in where.items()}
checkpoint = tensors("checkpoint.safetensors")
for name in "model", "model-2", "best":
    machine = tensors(name + ".safetensors")
    assert sorted(machine) == ["bias.0", "bias.1", "weight.0"], (name, sorted(machine))
    for key, value in machine.items():
        assert value == checkpoint["optimizer.average." + key], (name, key)
        assert value != checkpoint[key], (name, key)
PYTHON
grep -q '^average ' averaged/summary.txt || fail "the summary does not speak of the average"
! grep -q '^average ' spelt/summary.txt || fail "an average that nobody wanted"
"$program" train --data "$sample" --limit 1500 --arch 784-16 --epochs 2 --resume averaged/checkpoint.safetensors \
  >stdout 2>stderr || fail "complete already"
"$program" train --data "$sample" --limit 200 --arch 784-16 --recipe likelihood --lr 1e-12 --epochs 1 --out still \
  >stdout 2>stderr || fail "a rate at which nothing moves"
cmp -s still/filters.png averaged/filters.png && fail "filters.png shows no training"

# A recipe with a tolerance measures its gradient, and ends by itself.
tiny_images tiny
expect 0 --data tiny --arch 16 --intra all --recipe fully_visible --epochs 2000 --out converged
grep -q '^ *converged after epoch [0-9]*: gradient [0-9.e-]* of noise [0-9.e-]*$' converged/summary.txt ||
  fail "it does not say that it has converged"
grep -q '^epoch .*  gradient [0-9.e-]*  noise [0-9.e-]*  activity' stdout || fail "progress does not show the gradient"
[ ! -e converged/checkpoint.safetensors ] || fail "a run that has converged leaves something to go on from"
python3 - converged/log.jsonl <<'PYTHON' || fail "log.jsonl of a run that has converged"
import json, re, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
assert 2 < len(lines) < 2000, len(lines)
assert all(list(line)[8:] == ["gradient", "gradient_noise"] for line in lines), lines[0]
assert all(line["gradient"] > 0.1 * line["gradient_noise"] for line in lines[:-1])
assert lines[-1]["gradient"] <= 0.1 * lines[-1]["gradient_noise"], lines[-1]
said = re.search(r"after epoch (\d+): gradient (\S+) of noise (\S+)", open("converged/summary.txt").read()).groups()
assert said == ("%d" % len(lines), "%.3g" % lines[-1]["gradient"], "%.3g" % lines[-1]["gradient_noise"]), said
PYTHON
expect 0 --data tiny --limit 100 --arch 16 --intra all --recipe fully_visible --epochs 1 --out one-batch
grep -q '"gradient": ' one-batch/log.jsonl || fail "no gradient of a single minibatch"
! grep -qi -e gradient_noise -e nan one-batch/log.jsonl || fail "a noise of a single minibatch"
echo "ok: recipes"

# ---- other images and names ----

mkdir dotted
{ printf '\000\000\010\003\000\000\000\144\000\000\000\004\000\000\000\005'; head -c 2000 "$program"; } \
  >dotted/train-images.idx3-ubyte # 100 images of 4 x 5
expect 0 --data dotted --arch 20-3 --epochs 1 --out dotted
grep -q 'No filters.png' stdout || fail "it does not say that there is no picture"
grep -q '^data  *100 of 100 images' dotted/summary.txt || fail "a limit above the number of images"
echo "ok: images that are not square, the dotted file name"

# ---- what goes wrong ----

failing 'no such/folder' --data 'no such/folder'
mkdir empty truncated
failing 'train-images-idx3-ubyte' --data empty
gzip -dc "$sample/train-images-idx3-ubyte.gz" | head -c 5000 >truncated/train-images-idx3-ubyte
failing 'truncated/train-images-idx3-ubyte' --data truncated
failing 'first/out' --data "$sample" --out first/out
failing 'first' --data "$sample" --out first
[ -f first ] || fail "a file in the way was harmed"
echo "ok: missing data, unusable folders"

# A rate at which nothing can converge: the machine before the failing minibatch is kept.
failing 'training diverged' --data "$sample" --arch 784-16 --epochs 50 --lr 10 --out diverged
grep -q -e '--lr' stderr || fail "no word about --lr"
for left in model checkpoint; do [ -s diverged/$left.safetensors ] || fail "there is no $left"; done
echo "ok: divergence"

# ---- Ctrl-C ----

train --out stopped
for signal in INT TERM; do
  cp stopped/log.jsonl log.before
  python3 - "$program" "$sample" $signal >stdout 2>stderr <<'PYTHON' || fail "SIG$signal"
import os, signal, subprocess, sys, time
program, sample, name = sys.argv[1:]
number = signal.Signals["SIG" + name]
run = subprocess.Popen([program, "train", "--data", sample, "--arch", "784-16", "--epochs", "1000000", "--out", "stopped"],
                       preexec_fn=lambda: signal.signal(number, signal.SIG_DFL)) # in the background it may be ignored
begin = os.stat("stopped/log.jsonl").st_ino
limit = time.monotonic() + 60
while os.stat("stopped/log.jsonl").st_ino == begin and time.monotonic() < limit:
    time.sleep(0.02)
run.send_signal(number)
status = run.wait(60)
assert status == 128 + number, status
PYTHON
  grep -q '^Stopped by ' stdout || fail "it does not say that it was stopped"
  ! cmp -s first stopped/model.safetensors || fail "SIG$signal: the machine was not saved"
  ! cmp -s log.before stopped/log.jsonl || fail "SIG$signal: log.jsonl is the old one"
  [ "$(files stopped)" = "checkpoint.safetensors $all_files" ] || fail "SIG$signal: not the files of a stopped run"
done
echo "ok: Ctrl-C"
