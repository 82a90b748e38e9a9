#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The peer of the benchmark: the same training and generation in PyTorch, on the CPU.

Usage: torch_machine.py epoch|generate SIZES IDXFILE ROWS BATCH REPEAT      SIZES as 784-196+-64+

Prints the seconds of each epoch (or each generation of ROWS images, r = 5) after a first one.
Float32, gradients written out (no autograd, whose graph costs more than it saves here), everything in
place and flat so that Adam runs once, denormals flushed. A sweep over a layer with intra-layer weights
goes unit by unit, for many images at once, with fields kept up to date by rank-1 updates; images in
chunks that stay in the cache. Threads: OMP_NUM_THREADS.
"""
import sys
import time

import numpy as np
import torch

from numpy_rbm import load

RATE, BETA1, BETA2, EPSILON, DECAY = 1e-3, 0.9, 0.999, 1e-6, 0.005
CHUNK = 1000  # images in a sweep: their fields fit a second-level cache; tried 250 to 10 000


class Machine:
    """A pairwise machine: for each pair W, U of its upper layer, and two biases, all in one vector."""

    def __init__(self, sizes, intra):
        self.sizes, self.intra = sizes, intra
        self.pairs = len(sizes) - 1
        shapes = []
        for i in range(self.pairs):
            shapes += [(sizes[i], sizes[i + 1]), (sizes[i],), (sizes[i + 1],)]
            if intra[i + 1]:
                shapes.append((sizes[i + 1], sizes[i + 1]))
        count = sum(int(np.prod(s)) for s in shapes)
        self.theta, self.grad, self.mean, self.square, self.scratch = (torch.zeros(count) for _ in range(5))
        self.decay = torch.zeros(count)
        self.step = 0
        views = lambda flat: [p.view(s) for p, s in zip(flat.split([int(np.prod(s)) for s in shapes]), shapes)]
        theta, grad, decay = views(self.theta), views(self.grad), views(self.decay)
        self.p, self.g, at = [], [], 0
        for i in range(self.pairs):
            n = 4 if intra[i + 1] else 3
            self.p.append(theta[at : at + n])
            self.g.append(grad[at : at + n])
            decay[at].fill_(2 * DECAY)
            torch.nn.init.normal_(theta[at], std=1 / np.sqrt(sizes[i] * sizes[i + 1]))
            if n == 4:
                decay[at + 3].fill_(DECAY)  # U counts every edge twice
                a = torch.randn(sizes[i + 1], sizes[i + 1]) / sizes[i + 1]
                theta[at + 3].copy_((a + a.t()) / 2).fill_diagonal_(0)
            at += n

    def sweep(self, pair, z, h):
        """One pass over the units of a layer: z holds the whole field and is kept up to date."""
        u = self.p[pair][3]
        threshold = torch.rand_like(z)
        threshold.logit_()
        for j in range(h.shape[1]):
            new = (z[:, j] > threshold[:, j]).float()
            z.addr_(new - h[:, j], u[j])
            h[:, j] = new

    def up(self, pair, below):
        """h given the layer below, and its sweep."""
        z = torch.addmm(self.p[pair][2], below, self.p[pair][0])
        h = torch.bernoulli(torch.sigmoid(z))
        if self.intra[pair + 1]:
            z.addmm_(h, self.p[pair][3])
            self.sweep(pair, z, h)
        return h

    def infer(self, data):
        states = [data]
        for i in range(self.pairs):
            states.append(torch.cat([self.up(i, chunk) for chunk in states[i].split(
                CHUNK if self.intra[i + 1] else 10000)]))
        return states

    def update(self, states):
        count = states[0].shape[0]
        for i in range(self.pairs):
            v, h = states[i], states[i + 1]
            w, b, c = self.p[i][:3]
            gw, gb, gc = self.g[i][:3]
            z_v, z_h = torch.addmm(b, h, w.t()), torch.addmm(c, v, w)
            if self.intra[i + 1]:
                z_h.addmm_(h, self.p[i][3])
            d_v, d_h = torch.rsub(v, 0.5), torch.rsub(h, 0.5)
            d_v.mul_(z_v.mul_(d_v).exp_()).div_(count)
            d_h.mul_(z_h.mul_(d_h).exp_()).div_(count)
            torch.mm(torch.cat((v, d_v)).t(), torch.cat((d_h, h)), out=gw)
            torch.sum(d_v, 0, out=gb)
            torch.sum(d_h, 0, out=gc)
            if self.intra[i + 1]:
                gu = self.g[i][3]
                torch.mm(torch.cat((h, d_h)).t(), torch.cat((d_h, h)), out=gu)
                gu.fill_diagonal_(0)
        self.step += 1
        self.grad.addcmul_(self.decay, self.theta)
        self.mean.lerp_(self.grad, 1 - BETA1)
        self.square.mul_(BETA2).addcmul_(self.grad, self.grad, value=1 - BETA2)
        torch.sqrt(self.square, out=self.scratch).add_(EPSILON)
        rate = RATE * np.sqrt(1 - BETA2**self.step) / (1 - BETA1**self.step)
        self.theta.addcdiv_(self.mean, self.scratch, value=-rate)

    def epoch(self, data, batch):
        states = self.infer(data)
        for index in torch.randperm(data.shape[0]).split(batch):
            self.update([s[index] for s in states])

    def generate(self, count, steps):
        out = []
        for first in range(0, count, CHUNK):
            h = torch.randint(2, (min(CHUNK, count - first), self.sizes[-1])).float()
            for i in reversed(range(self.pairs)):
                for _ in range(steps):
                    p = torch.sigmoid(torch.addmm(self.p[i][1], h, self.p[i][0].t()))
                    below = torch.bernoulli(p)
                    h = self.up(i, below)
                h = below
            out.append(p)
        return torch.cat(out)


def main():
    if len(sys.argv) != 7:
        sys.exit(__doc__.split("\n\n")[1])
    work, sizes, path, rows, batch, repeat = sys.argv[1:]
    layers = sizes.split("-")
    rows, batch, repeat = int(rows), int(batch), int(repeat)
    torch.manual_seed(1)
    torch.set_flush_denormal(True)
    torch.set_grad_enabled(False)
    machine = Machine([int(s.rstrip("+")) for s in layers], [s.endswith("+") for s in layers])
    data = torch.from_numpy(load(path, 0 if work == "generate" else rows))
    for turn in range(repeat + 1):
        start = time.perf_counter()
        if work == "epoch":
            machine.epoch(data, batch)
        else:
            machine.generate(rows, 5)
        if turn > 0:
            print(f"{time.perf_counter() - start:.6f}", flush=True)


if __name__ == "__main__":
    main()
