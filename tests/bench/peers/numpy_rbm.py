#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The peer of the benchmark: the training of libvpf's RBM, the same recipe in NumPy and BLAS.

Usage: numpy_rbm.py IDXFILE ROWS EPOCHS HIDDEN BATCH      (ROWS 0: all; IDXFILE plain or .gz)
Prints one line an epoch: "epoch N seconds S K K visible KV hidden KH".

Everything is float32, preallocated and in place; the two halves of the gradient are stacked so
that they are one matrix product, and all parameters are one array so that Adam runs once.
Threads are the BLAS's own (OPENBLAS_NUM_THREADS); its products are small here, so one thread can
be the faster choice: compare with the better of both.
"""
import gzip
import sys
import time

import numpy as np

RATE, BETA1, BETA2, EPSILON, DECAY = np.float32([1e-3, 0.9, 0.999, 1e-6, 0.005])


def load(path, rows):
    """The images as zeros and ones: grey level above 127, the paper's 0.5."""
    with open(path, "rb") as file:
        raw = file.read()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    magic, count, height, width = np.frombuffer(raw, ">u4", 4)
    if magic != 0x803:
        sys.exit(f"{path} is not an IDX file of images")
    images = np.frombuffer(raw, np.uint8, count * height * width, 16).reshape(count, -1)
    return (images[: rows or count] > 127).astype(np.float32)


def flow(states, fields, moved, count):
    """Replace the fields z by the rates' gradient alpha delta / count; the sum of the rates delta."""
    np.subtract(0.5, states, out=moved)  # alpha
    fields *= moved
    np.exp(fields, out=fields)           # delta
    total = fields.sum(dtype=np.float64)
    moved *= fields
    moved /= count
    return total


def train(data, epochs, hidden, batch):
    rows, visible = data.shape
    rng = np.random.default_rng(1)
    # theta = W, b, c side by side, with gradient, moments and scratch of the same layout; five
    # arrays, not rows of one: NumPy takes its slow square root when input and output touch
    theta, gradient, mean, square, scratch = (
        np.zeros(visible * hidden + visible + hidden, np.float32) for _ in range(5))
    split = lambda flat: np.split(flat, [visible * hidden, visible * (hidden + 1)])
    (weights, b, c), (g_weights, g_b, g_c) = split(theta), split(gradient)
    weights, g_weights = weights.reshape(visible, hidden), g_weights.reshape(visible, hidden)
    weights[:] = rng.standard_normal(weights.shape) / np.sqrt(visible * hidden)
    sample, uniform = np.empty((2, rows, hidden), np.float32)
    below, above = np.empty((2 * batch, visible), np.float32), np.empty((2 * batch, hidden), np.float32)
    z_v, z_h = np.empty((batch, visible), np.float32), np.empty((batch, hidden), np.float32)
    step = 0
    for epoch in range(1, epochs + 1):
        started, k_visible, k_hidden = time.perf_counter(), 0.0, 0.0
        # E-step, once for the whole set: h ~ Bernoulli(sigmoid(v W + c)), as u (1 + exp(-z)) < 1
        np.dot(data, weights, out=sample)
        sample += c
        np.negative(sample, out=sample)
        with np.errstate(over="ignore"):  # to infinity: then h = 0
            np.exp(sample, out=sample)
        sample += 1
        rng.random(out=uniform, dtype=np.float32)
        uniform *= sample
        np.less(uniform, 1, out=sample, casting="unsafe")
        order = rng.permutation(rows)
        for first in range(0, rows, batch):
            index = order[first : first + batch]
            n = len(index)
            # below = [v; alpha delta of v], above = [alpha delta of h; h]: dK/dW = below^T above
            v, d_v, d_h, h = below[:n], below[n : 2 * n], above[:n], above[n : 2 * n]
            np.take(data, index, axis=0, out=v, mode="clip")
            np.take(sample, index, axis=0, out=h, mode="clip")
            np.dot(h, weights.T, out=z_v[:n])
            np.dot(v, weights, out=z_h[:n])
            z_v[:n] += b
            z_h[:n] += c
            k_visible += flow(v, z_v[:n], d_v, n)
            k_hidden += flow(h, z_h[:n], d_h, n)
            np.dot(below[: 2 * n].T, above[: 2 * n], out=g_weights)
            np.sum(d_v, axis=0, out=g_b)
            np.sum(d_h, axis=0, out=g_c)
            np.multiply(weights, 2 * DECAY, out=scratch[: weights.size].reshape(weights.shape))
            gradient[: weights.size] += scratch[: weights.size]
            # Adam in the paper's form, theta -= rate m / (sqrt(s) + epsilon), with the factors
            # 1 - beta of both moments moved to the rate and to epsilon: two passes fewer
            step += 1
            mean *= BETA1
            mean += gradient
            square *= BETA2
            gradient *= gradient
            square += gradient
            np.sqrt(square, out=scratch)
            scratch += EPSILON / np.sqrt(1 - BETA2)
            np.divide(mean, scratch, out=scratch)
            scratch *= RATE * (1 - BETA1) / (1 - BETA1**step) * np.sqrt((1 - BETA2**step) / (1 - BETA2))
            theta -= scratch
        k_visible, k_hidden = k_visible / rows, k_hidden / rows
        print(f"epoch {epoch} seconds {time.perf_counter() - started:.3f} K {k_visible + k_hidden:.3f} "
              f"visible {k_visible:.3f} hidden {k_hidden:.3f}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__.split("\n\n")[1])
    ROWS, EPOCHS, HIDDEN, BATCH = map(int, sys.argv[2:])
    train(load(sys.argv[1], ROWS), EPOCHS, HIDDEN, BATCH)
