# SPDX-License-Identifier: MIT
"""Which images do not belong? Scores of single rows as detectors of anomalies.

    python3 anomaly.py DIGITS OTHERS [--limit N] [--seeds N]

Trains RBMs with 196 hidden units on the digits of the folder DIGITS (the MNIST files, plain or .gz), and then tells its
test images from images of another kind: those of the folder OTHERS (such as examples/sample, 500 test images of
Fashion-MNIST), the test images upside down, and their negatives. A score is as good as its ROC AUC: how often an image
of the other kind has a higher one than a digit. 1 is perfect, 0.5 is a guess, 0 is perfectly wrong.
"""
import argparse
import pathlib

import numpy as np

import vpf


def load(folder, name):
    for path in (folder / f"{name}-images-idx3-ubyte", folder / f"{name}-images-idx3-ubyte.gz"):
        if path.exists():
            return vpf.Data.load_idx(path)
    raise SystemExit(f"anomaly: no {name}-images-idx3-ubyte in {folder}")


def auc(normal, strange):
    """The fraction of pairs in which the strange one is higher; ties count half."""
    below = np.searchsorted(np.sort(normal), strange, side="left")
    up_to = np.searchsorted(np.sort(normal), strange, side="right")
    return (below + up_to).mean() / (2 * len(normal))


def train(digits, seed, epochs, **options):
    model = vpf.Model([digits.cols, 196], seed=seed)
    vpf.train(model, digits, vpf.Optimizer(seed=seed, **options), epochs)
    return model


def independent(digits):
    """A machine without weights: each pixel as often on as in the digits, whatever the others are."""
    mean, model = (digits.bits().sum(axis=0) + 0.5) / (digits.rows + 1), vpf.Model([digits.cols])
    model.set_bias(0, np.log(mean / (1 - mean)))
    return model


# Higher for a row that is stranger. -log p is the free energy plus log Z, which changes no order.
SCORES = {
    "free energy": lambda model, data: model.free_energy(data),
    "-pseudo-likelihood": lambda model, data: -model.pseudo_likelihood_rows(data),
    "flow": lambda model, data: model.flow_rows(model.infer(data, 1)),
}

parser = argparse.ArgumentParser(description="ROC AUC of the scores of single rows.")
parser.add_argument("digits", type=pathlib.Path)
parser.add_argument("others", type=pathlib.Path)
parser.add_argument("--limit", type=int, default=50000, help="train on the first N images (default 50000)")
parser.add_argument("--seeds", type=int, default=3, help="average over seeds 1 .. N (default 3)")
choice = parser.parse_args()

training, test = load(choice.digits, "train"), load(choice.digits, "t10k")
training = training.slice(0, min(choice.limit, training.rows))
bits = test.bits()
strange = {"other images": load(choice.others, "t10k"), "upside down": vpf.Data(bits[:, ::-1], threshold=0),
           "negatives": vpf.Data(1 - bits, threshold=0)}
pcd = dict(method=vpf.Method.PCD, weight_decay=1e-4, particles=100)


def machines(seed):
    yield "VPF, 10 epochs", train(training, seed, 10)
    yield "VPF, 100 epochs", train(training, seed, 100)
    yield "PCD-1, 10 epochs", train(training, seed, 10, **pcd)


def report(name, score, values):
    columns = [f"{np.mean(v):.3f} ({min(v):.3f} .. {max(v):.3f})" if len(v) > 1 else f"{v[0]:.3f}" for v in values]
    print(f"| {name} | {score} | " + " | ".join(columns) + " |", flush=True)


print(f"{training.rows} training images, {test.rows} test images, " +
      ", ".join(f"{data.rows} {name}" for name, data in strange.items()))
print("| machine | score | " + " | ".join(strange) + " |\n|" + "---|" * (2 + len(strange)))
found = {}
for seed in range(1, choice.seeds + 1):
    for name, model in machines(seed):
        for score, of_rows in SCORES.items():
            normal = of_rows(model, test)
            for column, data in enumerate(strange.values()):
                found.setdefault((name, score), [[] for _ in strange])[column].append(auc(normal, of_rows(model, data)))
for (name, score), values in found.items():
    report(name, score, values)
alone = independent(training)
normal = alone.free_energy(test)
report("independent pixels", "-log p", [[auc(normal, alone.free_energy(data))] for data in strange.values()])
report("none", "pixels that are on", [[auc(bits.sum(axis=1), d.bits().sum(axis=1))] for d in strange.values()])
