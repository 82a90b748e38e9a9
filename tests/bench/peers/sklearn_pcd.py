#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""PCD-1 of libvpf beside scikit-learn's BernoulliRBM (stochastic maximum likelihood, which is PCD-1).

Usage: sklearn_pcd.py TRAIN_MNIST SCRATCH [MNIST_FOLDER]

Both train on the same rows for the same number of passes with as many chains. Both get the best
learning rate of a list (by the score below; the defaults, 0.1 and 0.001, are in them). Models are judged from their parameters, by NumPy: the exact mean
log-likelihood on bars and stripes (16 pixels, 12 hidden units), and with MNIST_FOLDER the exact
pseudo-likelihood of 1000 test images. Exit status 1 if libvpf is below scikit-learn's best.
"""
import gzip
import json
import pathlib
import subprocess
import sys

import numpy as np
from sklearn.neural_network import BernoulliRBM

RATES = [0.003, 0.01, 0.03, 0.1, 0.3]  # of plain gradient ascent
OUR_RATES = [0.001, 0.003]  # of Adam
CHAINS = 100  # BernoulliRBM has as many as rows in a minibatch


def softplus(z):
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def bars_and_stripes(rows, side, rng):
    lines = rng.integers(0, 2, (rows, side), dtype=np.uint8)
    images = np.repeat(lines[:, :, None], side, 2)
    images[::2] = images[::2].transpose(0, 2, 1)
    return images


def write_idx(path, images):
    header = np.array([0x803, *images.shape], ">u4").tobytes()
    path.write_bytes(header + (images * 255).astype(np.uint8).tobytes())


def read_idx(path):
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    count, height, width = np.frombuffer(raw, ">u4", 3, 4)
    return (np.frombuffer(raw, np.uint8, count * height * width, 16).reshape(count, -1) > 127).astype(np.float64)


def read_model(path):
    """Weights, visible bias, hidden bias of a safetensors file."""
    raw = path.read_bytes()
    begin = 8 + int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:begin])
    tensors = []
    for name in ("weight.0", "bias.0", "bias.1"):
        first, last = header[name]["data_offsets"]
        tensors.append(np.frombuffer(raw[begin + first : begin + last], "<f4").reshape(header[name]["shape"]).astype(float))
    return tensors


def log_likelihood(model, rows):
    """Exact mean log p: the hidden states are enumerated for log Z."""
    w, b, c = model
    free = rows @ b + softplus(rows @ w + c).sum(1)
    hidden = (np.arange(2 ** len(c))[:, None] >> np.arange(len(c)) & 1).astype(float)
    terms = hidden @ c + softplus(hidden @ w.T + b).sum(1)
    return free.mean() - (terms.max() + np.log(np.exp(terms - terms.max()).sum()))


def pseudo_likelihood(model, rows):
    """Exact mean of sum_i log p(x_i | the other x)."""
    w, b, c = model
    field = rows @ w + c
    base = softplus(field).sum(1)
    total = np.zeros(len(rows))
    for i in range(len(b)):
        sign = 1 - 2 * rows[:, i]
        total -= softplus(sign * b[i] + softplus(field + sign[:, None] * w[i]).sum(1) - base)
    return total.mean()


def ours(program, data, scratch, arch, rate, passes, limit, batch):
    out = scratch / "ours"
    run = subprocess.run(
        [program, "--data", data, "--arch", arch, "--method", "pcd", "--particles", str(CHAINS), "--epochs", str(passes),
         "--limit", str(limit), "--batch", str(batch), "--lr", str(rate), "--lr-drop", "0.3", "--out", out],
        capture_output=True, text=True)
    if run.returncode:
        sys.exit(run.stderr)
    return read_model(out / "model.safetensors")


def theirs(rows, hidden, rate, passes):
    rbm = BernoulliRBM(n_components=hidden, learning_rate=rate, batch_size=CHAINS, n_iter=passes, random_state=1)
    rbm.fit(rows)
    return rbm.components_.T, rbm.intercept_visible_, rbm.intercept_hidden_


def best_of(name, rates, train, score, test):
    results = {}
    for rate in rates:
        with np.errstate(all="ignore"):
            results[rate] = score(train(rate), test)
        print(f"{name}, learning rate {rate}: {results[rate]:.3f}", flush=True)
    return max(results.values())


def compare(name, score, our_training, rows, test, hidden, passes):
    """True if our best is at least as good as theirs."""
    mine = best_of(f"{name}: libvpf", OUR_RATES, our_training, score, test)
    other = best_of(f"{name}: scikit-learn", RATES, lambda rate: theirs(rows, hidden, rate, passes), score, test)
    print(f"{name}: libvpf {mine:.3f}, scikit-learn {other:.3f}, {passes} passes", flush=True)
    return mine >= other


def main():
    program, scratch = sys.argv[1], pathlib.Path(sys.argv[2])
    images = bars_and_stripes(3000, 4, np.random.default_rng(1))
    folder = scratch / "bars"
    folder.mkdir(parents=True, exist_ok=True)
    write_idx(folder / "train-images-idx3-ubyte", images)
    rows = images.reshape(len(images), -1).astype(float)
    passes = 100
    train = lambda rate: ours(program, folder, scratch, "16-12", rate, passes, 0, 20)
    fine = compare("bars and stripes, log-likelihood", log_likelihood, train, rows, rows, 12, passes)
    if len(sys.argv) > 3:
        data = pathlib.Path(sys.argv[3])
        find = lambda kind: next(p for p in sorted(data.iterdir()) if p.name.startswith(kind) and "images" in p.name)
        rows, test = read_idx(find("train"))[:50000], read_idx(find("t10k"))[:1000]
        digits_passes = 10
        train = lambda rate: ours(program, data, scratch, "784-196", rate, digits_passes, 50000, 40)
        fine &= compare("MNIST, pseudo-likelihood", pseudo_likelihood, train, rows, test, 196, digits_passes)
    sys.exit(0 if fine else 1)


main()
