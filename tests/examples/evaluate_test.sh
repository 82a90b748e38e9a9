#!/bin/sh
# SPDX-License-Identifier: MIT
# evaluate_test.sh <vpf> <sample folder>: vpf evaluate as a person uses it: options, every part on every kind of
# machine, the numbers against vpf fill and against an independent computation, and what it says when something is
# missing. Needs NumPy.
set -eu
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
# shellcheck disable=SC2034  # program.sh reads it
command=evaluate
sample=$(cd "$2" && pwd)
tests=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=/dev/null
. "$tests/support/program.sh"

train rbm --arch 784-8
train other --arch 784-8 --seed 2
train annealed --arch 784-17 # one more than are enumerated
train deep --arch 784-8-5 --intra hidden
train wide --arch 784-30-4 --intra hidden
train deep-pair --arch 784-8-5
train joint --arch 784-10-6 --coupling joint
train flat --arch 784 --intra all --limit 40
train shaky --arch 784-10 --intra all --limit 500 --epochs 60 # too strongly coupled for a few temperatures
train good --arch 784-196 --limit 1500 --epochs 10
model=rbm/model.safetensors

# ---- options ----

helped data limit rows parts out scores quick chains temperatures reverse-sweeps samples steps draws sigma neighbours width \
  ladder ladder-file ladder-sweeps seed threads help
ln -s "$sample" sample # a name without blanks, so that options can be words
set_up="$model --data sample --out x.json"
# shellcheck disable=SC2086  # words, in all lines with $set_up
{
  refused 'MODEL: the file of a machine is needed' --data "$sample"
  refused '--data: the folder with the images is needed' $model
  refused '--wrong: allowed are --data, --limit' $set_up --wrong
  refused 'more: is not an option' $set_up more
  for value in '' all 'machine,' ,machine machine,,mixing machines machine,mix; do
    refused "--parts $value: must be some of machine, likelihood, parzen, filling" $set_up --parts "$value"
  done
  for value in 0 -1 x '' nan; do
    refused "--sigma $value: must be a number from 0.001 to 1000" $set_up --sigma "$value"
  done
  refused '--sigma select: needs images that were not trained on: give a smaller --limit' $set_up --sigma select
  refused '--chains 1: must be an integer from 2 to' $set_up --chains 1
  refused '--temperatures 1: must be an integer from 2 to' $set_up --temperatures 1
  refused '--reverse-sweeps 0: must be an integer from 1 to' $set_up --reverse-sweeps 0
  refused '--ladder-sweeps 3: must be an integer from 4 to' $set_up --ladder-sweeps 3
  refused '--ladder: is of the part likelihood, which --parts does not have' $set_up --ladder --parts machine,mixing
  refused '--ladder-file x.json: must be another file than that of --out' $set_up --ladder-file x.json
  refused '--ladder-file y: must be another file than that of --scores' $set_up --ladder-file y --scores y
  refused '--samples 0: must be an integer from 1 to' $set_up --samples 0
  refused '--steps 0: must be an integer from 1 to' $set_up --steps 0
  refused '--draws 0: must be an integer from 1 to' $set_up --draws 0
  refused '--neighbours -1: must be an integer from 0 to' $set_up --neighbours -1
  refused '--rows x: must be an integer from 0 to' $set_up --rows x
  refused '--limit -1: must be an integer from 0 to' $set_up --limit -1
  refused '--seed 9223372036854775808: must be an integer from 0 to 9223372036854775807' $set_up \
    --seed 9223372036854775808
  refused '--threads 1025: must be an integer from 0 to 1024' $set_up --threads 1025
  refused '--scores x.json: must be another file than that of --out' $set_up --scores x.json
  refused '--ladder-file new/y: must be another file than that of --scores' $set_up --ladder-file new/y \
    --scores ./new/.//y
  ln -s ../y rbm/leads
  cp $model copy
  for same in rbm/../copy ./copy "$PWD/copy" rbm/copy-too; do
    ln -sf ../copy rbm/copy-too
    for option in --out --scores --ladder-file; do
      refused "$option $same: must be another file than that of MODEL" copy --data sample $option "$same"
    done
    refused "--scores $same: must be another file than that of --out" $model --data sample --out copy --scores "$same"
    refused "--ladder-file copy: must be another file than that of --out" $model --data sample --out "$same" \
      --ladder-file copy
  done
  refused '--scores rbm/leads: must be another file than that of --out' $model --data sample --out y --scores rbm/leads
  cmp $model copy || fail "the machine is not what it was"
  rm rbm/leads rbm/copy-too copy
  refused '--ladder: is of the part likelihood' $set_up --ladder-sweeps 100 --parts machine
  refused '--width 27: does not divide the 784 pixels of an image' $set_up --width 27
}
refused "--data '': must be the name of a folder" $model --data ''
refused "--out '': must be the name of a file" $model --data "$sample" --out ''
refused "--scores '': must be the name of a file" $model --data "$sample" --scores ''
refused "--ladder-file '': must be the name of a file" $model --data "$sample" --ladder-file ''
for folder in joint flat wide; do # of wide, the first pair has intra-layer weights
  refused '--ladder: ladders are for machines of two layers without intra-layer weights' $folder/model.safetensors \
    --data "$sample" --ladder
