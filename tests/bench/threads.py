# SPDX-License-Identifier: MIT
"""How long training takes by default, when as many threads work as pay off, beside one thread and beside all of them: on an
idle computer, and while another process keeps one processor busy.

    sh tests/bench/threads_run.sh [--rounds N] [--quick]

Training is by rows of random bits; what a minibatch costs depends on their number alone. Each round runs all settings in
turns. Printed: medians of seconds, and medians of the ratios within a round. The default should take at most 1.05 times the
best setting's time on an idle computer, and 1.15 times one thread's on one with a busy processor. Measure on a computer
that does nothing else."""
import argparse
import multiprocessing
import statistics
import time

import numpy as np
import vpf

# what: (visible, hidden, rows, epochs, options)
CASES = {
    "couplings of 20 spins, batch 40": (20, 0, 50000, 30, dict(batch_size=40)),
    "784-16, VPF": (784, 16, 20000, 15, {}),
    "784-196, VPF": (784, 196, 10000, 6, {}),
    "784-196, PCD-1": (784, 196, 10000, 4, dict(method="pcd", centred=1, average=0.99)),
    "784-500, VPF": (784, 500, 10000, 4, {}),
}


def spin(ready):
    ready.set()
    while True:
        pass


def seconds(case, threads, data, few):
    visible, hidden, _, epochs, options = case
    model = vpf.Model([visible, hidden], seed=1) if hidden else vpf.Model([visible], intra=[True], seed=1)
    optimizer = vpf.Optimizer(seed=1, threads=threads, **options)
    begin = time.perf_counter()
    vpf.train(model, data, optimizer, 1 if few else epochs)
    return time.perf_counter() - begin


def table(rounds, most, quick):
    for what, case in CASES.items():
        rows = case[2] // 20 if quick else case[2]
        data = vpf.Data(np.random.default_rng(1).random((rows, case[0])) < 0.13)
        settings = [1, most, 0]
        found = [[seconds(case, threads, data, quick) for threads in settings] for _ in range(rounds)]
        one, all_of_them, default = (statistics.median(f[k] for f in found) for k in range(3))
        to_best = statistics.median(f[2] / min(f[0], f[1]) for f in found)
        to_one = statistics.median(f[2] / f[0] for f in found)
        print(f"| {what} | {one:.3f} | {all_of_them:.3f} | {default:.3f} | {to_best:.2f} | {to_one:.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    rounds, most = (1 if given.quick else given.rounds), vpf.threads()
    for busy in 0, 1:
        print(f"\n{'One processor is busy' if busy else 'Idle'}; seconds with 1 thread, with {most}, by default, and their ratios\n\n"
              f"| | 1 thread | {most} threads | default | default / best | default / 1 thread |\n|---|---|---|---|---|---|")
        ready = multiprocessing.Event()
        other = multiprocessing.Process(target=spin, args=(ready,), daemon=True)
        if busy:
            other.start()
            ready.wait()
        table(rounds, most, given.quick)
        if busy:
            other.terminate()


if __name__ == "__main__":
    main()
