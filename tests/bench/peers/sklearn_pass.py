#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Seconds of a pass of scikit-learn's BernoulliRBM (PCD-1) over the images.

Usage: sklearn_pass.py IDXFILE ROWS HIDDEN BATCH REPEAT      prints a line a pass
"""
import sys
import time

from sklearn.neural_network import BernoulliRBM

from numpy_rbm import load


def main():
    if len(sys.argv) != 6:
        sys.exit(__doc__.split("\n\n")[1])
    rows, hidden, batch, repeat = map(int, sys.argv[2:])
    data = load(sys.argv[1], rows)
    machine = BernoulliRBM(n_components=hidden, batch_size=batch, n_iter=1, learning_rate=0.01)
    for _ in range(repeat):
        start = time.perf_counter()
        machine.fit(data)
        print(f"{time.perf_counter() - start:.6f}", flush=True)


if __name__ == "__main__":
    main()