done
[ ! -e x.json ] || fail "a mistake in the options leaves a file"
echo "ok: options"

# ---- every part of every machine ----

# One thread: other tests run beside, and waiting threads would take their processors.
run() { # run <folder> <JSON> <arguments>...
  folder=$1
  json=$2
  shift 2
  expect 0 "$folder/model.safetensors" --data "$sample" --limit 1500 --quick --threads 1 --out "$json" "$@"
  [ ! -s stderr ] || fail "a good run writes to stderr"
}
run rbm 'made here/rbm.json' --rows 30 --neighbours 20 --sigma select --draws 2
[ "$(find 'made here' -type f | wc -l)" -eq 1 ] || fail "files are left over"
mv 'made here/rbm.json' .
grep -q '^will take   about .*: machine .*, likelihood .*, parzen .*, filling .*, moments .*, mixing ' stdout ||
  fail "it does not say beforehand how long it will take"
grep -q 'rewards smoothness as much as quality' stdout || fail "a Parzen score without its weakness"
grep -q 'leak (leaks)' stdout || fail "it does not say that it leaks"
run annealed annealed.json --rows 40 --parts machine,likelihood,mixing
grep -q '^            The reverse run began at Gibbs chains from the test images' stdout || fail "where did it begin?"
grep -q '^            annealing from [1-9][0-9]* bases, training images among them: 20 chains, 100 temp' stdout ||
  fail "it does not say how many bases"
grep -q '^            log Z, both runs  *[0-9.]*  (Bennett' stdout || fail "no estimate by both runs"
grep -q '^            log Z is at least  *[0-9.]*  (mean field)' stdout || fail "no bound"
grep -A 1 '^            test images  *-' stdout | grep -q '^            independent pixels  *-' || fail "what is trivial?"
run shaky shaky.json --rows 20 --parts likelihood --chains 200 --temperatures 2 --reverse-sweeps 5
[ "$(grep -c '^WARNING     ' stdout)" -eq 4 ] || fail "not the three doubts, and that it is worse than pixels"
grep -q '^WARNING     fewer than a tenth of the chains count' stdout || fail "a low ESS without a warning"
grep -q '^WARNING     The machine is worse than independent pixels, by ' stdout || fail "it is worse, and nothing says so"
run good good.json --rows 100 --parts likelihood
! grep 'WARNING' stdout || fail "a good machine is doubted"
grep -q '^            report  *-[0-9.]* +- .* test images, by the largest log Z' stdout || fail "what is to be reported?"
run deep deep.json --rows 10 --seed 7
grep -q '^likelihood  log p of the first pair,' stdout || fail "it does not say whose likelihood it is"
grep -q '^mixing      10 Gibbs chains of the first pair ' stdout || fail "it does not say whose chains they are"
run wide wide.json --rows 20 --parts likelihood,moments
grep -q '^            log p is at least, by  *forward' stdout || fail "it does not say that this is a bound"
grep -q '^            report: at least  *-' stdout || fail "what is to be reported of a bound?"
grep -q '^WARNING     This lower bound is .* nats below independent pixels' stdout || fail "a bound that shows nothing"
run joint joint.json --rows 10 --neighbours 0
grep -q '^WARNING     The machine is worse than independent pixels, by .* nats\.$' stdout || fail "joint: is it worse?"
run flat flat.json --rows 4 --seed 9223372036854775807
run rbm one.json --rows 1 --parts likelihood,parzen,filling,moments,mixing --samples 2
expect 0 $model --data "$sample" --quick --threads 1 --rows 2 --parts machine,mixing # no --out: the table alone
[ "$(grep -c '^            took ' stdout)" -eq 2 ] || fail "not the two parts that were asked for"

