#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How probable the recipes make held-out data, and how fast. Called by likelihood_run.sh.

Usage: likelihood.py --out DIR [--mnist FOLDER | --quick SAMPLE] [--only PART,...] [--seeds N] [--peers PYTHON]

Parts: table, epoch, race, sparse, visible. Each prints a table and writes results.json anew. log p is always the mean over
the test rows by mean_low of vpf_estimate_likelihood(), forward and reverse, which is exact for 16 hidden units. --quick
takes small machines and the bundled sample, and exits with status 1 unless all of them are better than independent columns.
"""
import argparse
import gzip
import json
import math
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

import numpy as np
import vpf

PARTS = ["table", "epoch", "race", "sparse", "visible"]
PEERS = pathlib.Path(__file__).resolve().parent / "peers"
PCD = int(vpf.Method.PCD)

# What vpf train --method pcd --lr-drop 0.4 --decay 0.0001 does.
OLD = dict(method=PCD, learning_rate=1e-3, weight_decay=1e-4, batch_size=40)

# Part race, the peers' settings: {name: (program, arguments after ROWS FOLDER HIDDEN SEED)}, the best of short trials.
# scikit-learn, minibatches of 100, drop: rates 0.2 and 0.1 are at -104 and -99 after 10 epochs, and 0.05 passes -90 soon
# after the drop of a run of 30. At a constant rate of 0.05 it stays below -109.
# rbms, minibatches of 100, drop: 100 chains with rate 0.1 turn at -95; 500 with 0.2 are at -93 after 3 epochs and pass -90
# in the fourth of 6; with 0.5 they do in the third of 4; Adam with 0.005 is at -116 after 4.
PEER_RUNS = {
    "scikit-learn, fit() at the constant rate 0.01": ("sklearn_likelihood.py", "0.01 100 60 0"),
    "scikit-learn, rate 0.05, minibatches of 50, 15 epochs": ("sklearn_likelihood.py", "0.05 50 15 0.4"),
    "scikit-learn, rate 0.05, 20 epochs": ("sklearn_likelihood.py", "0.05 100 20 0.4"),
    "scikit-learn, rate 0.05, 30 epochs": ("sklearn_likelihood.py", "0.05 100 30 0.4"),
    "rbms, SGD 0.5, 500 chains, 2 epochs": ("rbms_likelihood.py", "sgd 0.5 100 500 1 2 0.4"),
    "rbms, SGD 0.5, 500 chains, 3 epochs": ("rbms_likelihood.py", "sgd 0.5 100 500 1 3 0.4"),
    "rbms, SGD 0.5, 500 chains, 4 epochs": ("rbms_likelihood.py", "sgd 0.5 100 500 1 4 0.4"),
    "rbms, SGD 0.2, 500 chains, 4 epochs": ("rbms_likelihood.py", "sgd 0.2 100 500 1 4 0.4"),
    "rbms, SGD 0.2, 500 chains, 5 epochs": ("rbms_likelihood.py", "sgd 0.2 100 500 1 5 0.4"),
}


def drop_epoch(epochs):
    """The first epoch of the last 40 %."""
    return epochs - 2 * epochs // 5 + 1


class Bench:
    def __init__(self, options):
        self.options, self.quick = options, options.quick is not None
        self.seeds = list(range(1, options.seeds + 1))
        self.results, self.failed = {}, False
        if self.quick:
            images = lambda kind: vpf.Data(read_idx(options.quick / f"{kind}-images-idx3-ubyte.gz") > 127)
            rows = images("train")
            self.train, self.valid, self.test = rows.slice(0, 1500), rows.slice(1500, 500), images("t10k")
        else:
            images = lambda kind: vpf.Data.load_idx(options.mnist / f"{kind}-images-idx3-ubyte").bits_only()
            rows = images("train")
            self.train, self.valid, self.test = rows.slice(0, 50000), rows.slice(50000, 10000), images("t10k")
        self.betas = 100 if self.quick else 1000

    def judge(self, model, test=None, base=None, betas=None):
        base = base or self.train.slice(0, min(5000, self.train.rows))
        settings = dict(chains=20 if self.quick else 100, betas=betas or self.betas, seed=1, base=base, reverse=True)
        return model.estimate_likelihood(test or self.test, **settings)

    def above(self, what, low, floor):
        """Every trained machine has to beat independent columns."""
        if not (math.isfinite(low) and low > floor):
            print(f"BROKEN: {what}: log p {low:.2f} is not above {floor:.2f}, that of independent columns")
            self.failed = True

    def keep(self, part, value):
        self.results[part] = value
        (self.options.out / "results.json").write_text(json.dumps(self.results, indent=1) + "\n")


def read_idx(path):
    raw = gzip.decompress(path.read_bytes())
    count, height, width = np.frombuffer(raw, ">u4", 3, 4)
    return np.frombuffer(raw, np.uint8, count * height * width, 16).reshape(count, -1)


def independent(train, test):
    """Mean log p of the test rows by independent columns with the (smoothed) means of the training rows."""
    p = (train.bits().sum(0) + 0.5) / (train.rows + 1)
    bits = test.bits().astype(float)
    return float((bits @ np.log(p) + (1 - bits) @ np.log1p(-p)).mean())


def recipe_run(name, sizes, data, seed, epochs, progress=None, **options):
    """(averaged model, seconds of training, optimizer)."""
    model, optimizer = vpf.Model(sizes), vpf.Optimizer(seed=seed)
    vpf.begin_recipe(name, model, data, optimizer, epochs)
    for key, value in options.items():
        optimizer[key] = value
    begin = time.perf_counter()
    vpf.train(model, data, optimizer, epochs, progress=progress)
    return optimizer.average(), time.perf_counter() - begin, optimizer


def spread(values, digits=2):
    return f"{statistics.mean(values):.{digits}f} ({min(values):.{digits}f} .. {max(values):.{digits}f})"


# ---- 1. What the recipe reaches ----


def best_of_run(b, hidden, epochs, seed):
    """The average of the epoch that is best on the validation rows, looked at after every epoch late in the run."""
    monitor = vpf.Monitor(chains=20 if b.quick else 100, betas=100 if b.quick else 300, reverse=True)
    model, optimizer = vpf.Model([784, hidden]), vpf.Optimizer(seed=seed)
    vpf.begin_recipe("likelihood", model, b.train, optimizer, epochs)
    look = lambda p: monitor.check(optimizer.average(), b.valid, p.epoch) and False
    vpf.train(model, b.train, optimizer, epochs, progress=look)
    return monitor.best_model(), monitor[monitor.best_index()][0]


def inverted(data):
    return vpf.Data(1 - data.bits(), threshold=0)


def table(b):
    """Rows: (machine, hidden, epochs, best of the run?, inverted?, target)."""
    small = [(6, 2, False, False, None), (6, 2, False, True, None), (20, 3, True, False, None)]
    full = [(16, 10, False, False, -137.5), (16, 10, False, True, None), (196, 2, False, False, -89), (196, 10, False, False, -76.5),
            (196, 40, True, False, -73), (500, 10, False, False, -72.5), (500, 40, True, False, -68)]
    floor = independent(b.train, b.test)
    print("| machine | training | log p(test) | standard error: rows, log Z | doubts | target |\n|---|---|---|---|---|---|")
    found, plain = [], None
    for hidden, epochs, best, invert, target in small if b.quick else full:
        lows, errors, doubts, at = [], [], 0, []
        for seed in b.seeds:
            data, test = (inverted(b.train), inverted(b.test)) if invert else (b.train, b.test)
            if best:
                model, epoch = best_of_run(b, hidden, epochs, seed)
                at.append(epoch)
            else:
                model = recipe_run("likelihood", [784, hidden], data, seed, epochs)[0]
            got = b.judge(model, test, data.slice(0, min(5000, data.rows)))
            b.above(f"784-{hidden}, seed {seed}", got.mean_low, floor)
            lows.append(got.mean_low)
            errors.append((got.rows_stderr, got.log_z_stderr))
            doubts += got.doubts != 0
        mean = statistics.mean(lows)
        if invert:
            verdict = f"within 1 of the row above: {'reached' if abs(mean - plain) <= 1 else 'missed'}"
        else:
            plain = mean
            verdict = "" if target is None else f"{target}: {'reached' if mean >= target else 'missed'}"
        what = f"best of {epochs} epochs ({', '.join(map(str, at))})" if best else f"{epochs} epochs"
        print(f"| 784-{hidden}{', 1 - x' if invert else ''} | {what} | {spread(lows)} | {statistics.mean(e[0] for e in errors):.2f}, "
              f"{statistics.mean(e[1] for e in errors):.2f} | {doubts} | {verdict} |", flush=True)
        found.append(dict(hidden=hidden, epochs=epochs, best=best, inverted=invert, log_p=lows, errors=errors, at=at, doubts=doubts))
    print(f"| independent pixels | | {floor:.2f} | | | |\n")
    b.keep("table", found)


# ---- 2. What an epoch costs ----


def epoch(b):
    """Seconds of an epoch of the recipe and of VPF as it comes, in turns."""
    print("| machine | the recipe | VPF | ratio |\n|---|---|---|---|")
    found = {}
    for hidden in (20,) if b.quick else (16, 196, 500):
        runs = {}
        for name in ("likelihood", "paper"):
            model, optimizer = vpf.Model([784, hidden]), vpf.Optimizer(seed=1)
            vpf.begin_recipe(name, model, b.train, optimizer, 100)
            vpf.train(model, b.train, optimizer, 1)  # touches new memory
            runs[name] = model, optimizer, []
        for _ in range(2 if b.quick else 7):
            for model, optimizer, times in runs.values():
                begin = time.perf_counter()
                vpf.train(model, b.train, optimizer, 1)
                times.append(time.perf_counter() - begin)
        ours, plain = (statistics.median(runs[name][2]) for name in ("likelihood", "paper"))
        print(f"| 784-{hidden} | {ours:.3f} s | {plain:.3f} s | {ours / plain:.2f} |", flush=True)
        found[hidden] = {name: run[2] for name, run in runs.items()}
    print()
    b.keep("epoch", found)


# ---- 3. Time to a likelihood ----


def snapshots(b, model, optimizer, epochs, averaged, per_epoch=1):
    """[(seconds of training, epochs, model)] along a run; what is done here is not counted."""
    batches = -(-b.train.rows // int(optimizer["batch_size"]))
    optimizer["progress_batches"] = 0 if per_epoch == 1 else max(1, batches // per_epoch)
    kept, away, begin = [], 0, time.perf_counter()

    def look(p):
        nonlocal away
        now = time.perf_counter()
        done = p.epoch - 1 + p.batch / p.batches if p.event == vpf.ProgressEvent.BATCH else p.epoch
        kept.append((now - begin - away, done, optimizer.average() if averaged else model.clone()))
        away += time.perf_counter() - now

    vpf.train(model, b.train, optimizer, epochs, progress=look)
    return kept


def our_runs(b, sizes):
    """{name: function that returns snapshots}."""
    def recipe(epochs):
        def run(seed):
            model, optimizer = vpf.Model(sizes), vpf.Optimizer(seed=seed)
            vpf.begin_recipe("likelihood", model, b.train, optimizer, epochs)
            return snapshots(b, model, optimizer, epochs, True, 20)
        return run

    def old(epochs, steps):
        def run(seed):
            optimizer = vpf.Optimizer(seed=seed, gibbs_steps=steps, drop_epoch=drop_epoch(epochs), **OLD)
            return snapshots(b, vpf.Model(sizes, seed=seed), optimizer, epochs, False)
        return run

    if b.quick:
        return {"recipe, 2 epochs": recipe(2), "PCD-1 with Adam, 2 epochs": old(2, 1)}
    runs = {f"recipe, {n} epochs": recipe(n) for n in (1, 2, 3)}
    runs.update({f"PCD-1 with Adam, {n} epochs": old(n, 1) for n in (10, 15, 20, 30, 40)})
    runs.update({f"PCD-10 with Adam, {n} epochs": old(n, 10) for n in (5, 10, 15, 20)})
    return runs


def peer_run(b, sizes, name):
    program, arguments = PEER_RUNS[name]

    def run(seed, threads):
        folder = b.options.out / "peers" / f"{name.replace(' ', '_').replace('/', '_')}-{seed}-{threads}"
        count = {key: str(threads) for key in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
        subprocess.run([b.options.peers, str(PEERS / program), str(b.options.out / "rows.npy"), str(folder), str(sizes[1]), str(seed),
                        *arguments.split()], check=True, stdout=subprocess.DEVNULL, env={**os.environ, **count, "TQDM_DISABLE": "1"})
        return [from_peer(b, path) for path in sorted(folder.glob("*.npz"))]
    return run


def from_peer(b, path):
    kept = np.load(path)
    model = vpf.Model(kept["w"].shape, seed=1)
    model.set_weights(0, kept["w"].astype(np.float32))
    model.set_bias(0, kept["b"].astype(np.float32))
    model.set_bias(1, kept["c"].astype(np.float32))
    if "free" in kept:  # the same energy in both: otherwise another convention
        difference = np.abs(model.free_energy(b.train.slice(0, 10)) - kept["free"]).max()
        if difference > 0.02:
            sys.exit(f"{path}: its free energies differ from libvpf's by {difference}")
    return float(kept["seconds"]), float(kept["epochs"]), model


def first_to(b, kept, goal):
    """(seconds, epochs, log p) of the first snapshot at the goal, or None; and of the best that was judged, which are all up to
    the goal and the last. Every one is judged, since likelihoods rise and fall along a run."""
    def scored(snapshot):
        seconds, epochs, model = snapshot
        try:
            return seconds, epochs, b.judge(model).mean_low
        except vpf.Error:  # fields beyond all measure
            return seconds, epochs, -math.inf

    judged, hit = [scored(kept[-1])], None
    for snapshot in kept[:-1]:
        judged.append(scored(snapshot))
        if judged[-1][2] >= goal:
            hit = judged[-1]
            break
    if hit is None and judged[0][2] >= goal:
        hit = judged[0]
    return hit, max(judged, key=lambda score: score[2])


def race(b):
    sizes, goal = ([784, 20], -260) if b.quick else ([784, 196], -90)
    floor = independent(b.train, b.test)
    contestants = our_runs(b, sizes)
    if b.options.peers:
        np.save(b.options.out / "rows.npy", b.train.bits())
        for name in PEER_RUNS:
            run = peer_run(b, sizes, name)
            contestants[f"{name}, 1 thread"] = lambda seed, run=run: run(seed, 1)
            contestants[f"{name}, 2 threads"] = lambda seed, run=run: run(seed, 2)
    contestants = {name: run for name, run in contestants.items() if re.search(b.options.contestants, name)}
    print(f"| contestant | seconds to log p >= {goal} | epochs until then | log p there | best of the run | after |\n|---|---|---|---|---|---|")
    found = {}
    for name, run in contestants.items():
        outcomes = [first_to(b, run(seed), goal) for seed in (b.seeds if name.startswith("recipe") else b.seeds[:1])]
        found[name] = outcomes
        hits, bests = [o[0] for o in outcomes if o[0]], [o[1] for o in outcomes]
        if name.startswith("recipe"):
            b.above(name, max(best[2] for best in bests), floor)
        cells = [spread([hit[k] for hit in hits]) for k in range(3)] if len(hits) == len(outcomes) else ["not reached", "", ""]
        print(f"| {name} | {' | '.join(cells)} | {spread([best[2] for best in bests])} | {spread([best[0] for best in bests], 1)} s |",
              flush=True)
        b.keep("race", found)
    fastest(found)


def fastest(found):
    """The best run of each contestant, and how far it is from the recipe's."""
    groups = {}
    for name, outcomes in found.items():
        if all(o[0] for o in outcomes):
            who = name.split(",")[0]
            seconds = statistics.mean(o[0][0] for o in outcomes)
            groups[who] = min(groups.get(who, (math.inf, "")), (seconds, name))
    ours = groups.get("recipe", (math.nan, ""))[0]
    for seconds, name in sorted(groups.values()):
        print(f"{name}: {seconds:.2f} s, {seconds / ours:.1f} times the recipe's")
    print()


