#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Trains scikit-learn's BernoulliRBM and keeps its parameters along the way. Called by likelihood.py.

Usage: sklearn_likelihood.py ROWS.npy FOLDER HIDDEN SEED RATE BATCH EPOCHS DROP

ROWS.npy is uint8 [rows x columns]; BATCH must divide the number of rows: of a shorter minibatch, BernoulliRBM
subtracts BATCH chains from fewer rows. DROP is the fraction of the epochs at the end that have a tenth of the rate;
with 0, fit() itself does the training, and otherwise partial_fit() on shuffled minibatches, with the rate set in
between. Writes FOLDER/<k>.npz with w [columns x hidden], b, c, seconds (of training alone) and epochs.
"""
import pathlib
import sys
import time

import numpy as np
from sklearn.neural_network import BernoulliRBM


def keep(folder, k, rbm, seconds, epochs):
    np.savez(folder / f"{k:03}.npz", w=rbm.components_.T, b=rbm.intercept_visible_, c=rbm.intercept_hidden_,
             seconds=seconds, epochs=epochs)


def whole_fits(rows, rbm, folder, epochs):
    """fit() starts anew every time, so each length is a run of its own."""
    lengths = sorted({max(1, round(epochs * part)) for part in (0.25, 0.5, 0.75, 1)})
    for k, length in enumerate(lengths):
        begin = time.perf_counter()
        rbm.set_params(n_iter=length).fit(rows)
        keep(folder, k, rbm, time.perf_counter() - begin, length)


def with_drop(rows, rbm, folder, epochs, drop, rng):
    rate, batch, seconds = rbm.learning_rate, rbm.batch_size, 0
    for epoch in range(epochs):
        begin = time.perf_counter()
        rbm.set_params(learning_rate=rate / 10 if epoch >= round(epochs * (1 - drop)) else rate)
        order = rng.permutation(len(rows))
        for first in range(0, len(rows), batch):
            rbm.partial_fit(rows[order[first:first + batch]])
        seconds += time.perf_counter() - begin
        keep(folder, epoch, rbm, seconds, epoch + 1)


def main():
    path, folder, hidden, seed, rate, batch, epochs, drop = sys.argv[1:]
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rows = np.load(path).astype(np.float32 if float(drop) == 0 else np.float64)  # partial_fit() takes float64
    if len(rows) % int(batch):
        sys.exit(f"the batch {batch} must divide the {len(rows)} rows")
    rbm = BernoulliRBM(n_components=int(hidden), learning_rate=float(rate), batch_size=int(batch), random_state=int(seed))
    if float(drop) == 0:
        whole_fits(rows, rbm, folder, int(epochs))
    else:
        with_drop(rows, rbm, folder, int(epochs), float(drop), np.random.default_rng(int(seed)))


main()