python3 - <<'PYTHON' || fail "keys"
import json
def refuse(word):
    raise ValueError(word + " is not JSON")
def keys(name):
    return json.load(open(name + ".json"), parse_constant=refuse)
head = ["program", "library", "model", "images", "seed", "quick"]
parts = ["machine", "likelihood", "parzen", "filling", "moments", "mixing"]
regions = ["top", "bottom", "left", "right"]
rows = ["rows", "mean", "reverse_mean", "most", "mean_low", "rows_stderr", "ladder_mean"]
windows = ["centres", "sigma", "mean", "points_stderr", "draws", "draws_stderr"]
comparison = ["rows", "mean_pearson", "mean_rms", "pair_pearson", "pair_rms", "connected_pearson", "connected_rms"]
for name in "rbm", "deep", "joint", "flat":
    j = keys(name)
    assert list(j) == head + parts + ["seconds"], list(j)
    assert list(j["model"]) == ["file", "layers", "intra", "coupling", "parameters"]
    assert list(j["images"]) == ["test_file", "test_rows", "training_file", "training_rows"]
    assert list(j["machine"]) == ["rows", "activity", "population_sparseness", "lifetime_sparseness", "dead",
                                  "saturated", "rho", "w2", "seconds"]
    assert list(j["likelihood"]) == [
        "of", "available", "reason", "exact", "chains", "temperatures", "reverse_sweeps", "base", "log_z",
        "log_z_stderr", "ess", "spread", "reverse_log_z", "reverse_stderr", "reverse_ess", "reverse_spread",
        "reverse_start", "disagree", "log_z_bound", "log_z_both", "doubts", "bases", "bound", "test", "training", "empty",
        "independent", "pseudo", "ladder", "seconds"]
    assert j["likelihood"]["ladder"] is j["likelihood"]["test"]["ladder_mean"] is None
    assert all(list(j["likelihood"][k]) == rows for k in ("test", "training", "empty", "independent"))
    assert list(j["parzen"]) == ["rows", "steps", "validation_rows", "r", "p", "training", "seconds"]
    assert all(list(j["parzen"][k]) == windows for k in ("r", "p", "training"))
    ways = ["clamped", "mean_field", "paper", "leak"]
    others = ["black"] + ["neighbours"] * (name != "joint")
    assert list(j["filling"]) == ["rows"] + ways + others + ["seconds"]
    for k in ways + others:
        settings = {"black": [], "neighbours": ["rows", "nearest", "training_rows"]}
        assert list(j["filling"][k]) == settings.get(k, ["noise", "held", "leaks", "steps", "average"]) + regions
        assert all(list(j["filling"][k][r]) == ["error", "stderr"] for r in regions)
    assert [j["filling"][k]["leaks"] for k in ways] == [False, False, False, True]
    assert list(j["moments"]) == ["rows", "steps", "samples", "training", "seconds"]
    assert list(j["moments"]["samples"]) == list(j["moments"]["training"]) == comparison
    assert list(j["mixing"]) == ["of", "chains", "draws", "mean", "sd", "drift", "drift_stderr",
                                 "autocorrelation_time", "ess", "split_rhat", "pixels_on_start", "pixels_on_end",
                                 "seconds"]
    assert all(j[p]["seconds"] >= 0 for p in parts) and j["seconds"] >= sum(j[p]["seconds"] for p in parts)
j = keys("deep")
assert (j["model"]["layers"], j["model"]["intra"]) == ([784, 8, 5], [False, True, True])
assert j["model"]["coupling"] == "pairwise"
assert len(j["machine"]["activity"]) == 3 and len(j["machine"]["rho"]) == len(j["machine"]["w2"]) == 2
assert j["likelihood"]["of"] == j["mixing"]["of"] == "first pair" and j["seed"] == 7 and j["parzen"]["steps"] == 3
assert j["likelihood"]["pseudo"] is None
j = keys("joint")
assert (j["model"]["coupling"], j["likelihood"]["of"], j["parzen"]["steps"]) == ("joint", "model", 5)
j = keys("flat")
assert j["seed"] == 2**63 - 1 and j["machine"]["rho"] == [] and j["likelihood"]["pseudo"] < 0
assert j["parzen"]["r"]["mean"] != j["parzen"]["p"]["mean"]
j = keys("wide")
assert list(j) == head + ["likelihood", "moments", "seconds"]
l = j["likelihood"]
assert l["available"] and l["bound"] and not l["exact"] and l["test"]["mean"] < 0 and l["test"]["most"] is None
assert l["independent"]["mean"] < 0
l = keys("annealed")["likelihood"]
assert not l["bound"]
assert l["available"] and not l["exact"] and (l["chains"], l["temperatures"], l["reverse_sweeps"]) == (20, 100, 100)
assert l["reverse_start"] == "chains" and not l["disagree"] and l["base"] == "training"
assert abs(l["reverse_log_z"] - l["log_z"]) < 5 * (l["log_z_stderr"] + l["reverse_stderr"])
for k in "test", "training", "empty":
    assert abs(l[k]["mean"] + l["log_z"] - l[k]["reverse_mean"] - l["reverse_log_z"]) < 1e-9, k
