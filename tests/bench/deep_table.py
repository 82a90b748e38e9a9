#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Usage: deep_table.py MNIST_FOLDER [--quick]: see deep_run.sh."""
import pathlib
import sys
import time

import vpf

# Machine, method, how VPF draws its hidden units (VPF_OPTION_ESTEP), weight decay.
MACHINES = [
    ([784, 196], "vpf", 0, 0.005),
    ([784, 196], "pcd", 0, 0.0001),
    ([784, 100, 10], "vpf", 0, 0.005),
    ([784, 100, 10], "vpf", 1, 0.005),
    ([784, 196, 64], "vpf", 0, 0.005),
    ([784, 196, 64], "vpf", 1, 0.005),
    ([784, 196, 196, 64], "vpf", 1, 0.005),
    ([784, 100, 50, 25], "vpf", 1, 0.005),
]
SMALL = [([784, 8], "pcd", 0, 0.0001), ([784, 9, 4], "vpf", 1, 0.005), ([784, 30, 28], "vpf", 0, 0.005)]
HEAD = ["machine", "trained by", "log Z, forward", "reverse", "both", "bound of log Z", "log p(test) is at least", "exactly",
        "log p(empty)", "doubts"]


def load(folder, name):
    for separator in "-.":
        for end in "", ".gz":
            path = pathlib.Path(folder, f"{name}{separator}idx3-ubyte{end}")
            if path.exists():
                return vpf.Data.load_idx(path)
    sys.exit(f"{folder}: no {name}")


def trained(sizes, method, estep, decay, data, epochs):
    model = vpf.Model(sizes, coupling=vpf.Coupling.JOINT, seed=1)
    vpf.train(model, data, vpf.Optimizer(seed=1, method=vpf.Method[method.upper()], estep=estep, weight_decay=decay), epochs)
    return model


def lower(mean, found):
    """A mean by log_z, by the log Z that counts, as for mean_low."""
    return mean - (found.mean - found.mean_low)


def row(model, method, estep, train, test, settings):
    found = model.estimate_likelihood(test, base=train, reverse=True, reverse_from=test, **settings)
    bound = model.log_likelihood_bound(test, found.log_z)
    exact = "" if found.bound else f"{found.mean_low:.2f}"
    how = {"pcd": "PCD-1", "vpf": ("VPF", "VPF, Gibbs E-step")[estep]}[method]
    return ["-".join(map(str, model.sizes)), how, f"{found.log_z:.1f}", f"{found.reverse_log_z:.1f}",
            f"{found.log_z_both:.1f}", f"{found.log_z_bound:.1f}", f"{lower(bound, found):.2f}", exact,
            f"{lower(found.empty, found):.1f}", ", ".join(doubt.name.lower() for doubt in vpf.Doubt if doubt in found.doubts)]


def main():
    quick = "--quick" in sys.argv
    train, test = load(sys.argv[1], "train-images"), load(sys.argv[1], "t10k-images")
    train = train.slice(0, min(50000, train.rows))
    settings = {"chains": 100, "betas": 3000, "seed": 1}
    if quick:
        test, settings = test.slice(0, 20), {"chains": 5, "betas": 20, "reverse_sweeps": 3, "seed": 1}
    print("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD), flush=True)
    for sizes, method, estep, decay in SMALL if quick else MACHINES:
        model = trained(sizes, method, estep, decay, train, 1 if quick else 10)
        print("| " + " | ".join(row(model, method, estep, train, test, settings)) + " |", flush=True)
        start = time.perf_counter()
        model.log_likelihood_bound(test, 0)
        print(f"{time.perf_counter() - start:.2f} s for the bounds of {test.rows} images", file=sys.stderr)


if __name__ == "__main__":
    main()
