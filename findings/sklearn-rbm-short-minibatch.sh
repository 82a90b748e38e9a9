#!/bin/sh
# SPDX-License-Identifier: MIT
# scikit-learn 1.9.1, BernoulliRBM.fit(): one row more or less in the training data decides whether the model fits them.
#
# Expected: where batch_size does not divide the number of rows, the last, shorter minibatch takes a noisier step of
# about the usual size, and the fitted model has the means of the data (0.2 here) either way.
# Seen (Python 3.12, NumPy 2.4.1): 1000 rows in minibatches of 100 give model means of 0.21 on average. With 1001 rows they
# are 0.02. The last minibatch has one row and still 100 chains: the sum over all chains is subtracted from the sum over
# the row, and the difference is divided by the number of rows, here 1.
# Who meets it: anyone whose number of rows is not a multiple of batch_size, most of all where little is left over. No
# warning is given. Way out: drop rows until batch_size divides their number.
#
#   sh findings/sklearn-rbm-short-minibatch.sh     PYTHON names the interpreter, 3.11 or later (default: python3)
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

data = (np.random.default_rng(0).random((1001, 6)) < 0.2).astype(float)


def model_mean(rows):
    rbm = BernoulliRBM(n_components=4, batch_size=100, learning_rate=0.1, n_iter=50, random_state=0).fit(rows)
    chains = (np.random.default_rng(1).random((5000, 6)) < 0.5).astype(float)
    for _ in range(200):
        chains = rbm.gibbs(chains)
    return chains.mean()


even, odd = model_mean(data[:1000]), model_mean(data)
print(f"mean of the data {data.mean():.3f}; of the model fitted to 1000 rows {even:.3f}; to 1001 rows {odd:.3f}")
sys.exit(0 if abs(even - 0.2) < 0.05 and odd < 0.1 else 1)
PROGRAM