# The safe number: by the largest log Z that must be reckoned with. With the bound of log Z log p is at most `most`.
def check_safe(l):
    safe = max(l["log_z"], l["log_z_both"], l["log_z_bound"], *[l["reverse_log_z"]] * ("reverse" in l["doubts"]))
    for k in "test", "training", "empty":
        assert abs(l[k]["mean"] + l["log_z"] - l[k]["mean_low"] - safe) < 1e-9, k
        assert abs(l[k]["mean"] + l["log_z"] - l[k]["most"] - l["log_z_bound"]) < 1e-9, k
        assert l[k]["mean_low"] <= l[k]["most"] + 1e-9
    assert l["independent"]["mean_low"] == l["independent"]["mean"] and l["independent"]["most"] is None
    assert l["disagree"] == bool(l["doubts"]) and l["bases"] >= 1
for name in "annealed", "shaky", "good":
    check_safe(keys(name)["likelihood"])
l = keys("shaky")["likelihood"]
assert l["doubts"] == ["reverse", "ess", "spread"] and l["ess"] < 0.1 * l["chains"]
assert keys("good")["likelihood"]["doubts"] == []
for name in "rbm", "deep": # enumerated: there is nothing to reckon with
    l = keys(name)["likelihood"]
    assert l["doubts"] == [] and l["bases"] is l["log_z_both"] is l["test"]["most"] is None
    assert l["test"]["mean_low"] == l["test"]["mean"]
j = keys("one") # what one row cannot tell is null
assert j["likelihood"]["test"]["rows_stderr"] is j["mixing"]["drift_stderr"] is None
assert j["parzen"]["p"]["points_stderr"] is j["parzen"]["p"]["draws_stderr"] is None
assert j["moments"]["training"]["connected_pearson"] is None # no more is a correlation of numbers that are all 0
assert j["filling"]["paper"]["top"]["stderr"] is None
PYTHON
echo "ok: every part of every machine, the keys"

# ---- log Z by a ladder ----

climb() { # climb <folder> <JSON> <arguments>...
  folder=$1
  json=$2
  shift 2
  run "$folder" "$json" --rows 20 --parts likelihood "$@"
}
climb rbm built.json --ladder-file 'kept here/ladder.safetensors' --ladder-sweeps 400
grep -q '^            a ladder of [0-9]* rungs, written to kept here/ladder.safetensors: 20 chains, 400 sweeps; made in' \
  stdout || fail "what ladder is it?"
grep -q '^            log Z, ladder  *[0-9.]* +- *[0-9.]*  least acceptance 0.[0-9]*, [0-9]* round trips, split R-hat [01][.]' \
  stdout || fail "no log Z by the ladder"
grep -q '^            log p by log Z         enumerated                ladder$' stdout || fail "which log p is it?"
[ "$(find 'kept here' -type f)" = 'kept here/ladder.safetensors' ] || fail "no ladder, or more than that"
cp 'kept here/ladder.safetensors' before
climb rbm read.json --ladder-file 'kept here/ladder.safetensors' --ladder-sweeps 400
grep -q '^            a ladder of [0-9]* rungs from kept here/ladder.safetensors: ' stdout || fail "it was not read"
climb other led-on.json --ladder-file 'kept here/ladder.safetensors' --ladder-sweeps 400
grep -q '^            a ladder of .* rungs, 1 of them added to those of kept here/ladder.safetensors: ' stdout ||
  fail "it was not led on to the machine"
cmp before 'kept here/ladder.safetensors' || fail "a ladder that was read is written"
climb rbm threads2.json --ladder --ladder-sweeps 400 --threads 2
climb good tall.json --ladder --temperatures 2 --reverse-sweeps 1
grep -q '^            log p by log Z            forward               reverse     at most      ladder$' stdout ||
  fail "which log p is it?"
