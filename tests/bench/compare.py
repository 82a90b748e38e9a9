#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""libvpf beside other ways to do the same work. Called by run.sh, which installs and builds what is needed.

Usage: compare.py --programs DIR --out DIR [--images IDX] [--rounds N] [--quick] [--only SECTION,...]

Contestants of a section take turns, round after round, so that whatever else the computer does meets all of
them; compared are the medians. Of a peer all settings are measured: "same" is libvpf's number of threads,
"best" the fastest of its settings. Writes results.json, table.md and growth.svg.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

PEERS = Path(__file__).resolve().parent / "peers"
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's packages
THREADS = 2


def run(command, env=None):
    """The median of the numbers that a program prints, one a line."""
    done = subprocess.run(command, env={**os.environ, **(env or {})}, stdout=subprocess.PIPE, text=True, check=True)
    return statistics.median(float(line) for line in done.stdout.split())


class Bench:
    def __init__(self, options):
        self.options, self.results = options, {}
        self.speed = str(options.programs / "speed")
        self.floor = str(options.programs / "sgemm_floor")
        self.rows = 2000 if options.quick else 60000
        self.images = str(options.images) if options.images else None

    # ---- contestants: each is a function that returns seconds ----

    def ours(self, work, sizes, *more, threads=THREADS, rows=None, repeat=3):
        data = ["--images", self.images] if self.images else []
        command = [self.speed, work, sizes, *data, "--rows", str(rows or self.rows), "--threads", str(threads),
                   "--repeat", str(repeat), *more]
        return lambda: run(command, {"OMP_NUM_THREADS": str(threads)})

    def sgemm(self, work, hidden, batch=40, rows=None, repeat=3, visible=784):
        def measure(threads):
            return run([self.floor, work, str(visible), str(hidden), str(rows or self.rows), str(batch), str(repeat)],
                       {"OPENBLAS_NUM_THREADS": str(threads)})
        return {"OpenBLAS, 2 threads": lambda: measure(2), "OpenBLAS, 1 thread": lambda: measure(1)}

    def numpy(self):
        def measure(threads):
            done = subprocess.run([PYTHON, PEERS / "numpy_rbm.py", self.images, str(self.rows), "2", "196", "40"],
                                  env={**os.environ, "OPENBLAS_NUM_THREADS": str(threads)}, stdout=subprocess.PIPE,
                                  text=True, check=True)
            return float(done.stdout.splitlines()[1].split()[3])  # the second epoch
        return {"NumPy, 2 threads": lambda: measure(2), "NumPy, 1 thread": lambda: measure(1)}

    def torch(self, work, sizes, rows=None):
        command = [PYTHON, str(PEERS / "torch_machine.py"), work, sizes, self.images, str(rows or self.rows), "40", "1"]
        return {"PyTorch, 2 threads": lambda: run(command, {"OMP_NUM_THREADS": "2"}),
                "PyTorch, 2 threads that sleep": lambda: run(
                    command, {"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}),
                "PyTorch, 1 thread": lambda: run(command, {"OMP_NUM_THREADS": "1"})}

    def pinned(self, sizes):
        """Seconds of an epoch with each thread on a processor of its own, as the two copies have it."""
        cpus = " ".join(map(str, sorted(os.sched_getaffinity(0))[:2]))
        command = [self.speed, "epoch", sizes, "--images", self.images, "--rows", str(self.rows), "--threads", "2",
                   "--repeat", "4"]
        return lambda: run(command, {"GOMP_CPU_AFFINITY": cpus})

    def two_copies(self, sizes):
        """Seconds of an epoch while a copy of the program runs on the other processor."""
        def measure():
            one = [self.speed, "epoch", sizes, "--images", self.images, "--rows", str(self.rows), "--threads", "1",
                   "--repeat", "4"]
            both = [subprocess.Popen(["taskset", "-c", str(cpu), *one], stdout=subprocess.PIPE, text=True)
                    for cpu in sorted(os.sched_getaffinity(0))[:2]]
            times = [float(line) for p in both for line in p.communicate()[0].split()]
            if any(p.returncode for p in both):
                sys.exit("a copy failed")
            return statistics.median(times)
        return measure

    # ---- measuring and telling ----

    def measure(self, section, contestants):
        times = {name: [] for name in contestants}
        for turn in range(self.options.rounds):
            for name, contestant in contestants.items():
                times[name].append(contestant())
                print(f"\r{section}: round {turn + 1} of {self.options.rounds}, {name}: {times[name][-1]:.3f} s   ",
                      end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        self.results[section] = times
        return {name: statistics.median(t) for name, t in times.items()}

    def table(self, rows):
        out = ["| work | libvpf | peer | ratio | target | |", "|---|---|---|---|---|---|"]
        for work, ours, peer, theirs, ratio, target, good in rows:
            out.append(f"| {work} | {ours:.3f} s | {peer} {theirs:.3f} s | {ratio:.2f} | {target} | "
                       f"{'reached' if good else 'missed'} |")
        return "\n".join(out)


def best(times, prefix):
    return min(((t, n) for n, t in times.items() if n.startswith(prefix)))


def at_most(rows, work, times, prefix, limit):
    ours, (theirs, name) = times["libvpf"], best(times, prefix)
    rows.append((work, ours, name, theirs, ours / theirs, f"at most {limit} x", ours / theirs <= limit))


def faster(rows, work, times, name, factor):
    ours, theirs = times["libvpf"], times[name]
    rows.append((work, ours, name, theirs, theirs / ours, f"at least {factor} x as fast", theirs / ours >= factor))


def faster_than_best(rows, work, times, prefix, factor):
    faster(rows, work + ", the peer's best setting", times, best(times, prefix)[1], factor)


DBM2 = "784-196+-196+-64+"


def claims(b, wanted):
    rows = []
    if "rbm" in wanted:
        t = b.measure("rbm", {"libvpf": b.ours("epoch", "784-196"), **b.sgemm("epoch", 196), **b.numpy(),
                              **b.torch("epoch", "784-196")})
        at_most(rows, "RBM(196) epoch", t, "OpenBLAS", 0.5)
        faster(rows, "RBM(196) epoch", t, best(t, "NumPy")[1], 6)
        faster(rows, "RBM(196) epoch, both 2 threads", t, "PyTorch, 2 threads", 12)
        faster_than_best(rows, "RBM(196) epoch", t, "PyTorch", 12)
    if "dbm2" in wanted:
        t = b.measure("dbm2", {"libvpf": b.ours("epoch", DBM2, repeat=2), "libvpf RBM(196)": b.ours("epoch", "784-196"),
                               **b.torch("epoch", DBM2)})
        faster(rows, "DBM2 epoch, both 2 threads", t, "PyTorch, 2 threads", 20)
        faster_than_best(rows, "DBM2 epoch", t, "PyTorch", 20)
        at_most(rows, "DBM2 epoch", t, "libvpf RBM(196)", 3)
    if "estep" in wanted:
        t = b.measure("estep", {"libvpf": b.ours("estep", "784-196", "--train", "2", repeat=5), **b.sgemm("estep", 196, 0)})
        at_most(rows, "E-step of all images", t, "OpenBLAS", 0.3)
    if "generate" in wanted:
        count = b.rows // 6
        t = b.measure("generate", {"libvpf": b.ours("generate", DBM2, "--train", "10", rows=count),
                                   **b.torch("generate", DBM2, count)})
        faster(rows, f"{count} DBM2 samples, r = 5, both 2 threads", t, "PyTorch, 2 threads", 10)
        faster_than_best(rows, f"{count} DBM2 samples, r = 5", t, "PyTorch", 10)
    if "wide" in wanted:
        few = b.rows // 4
        t = b.measure("wide", {"libvpf": b.ours("epoch", "784-4000", rows=few, repeat=1), **b.sgemm("epoch", 4000, rows=few, repeat=1)})
        at_most(rows, "RBM(4000) epoch, a quarter of the images", t, "OpenBLAS", 0.8)
    if "threads" in wanted:
        t = b.measure("threads", {"libvpf": b.pinned("784-196"), "two copies": b.two_copies("784-196")})
        ratio = t["two copies"] / (2 * t["libvpf"])
        rows.append(("RBM(196), 2 threads against two pinned copies, throughput", t["libvpf"], "a copy", t["two copies"],
                     ratio, "at least 0.9 x", ratio >= 0.9))
    if "sklearn" in wanted:
        peer = [PYTHON, str(PEERS / "sklearn_pass.py"), b.images, str(b.rows), "196", "40", "1"]
        t = b.measure("sklearn", {"libvpf": b.ours("epoch", "784-196"),
                                  "BernoulliRBM, a pass of PCD-1": lambda: run(peer)})
        faster(rows, "RBM(196) epoch", t, "BernoulliRBM, a pass of PCD-1", 1)
    return rows


def growth(b):
    """Seconds of an epoch as one thing grows and all others stay."""
    few = 500 if b.options.quick else 15000
    series = {
        "hidden units": [(n, f"784-{n}", {}) for n in (100, 196, 400, 1000, 2000, 4000)],
        "images": [(n, "784-196", {"rows": n}) for n in (few // 4, few // 2, few, 2 * few, 4 * few)],
        "images in a minibatch": [(n, "784-196", {"batch": n}) for n in (10, 20, 40, 100, 400)],
        "per cent of pixels on": [(n, "784-196", {"density": n / 100}) for n in (2, 5, 13, 25, 50)],
        "hidden layers of 196": [(n, "784" + "-196" * n, {}) for n in (1, 2, 3, 4)],
        "hidden layers of 196 with intra-layer weights": [(n, "784" + "-196+" * n, {}) for n in (1, 2, 3)],
        "threads": [(n, "784-196", {"threads": n}) for n in (1, 2)],
    }
    found = {}
    for name, points in series.items():
        found[name] = []
        for x, sizes, change in points:
            more = ["--batch", str(change.get("batch", 40))]
            images, b.images = b.images, None if "density" in change else b.images
            if "density" in change:
                more += ["--density", str(change["density"])]
            ours = b.ours("epoch", sizes, *more, rows=change.get("rows", few), threads=change.get("threads", THREADS))
            times = {"libvpf": ours}
            if name in ("hidden units", "images in a minibatch"):
                hidden = x if name == "hidden units" else 196
                times.update(b.sgemm("epoch", hidden, change.get("batch", 40), few))
            t = b.measure(f"growth, {x} {name}", times)
            b.images = images
            found[name].append((x, t["libvpf"], best(t, "OpenBLAS")[0] if len(t) > 1 else None))
    b.results["growth"] = found
    lines = []
    for name, points in found.items():
        lines += [f"\n| {name} | libvpf | OpenBLAS's products alone | ratio |", "|---|---|---|---|"]
        lines += [f"| {x} | {ours:.3f} s | {f'{floor:.3f} s' if floor else ''} | {f'{ours / floor:.2f}' if floor else ''} |"
                  for x, ours, floor in points]
    plot(b, found)
    return "\n".join(lines)


def plot(b, found):
    shown = ["hidden units", "images in a minibatch", "images", "per cent of pixels on"]
    script = [f"set terminal svg size 900,640 background 'white'; set output '{b.options.out}/growth.svg'",
              "set multiplot layout 2,2; set key top left; set grid; set logscale xy; set ylabel 'seconds an epoch'"]
    for name in shown:
        for k, _ in enumerate(["libvpf", "floor"]):
            rows = [f"{x} {p[k]}" for x, *p in found[name] if p[k]]
            script.append(f"$d{k} << E\n" + "\n".join(rows or ["NaN NaN"]) + "\nE")
        script.append(f"set xlabel '{name}'; plot $d0 with linespoints pt 7 title 'libvpf', "
                      + ("$d1 with linespoints pt 6 title 'the matrix products alone (OpenBLAS)'"
                         if found[name][0][2] else "NaN notitle"))
    subprocess.run(["gnuplot"], input="\n".join(script), text=True, check=True)


def cost(b):
    """Instructions and memory references per image, counted by valgrind: they do not depend on what else runs."""
    def count(rows):
        command = ["valgrind", "--tool=cachegrind", "--cache-sim=yes", "--cachegrind-out-file=/dev/null", "--D1=32768,8,64",
                   "--LL=1048576,16,64", b.speed, "epoch", "784-196", "--images", b.images, "--rows", str(rows),
                   "--threads", "1", "--warm-up", "0", "--repeat", "1"]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
        found = {}
        for line in done.stderr.splitlines():
            text = " ".join(line.split("==")[-1].split())
            for key in ("I refs", "D refs", "D1 misses", "LLd misses"):
                if text.startswith(key):
                    found[key] = int(text.split(":")[1].split("(")[0].replace(",", ""))
        return found
    few, many = (200, 400) if b.options.quick else (4000, 8000)
    a, z = count(few), count(many)
    each = {key: (z[key] - a[key]) / (many - few) for key in a}
    b.results["cost"] = each
    return (f"\nRBM(196), AVX2 (valgrind has no AVX-512), a first-level cache of 32 KiB and a second of 1 MiB, per image: "
            f"{each['I refs']:.0f} instructions, {each['D refs']:.0f} loads and stores, {64 * each['D1 misses'] / 1024:.0f} KiB "
            f"past the first cache, {64 * each['LLd misses'] / 1024:.0f} KiB past the second.")


SECTIONS = ["rbm", "dbm2", "estep", "generate", "wide", "threads", "sklearn", "growth", "cost"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default=",".join(SECTIONS))
    options = parser.parse_args()
    wanted = options.only.split(",")
    if set(wanted) - set(SECTIONS):
        sys.exit(f"--only takes some of {','.join(SECTIONS)}")
    options.out.mkdir(parents=True, exist_ok=True)
    b = Bench(options)
    rows = claims(b, wanted)
    text = b.table(rows) if rows else ""
    if "growth" in wanted:
        text += "\n" + growth(b)
    if "cost" in wanted:
        text += "\n" + cost(b)
    (options.out / "table.md").write_text(text + "\n")
    (options.out / "results.json").write_text(json.dumps(b.results, indent=1) + "\n")
    print(text)


if __name__ == "__main__":
    main()
