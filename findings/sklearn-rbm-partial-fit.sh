#!/bin/sh
# SPDX-License-Identifier: MIT
# scikit-learn 1.9.1, BernoulliRBM.partial_fit(): chunks of any size but batch_size train another model.
#
# Expected: partial_fit() splits a chunk into minibatches of batch_size, as fit() does, or takes one step on all of it whose
# two halves are both means. Either way, columns that are on in 20 % of the rows are on in 20 % of the model's samples.
# Seen (Python 3.12, NumPy 2.4.1), with the default batch_size of 10: chunks of 10 rows give model means of 0.21; chunks of
# 100 rows 1.00; single rows 0.02. One step is taken on the whole chunk, there are always batch_size chains, and
# both sums are divided by the number of rows: with 100 rows, the chains count for a tenth of what the data do, and
# the parameters grow without end.
# Who meets it: anyone who trains out of core, in chunks that fit memory, without setting batch_size to the
# size of the chunk. No warning is given. Way out: batch_size equal to the rows of every chunk.
#
#   sh findings/sklearn-rbm-partial-fit.sh     PYTHON names the interpreter, 3.11 or later (default: python3)
#
# Exit status 0: still so; 1: the behaviour has changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"${PYTHON:-python3}" -m venv "$scratch/venv"
"$scratch/venv/bin/python" -m pip install --quiet numpy==2.4.1 scikit-learn==1.9.1
"$scratch/venv/bin/python" - <<'PROGRAM'
import sys

import numpy as np
from sklearn.neural_network import BernoulliRBM

rng = np.random.default_rng(0)
data = (rng.random((20000, 6)) < 0.2).astype(float)


def model_mean(rows):
    """After 2000 steps on chunks of so many rows."""
    rbm = BernoulliRBM(n_components=4, learning_rate=0.1, random_state=0)
    for step in range(2000):
        rbm.partial_fit(data[(step * rows + np.arange(rows)) % len(data)])
    chains = (rng.random((5000, 6)) < 0.5).astype(float)
    for _ in range(200):
        chains = rbm.gibbs(chains)
    return chains.mean()


means = {rows: model_mean(rows) for rows in (1, 10, 100)}
print(f"mean of the data {data.mean():.3f}; of the model trained in chunks of "
      + ", ".join(f"{rows} rows {mean:.3f}" for rows, mean in means.items()))
sys.exit(0 if means[1] < 0.1 and abs(means[10] - 0.2) < 0.05 and means[100] > 0.9 else 1)
PROGRAM