grep -q '^WARNING     The ladder has few round trips: give more --ladder-sweeps' stdout || fail "so few are not doubted"
climb deep-pair pair.json --ladder-sweeps 100 # implies --ladder
grep -q '^likelihood  log p of the first pair,' stdout || fail "it does not say whose ladder it is"

with_numpy <<'PYTHON' || fail "log Z by a ladder"
import json
def likelihood(name):
    return json.load(open(name + ".json"))["likelihood"]
keys = ["available", "reason", "file", "read", "chains", "sweeps", "rungs", "added", "log_z", "log_z_stderr",
        "log_z_bound", "disagree", "acceptance_mean", "acceptance_least", "acceptance_rung", "arrivals", "round_trips",
        "split_rhat", "autocorrelation_time", "build_seconds", "sample_seconds"]
for name in "built", "read", "led-on", "tall", "pair":
    l, ladder = likelihood(name), likelihood(name)["ladder"]
    assert list(ladder) == keys, list(ladder)
    assert ladder["available"] and ladder["reason"] is None and not ladder["disagree"]
    assert ladder["chains"] == 20 and 0 < ladder["acceptance_least"] <= ladder["acceptance_mean"] < 1
    assert 0 < ladder["log_z_stderr"] < 0.5 and ladder["split_rhat"] < 1.05
    if l["exact"]:
        assert abs(ladder["log_z"] - l["log_z"]) < 4 * ladder["log_z_stderr"], name
        assert ladder["log_z_bound"] < l["log_z"] + 1e-6
    for k in "test", "training", "empty":
        assert abs(l[k]["mean"] + l["log_z"] - l[k]["ladder_mean"] - ladder["log_z"]) < 1e-9, (name, k)
    assert l["independent"]["ladder_mean"] is None
for name in "built", "read", "led-on", "pair": # enumerated: there is nothing to reckon with
    assert likelihood(name)["exact"] and likelihood(name)["test"]["mean_low"] == likelihood(name)["test"]["mean"]
built, read, other = (likelihood(n)["ladder"] for n in ("built", "read", "led-on"))
threads = likelihood("threads2")["ladder"]
assert (built["read"], read["read"], other["read"]) == (False, True, True)
assert (built["added"], read["added"], other["added"]) == (0, 0, 1) and other["rungs"] == built["rungs"] + 1
assert built["file"] == read["file"] == "kept here/ladder.safetensors" and threads["file"] is None
for k in keys[4:-2]:
    assert built[k] == read[k] == threads[k], k
l = likelihood("tall") # poorly annealed, so that the ladder has the largest log Z
assert l["ladder"]["log_z"] > max(l["log_z"], l["log_z_both"], l["log_z_bound"]) and "reverse" not in l["doubts"]
assert abs(l["test"]["mean_low"] - l["test"]["ladder_mean"]) < 1e-9
PYTHON
echo "ok: log Z by a ladder"

# ---- the same numbers as vpf fill, with 1 and 2 threads ----

for protocol in clamped mean-field paper leak; do
  "$program" fill $model --data "$sample" --rows 30 --protocol $protocol --threads 1 --out x.png \
    >$protocol.txt 2>stderr || fail "vpf fill"
done
run rbm threads2.json --rows 30 --neighbours 20 --sigma select --draws 2 --threads 2
run annealed annealed2.json --rows 40 --parts machine,likelihood,mixing --threads 2
with_numpy <<'PYTHON' || fail "the same numbers"
import json
import filling_peer as peer
def load(name):
    return json.load(open(name + ".json"))
def same(a, b, tolerance, path=""):
    if isinstance(a, dict):
        assert list(a) == list(b)
        for k in a:
            if k != "seconds":
                same(a[k], b[k], 1e-6 if k == "parzen" else tolerance, path + "/" + k)
    elif isinstance(a, float):
        assert abs(a - b) <= tolerance * abs(a), (path, a, b)
    else:
        assert a == b, (path, a, b)
same(load("rbm"), load("threads2"), 0)
same(load("annealed"), load("annealed2"), 0)
filling = load("rbm")["filling"]
for name in "clamped", "mean-field", "paper", "leak":
    for region, numbers in peer.printed_errors(name + ".txt").items():
        found = filling[name.replace("-", "_")][region], filling["black"][region]
        for k, value in enumerate(v for f in found for v in (f["error"], f["stderr"])):
            assert abs(value - numbers[k]) < 0.0051, (name, region, value, numbers[k])