# ---- 4. Sparse rows ----


def sparse_rows(rows, columns, share, seed=3):
    """Bits of which `share` are on: two of 20 topics raise groups of columns above a base that differs between columns."""
    rng = np.random.default_rng(seed)
    base, topics = rng.gamma(0.6, 1, columns), rng.gamma(0.15, 1, (20, columns))
    bits = np.zeros((rows, columns), np.uint8)
    for first in range(0, rows, 1000):
        pick = rng.integers(0, len(topics), (1000, 2))
        p = 0.3 * base + topics[pick[:, 0]] + topics[pick[:, 1]]
        p = np.minimum(p / p.sum(1, keepdims=True) * share * columns, 0.5)
        bits[first:first + 1000] = rng.random((1000, columns)) < p
    return bits


def sparse(b):
    rows, columns, hidden, epochs, share = (6000, 200, 10, 10, 0.1) if b.quick else (30000, 1000, 50, 10, 0.02)
    bits = sparse_rows(rows, columns, share)
    train, test = vpf.Data(bits[:-rows // 6], threshold=0), vpf.Data(bits[-rows // 6:], threshold=0)
    floor = independent(train, test)

    def vpf_run(seed, **options):
        model, optimizer = vpf.Model([columns, hidden], seed=seed), vpf.Optimizer(seed=seed, **options)
        model.init_biases(train)
        begin = time.perf_counter()
        vpf.train(model, train, optimizer, epochs)
        return optimizer.average() if options.get("average") else model, time.perf_counter() - begin

    ways = {
        "VPF, default, biases from the data": vpf_run,
        "VPF, Adam 0.01, centred, averaged": lambda seed: vpf_run(
            seed, learning_rate=0.01, weight_decay=0, centred=1, average=0.999, drop_epoch=drop_epoch(epochs)),
        "recipe likelihood": lambda seed: recipe_run("likelihood", [columns, hidden], train, seed, epochs)[:2],
        "recipe sparse": lambda seed: recipe_run("sparse", [columns, hidden], train, seed, epochs)[:2],
    }
    print(f"{columns} columns, {100 * bits.mean():.1f} % on, {train.rows} rows, {columns}-{hidden}, {epochs} epochs:\n")
    print("| | log p(test) | above independent columns | seconds |\n|---|---|---|---|")
    print(f"| independent columns | {floor:.2f} | | |")
    found = {"independent": floor}
    for name, run in ways.items():
        lows, seconds = [], []
        for seed in b.seeds:
            model, spent = run(seed)
            lows.append(b.judge(model, test, train.slice(0, min(5000, train.rows))).mean_low)
            seconds.append(spent)
        if name.startswith("recipe"):
            b.above(name, min(lows), floor)
        print(f"| {name} | {spread(lows)} | {statistics.mean(lows) - floor:.2f} | {statistics.mean(seconds):.1f} |", flush=True)
        found[name] = lows
    print()
    b.keep("sparse", found)


# ---- 5. No hidden units ----


def ising(units, beta=1.2, seed=5):
    """A spin glass: couplings of standard deviation beta / sqrt(units), as a machine of bits (U = 4 J)."""
    rng = np.random.default_rng(seed)
    j = np.triu(rng.standard_normal((units, units)) * beta / np.sqrt(units), 1)
    j, h = j + j.T, 0.1 * rng.standard_normal(units)
    model = vpf.Model([units], intra=[1])
    model.set_intra_weights(0, (4 * j).astype(np.float32))
    model.set_bias(0, (2 * h - 2 * j.sum(0)).astype(np.float32))
    return model, j


def visible(b):
    units, rows, limit = (8, 5000, 30) if b.quick else (20, 50000, 60)
    truth, j = ising(units)
    above = np.triu_indices(units, 1)
    error = lambda model: float(np.sqrt(np.mean((model.intra_weights(0) / 4 - j)[above] ** 2)))
    print(f"{units} spins, {rows} exact samples, couplings of rms {np.sqrt(np.mean(j[above] ** 2)):.3f}:\n")
    print("| seed | rms error of J | seconds | epochs | stopped by | best possible by VPF |\n|---|---|---|---|---|---|")
    found = []
    for seed in b.seeds:
        data = truth.exact_sample(rows, seed)
        model, optimizer = vpf.Model([units], intra=[1]), vpf.Optimizer(seed=seed)
        vpf.begin_recipe("fully_visible", model, data, optimizer, limit)
        begin = time.perf_counter()
        stop = vpf.train(model, data, optimizer, limit)
        seconds, got = time.perf_counter() - begin, optimizer.average()
        best = got.clone()  # the objective is convex: full batches go on to its minimum
        for rate in (1e-2, 1e-3, 1e-4):
            full = vpf.Optimizer(seed=seed, batch_size=rows, learning_rate=rate, weight_decay=0)
            vpf.train(best, data, full, 100)
        found.append((error(got), seconds, optimizer.position[0], stop.name, error(best)))
        print(f"| {seed} | {found[-1][0]:.4f} | {seconds:.2f} | {found[-1][2]} | {stop.name} | {found[-1][4]:.4f} |", flush=True)
        if not found[-1][0] < np.sqrt(np.mean(j[above] ** 2)) / 2:
            print("BROKEN: the couplings were not found")
            b.failed = True
    mean, slowest = statistics.mean(f[0] for f in found), max(f[1] for f in found)
    if not b.quick:
        print(f"\ntarget, at most 0.0125 in less than 2 s: {mean:.4f} in {slowest:.2f} s: "
              f"{'reached' if mean <= 0.0125 and slowest < 2 else 'missed'}")
    print()
    b.keep("visible", found)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--mnist", type=pathlib.Path)
    parser.add_argument("--quick", type=pathlib.Path)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--contestants", default="", help="a regular expression: who takes part in the race")
    parser.add_argument("--peers", help="a Python with scikit-learn and rbms")
    options = parser.parse_args()
    wanted = options.only.split(",")
    if set(wanted) - set(PARTS):
        sys.exit(f"--only takes some of {','.join(PARTS)}")
    options.out.mkdir(parents=True, exist_ok=True)
    b = Bench(options)
    for part in wanted:
        print(f"## {part}\n", flush=True)
        {"table": table, "epoch": epoch, "race": race, "sparse": sparse, "visible": visible}[part](b)
    sys.exit(1 if b.failed else 0)


if __name__ == "__main__":
    main()