PYTHON
echo "ok: the numbers of vpf fill; the same with 1 and 2 threads"

# ---- against an independent computation ----

with_numpy "$sample" <<'PYTHON' || fail "an independent computation"
import json, sys
import numpy as np
import filling_peer as peer
grey = {s: peer.read_images("%s/%s-images-idx3-ubyte.gz" % (sys.argv[1], s)) / 255 for s in ("t10k", "train")}
bits = {s: (g > 0.5).astype(float) for s, g in grey.items()}

def log_sum(a):
    top = a.max(axis=-1, keepdims=True)
    return np.log(np.exp(a - top).sum(axis=-1)) + top[..., 0]
def softplus(z):
    return np.logaddexp(0, z)
def states(n):
    return (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(float)
def stderr(values):
    return values.std(ddof=1) / np.sqrt(len(values))
def close(found, wanted, tolerance=1e-3):
    assert abs(found - wanted) < tolerance, (found, wanted)

# The states of the first hidden layer one by one; all that touches it is summed out.
def check_likelihood(name, up, rows, above=None):
    model, l = peer.read_model(name + "/model.safetensors"), json.load(open(name + ".json"))["likelihood"]
    w, b, c = model["weight.0"], model["bias.0"], model[up]
    h = states(w.shape[1])
    own = h @ c + (0.5 * np.einsum("si,ij,sj->s", h, model["intra.1"], h) if "intra.1" in model else 0)
    own = own + (softplus(h @ model["weight.1"] + model["bias.2"]).sum(axis=1) if above else 0)
    log_z = log_sum(own + softplus(h @ w.T + b).sum(axis=1))
    assert l["exact"] and l["available"]
    close(l["log_z"], log_z)
    for key, x in ("test", bits["t10k"][:rows]), ("training", bits["train"][:rows]), ("empty", np.zeros((1, 784))):
        log_p = x @ b + log_sum(own + x @ w @ h.T) - log_z
        assert l[key]["rows"] == len(x)
        close(l[key]["mean"], log_p.mean())
        if len(x) > 1:
            close(l[key]["rows_stderr"], stderr(log_p))
check_likelihood("rbm", "bias.1", 30)
check_likelihood("deep", "bias.1.up", 10)
check_likelihood("joint", "bias.1", 10, above=True)

j = json.load(open("rbm.json"))
p = (bits["train"][:1500].sum(axis=0) + 0.5) / 1501
log_p = np.log(np.where(bits["t10k"][:30] > 0, p, 1 - p)).sum(axis=1)
close(j["likelihood"]["independent"]["mean"], log_p.mean())
close(j["likelihood"]["independent"]["rows_stderr"], stderr(log_p))

# Parzen windows around training images: sigma is the best one for the last training images.
def parzen(centres, points, sigma):
    d2 = (points**2).sum(1)[:, None] + (centres**2).sum(1) - 2 * points @ centres.T
    return log_sum(-d2 / (2 * sigma**2)) - np.log(len(centres)) - 784 * np.log(sigma * np.sqrt(2 * np.pi))
score = j["parzen"]["training"]
centres, validation = grey["train"][:200], grey["train"][-200:]
assert j["parzen"]["validation_rows"] == 200 and score["centres"] == 200
for other in 0.1, 0.16, 0.2, 0.24, 0.3, 0.5:
    assert parzen(centres, validation, other).mean() <= parzen(centres, validation, score["sigma"]).mean() + 1e-6
values = parzen(centres, grey["t10k"][:30], score["sigma"])
close(score["mean"], values.mean())
close(score["points_stderr"], stderr(values))
assert j["parzen"]["p"]["draws"] == 2 and j["parzen"]["p"]["draws_stderr"] > 0

# The ten nearest training images on the known pixels, the earlier one of two as near as each other.
for name in "top", "bottom", "left", "right":
    region = peer.region_of(name, 28, 28)
    away = np.abs(bits["t10k"][:20, None, ~region] - bits["train"][None, :1500, ~region]).sum(axis=2)
    nearest = np.argsort(away, axis=1, kind="stable")[:, :10]
    found, wanted = j["filling"]["neighbours"][name], peer.error(np.median(grey["train"][nearest], axis=1),
                                                                 255 * grey["t10k"][:20], region)
    close(found["error"], wanted[0])
    close(found["stderr"], wanted[1])

def moments(x):
    mean, pair = x.mean(axis=0), x.T @ x / len(x)
    upper = np.triu_indices(784, 1)
    return mean, pair[upper], (pair - np.outer(mean, mean))[upper]
found = j["moments"]["training"]
for name, a, b in zip(("mean", "pair", "connected"), moments(bits["t10k"][:30]), moments(bits["train"][:200])):
    close(found[name + "_pearson"], np.corrcoef(a, b)[0, 1], 1e-9)
    close(found[name + "_rms"], np.sqrt(((a - b)**2).mean()), 1e-9)
assert found["rows"] == 200
close(j["mixing"]["pixels_on_start"], bits["t10k"][:10].mean(), 1e-12)
PYTHON
echo "ok: an independent computation agrees"

# ---- the scores of each image ----

run rbm rbm-rows.json --rows 30 --parts likelihood --scores 'made here/rbm.csv'
[ "$(find 'made here' -type f)" = 'made here/rbm.csv' ] || fail "files are left over, or missing"
grep -q '^will take   about .*: likelihood .*, rows ' stdout || fail "it does not say how long the rows will take"
grep -q '^rows        the scores of each of 30 test images (flow: of all layers): made here/rbm.csv' stdout ||
  fail "it does not say where the scores are"
! grep -q 'is empty' stdout || fail "what is missing?"
run rbm threads2.json --rows 30 --parts likelihood --scores threads2.csv --threads 2
cmp 'made here/rbm.csv' threads2.csv || fail "the scores with 2 threads are others"
run flat flat-rows.json --rows 20 --parts machine --scores flat.csv
grep -q '^            log_p is empty: log Z is found by the part likelihood' stdout || fail "why is there no log p?"
run deep deep-rows.json --rows 10 --parts likelihood --scores deep.csv
grep -q '^rows        the scores of each of 10 test images of the first pair (flow: of all layers)' stdout ||
  fail "it does not say whose scores they are"
grep -q '^            pseudo_likelihood is empty: .*intra-layer weights' stdout || fail "why is there none?"
echo old >wide.csv
run wide wide-rows.json --rows 5 --parts likelihood --scores wide.csv
grep -q '^            free_energy is empty: 30 units would have to be enumerated' stdout || fail "why is there none?"
with_numpy "$sample" <<'PYTHON' || fail "the scores of each image"
import csv, json, sys
import numpy as np
import filling_peer as peer
columns = ["log_p", "free_energy", "pseudo_likelihood", "flow"]
x = (peer.read_images("%s/t10k-images-idx3-ubyte.gz" % sys.argv[1]) > 127).astype(float)
def softplus(z):
    return np.logaddexp(0, z)
def read(name, rows, missing, of):
    with open(name + ".csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert list(lines[0]) == ["row"] + columns and [int(l["row"]) for l in lines] == list(range(rows)), name
    j = json.load(open(name.split("/")[-1] + "-rows.json"))
    assert list(j)[-2:] == ["rows", "seconds"] and list(j["rows"]) == ["file", "rows", "of", "missing", "seconds"]
    assert (j["rows"]["file"], j["rows"]["rows"], j["rows"]["of"]) == (name + ".csv", rows, of)
    assert list(j["rows"]["missing"]) == missing and all(j["rows"]["missing"].values()), j["rows"]
    for c in missing:
        assert all(l[c] == "" for l in lines)
    return j, {c: np.array([float(l[c]) for l in lines]) for c in columns if c not in missing}

j, found = read("made here/rbm", 30, [], "model")
model = peer.read_model("rbm/model.safetensors")
w, b, c = model["weight.0"], model["bias.0"], model["bias.1"]
def free(x):
    return -x @ b - softplus(x @ w + c).sum(axis=-1)
np.testing.assert_allclose(found["free_energy"], free(x[:30]), atol=1e-4)
np.testing.assert_allclose(found["log_p"], -free(x[:30]) - j["likelihood"]["log_z"], atol=1e-3)
flipped = np.abs(x[:30, None] - np.eye(784)) # row by row, each pixel flipped
pseudo = -softplus(free(x[:30])[:, None] - free(flipped)).sum(axis=1)
np.testing.assert_allclose(found["pseudo_likelihood"], pseudo, rtol=1e-4)
assert abs(found["log_p"].mean() - j["likelihood"]["test"]["mean"]) < 1e-9
assert abs(found["pseudo_likelihood"].mean() - j["likelihood"]["pseudo"]) < 1e-9
# The hidden units are drawn: bounds for all of their states.
up, down = np.clip(w, 0, None).sum(axis=1), np.clip(w, None, 0).sum(axis=1)
alpha = 0.5 - x[:30]
ends = np.exp(alpha * (b + down)), np.exp(alpha * (b + up))
assert (found["flow"] > np.minimum(*ends).sum(axis=1)).all()
assert (found["flow"] < np.maximum(*ends).sum(axis=1) + 2 * np.cosh(0.5 * (x[:30] @ w + c)).sum(axis=1)).all()

j, found = read("flat", 20, ["log_p"], "model") # no hidden units: the flow is not drawn
model = peer.read_model("flat/model.safetensors")
b, u, x = model["bias.0"], model["intra.0"], x[:20]
np.testing.assert_allclose(found["flow"], np.exp((0.5 - x) * (x @ u + b)).sum(axis=1), rtol=1e-5)
np.testing.assert_allclose(found["free_energy"], -x @ b - 0.5 * np.einsum("si,ij,sj->s", x, u, x), atol=1e-4)
np.testing.assert_allclose(found["pseudo_likelihood"], -softplus((1 - 2 * x) * (x @ u + b)).sum(axis=1), rtol=1e-5)

j, found = read("deep", 10, ["pseudo_likelihood"], "first pair")
assert abs(found["log_p"].mean() - j["likelihood"]["test"]["mean"]) < 1e-9
j, found = read("wide", 5, ["log_p", "free_energy", "pseudo_likelihood"], "first pair")
assert (found["flow"] > 0).all()
PYTHON
echo "ok: the scores of each image"

# ---- what goes wrong ----

mkdir dotted narrow empty taken.json
{ printf '\000\000\010\003\000\000\000\144\000\000\000\004\000\000\000\005'; head -c 2000 "$program"; } \
  >dotted/train-images.idx3-ubyte # 100 images of 4 x 5
cp dotted/train-images.idx3-ubyte dotted/t10k-images.idx3-ubyte
"$program" train --data dotted --arch 20-3 --epochs 1 --out small >stdout 2>stderr || fail "vpf train"
small='small/model.safetensors --data dotted --quick --threads 1'
# shellcheck disable=SC2086  # words
{
  refused '--width: the 20 pixels of an image are not a square' $small --out y.json
  expect 0 $small --width 5
  expect 0 $small --parts machine,likelihood,parzen,moments,mixing
}
refused 'its images have 20 pixels, the machine has 784 visible units' $model --data dotted --out y.json
cp "$sample/t10k-images-idx3-ubyte.gz" narrow
cp dotted/train-images.idx3-ubyte narrow
refused 'its images have 20 pixels, the machine has 784 visible units' $model --data narrow --out y.json
echo "ok: images that are not square"

failing 'missing.safetensors' missing.safetensors --data "$sample" --out y.json
failing 'no t10k-images-idx3-ubyte or t10k-images.idx3-ubyte' $model --data empty --out y.json
rm narrow/train*
failing 'no train-images-idx3-ubyte or train-images.idx3-ubyte' $model --data narrow --out y.json
head -c 100 $model >cut.safetensors
failing 'cut.safetensors' cut.safetensors --data "$sample" --out y.json
failing 'cut.safetensors' $model --data "$sample" --ladder-file cut.safetensors
failing 'other/model.safetensors' $model --data "$sample" --ladder-file other/model.safetensors
refused '--ladder-file kept here/ladder.safetensors: is a ladder for 784-8, the machine is 784-17' \
  annealed/model.safetensors --data "$sample" --out y.json --ladder-file 'kept here/ladder.safetensors'
cp rbm.json before.json
# before the long work: nothing was timed yet
for file in rbm.json/y.json taken.json "$(printf '%0300d' 0).json"; do
  failing 'input or output failed: cannot' $model --data "$sample" --quick --out "$file"
  ! grep -q '^will take' stdout || fail "it worked before it saw that $file cannot be written"
  failing 'input or output failed: cannot' $model --data "$sample" --quick --scores "$file"
  ! grep -q '^will take' stdout || fail "it worked before it saw that $file cannot be written"
done
failing 'input or output failed: cannot' $model --data "$sample" --quick --ladder-file rbm.json/ladder
! grep -q '^will take' stdout || fail "it worked before it saw that the ladder cannot be written"
cmp rbm.json before.json || fail "a file in the way was harmed"
[ ! -e y.json ] || fail "a failure leaves a file"
[ -z "$(find . -name '.*.tmp')" ] || fail "files are left over: $(find . -name '.*.tmp')"
echo "ok: missing and unusable files"
