#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tables of docs/evaluation.md, from what methods_run.sh leaves in a folder.

Usage: methods_tables.py FOLDER "SEEDS" "EPOCHS" QUICK        (QUICK yes: no claims are checked)

Means over the seeds; in brackets the smallest and the largest. Exit status 1 if a claim that the
page makes does not hold.
"""
import json
import pathlib
import sys

FOLDER, SEEDS, EPOCHS = pathlib.Path(sys.argv[1]), sys.argv[2].split(), sys.argv[3].split()
QUICK = sys.argv[4] == "yes"
NAMES = {"vpf": "VPF", "cd-1": "CD-1", "cd-10": "CD-10", "pcd-1": "PCD-1", "pcd-10": "PCD-10"}
VARIANTS = {"vpf-order": "VPF, images in order", "vpf-decay": "VPF, decay 0.01"}
REGIONS = ["top", "bottom", "left", "right"]
failed = False


def scores(name, seed, file="model"):
    return json.loads((FOLDER / f"{name}-{seed}" / f"{file}.safetensors.json").read_text())


def values(name, *path, file="model"):
    """One number of every seed."""
    found = []
    for seed in SEEDS:
        value = scores(name, seed, file)
        for key in path:
            value = value[key]
        found.append(float("nan") if value is None else value)
    return found


def mean(numbers):
    return sum(numbers) / len(numbers)


def spread(numbers, digits=1):
    return f"{mean(numbers):.{digits}f} ({min(numbers):.{digits}f} .. {max(numbers):.{digits}f})"


def claim(text, holds):
    global failed
    if QUICK:
        return
    print(f"{'holds   ' if holds else 'BROKEN  '} {text}")
    failed = failed or not holds


def likelihood_table():
    print("| | seeds, in doubt | log p(test) | by the forward run | by the reverse run | log p(empty) | pseudo-likelihood | "
          "K of the last epoch |")
    print("|---|---|---|---|---|---|---|---|")
    for epoch in EPOCHS:
        file = f"model-{epoch}"
        print(f"| VPF, epoch {epoch} | {likelihood_cells('vpf', file)} | {flow('vpf', int(epoch))} |")
    for name, title in NAMES.items():
        print(f"| {title}, at the end | {likelihood_cells(name, 'model')} | {flow(name, None)} |")
    print(f"| independent pixels | | {mean(values('vpf', 'likelihood', 'independent', 'mean')):.1f} | | | | | |")
    print()


def likelihood_cells(name, file):
    cells = [f"{len(SEEDS)}, {sum(values(name, 'likelihood', 'disagree', file=file))}"]
    cells += [spread(values(name, "likelihood", "test", key, file=file)) for key in ("mean_low", "mean", "reverse_mean")]
    cells.append(spread(values(name, "likelihood", "empty", "mean_low", file=file)))
    cells.append(spread(values(name, "likelihood", "pseudo", file=file)))
    return " | ".join(cells)


def flow(name, epoch):
    last = []
    for seed in SEEDS:
        lines = [json.loads(line) for line in open(FOLDER / f"{name}-{seed}" / "log.jsonl")]
        last.append(lines[(epoch or len(lines)) - 1]["K"])
    return f"{mean(last):.1f}"


def along_table():
    """Where the likelihood turns, on the validation images, from the logs."""
    for seed in SEEDS:
        lines = [json.loads(line) for line in open(FOLDER / f"vpf-{seed}" / "log.jsonl")]
        looks = [line for line in lines if "log_p" in line]
        row = ", ".join(f"{line['epoch']}: {line['log_p']:.0f} ({line['log_p_empty']:.1f})" for line in looks)
        print(f"VPF, seed {seed}, log p(validation) (of the empty image) by epoch: {row}")
    print()


def filling_table(protocol):
    print(f"Filling in, {protocol}:")
    print("| | Top | Bottom | Left | Right |")
    print("|---|---|---|---|---|")
    for name, title in {**NAMES, **VARIANTS}.items():
        print(f"| {title} | " + " | ".join(spread(values(name, "filling", protocol, r, "error")) for r in REGIONS) + " |")
    print("| all black | " + " | ".join(f"{values('vpf', 'filling', 'black', r, 'error')[0]:.1f}" for r in REGIONS) + " |")
    nearest = scores("vpf", SEEDS[0])["filling"]["neighbours"]
    if nearest and nearest["rows"]:
        print(f"| median of the {nearest['nearest']} nearest ({nearest['rows']} images) | "
              + " | ".join(f"{nearest[r]['error']:.1f}" for r in REGIONS) + " |")
    print()


def parzen_table():
    print("| | Parzen, R prior | Parzen, P prior | connected correlations, Pearson | split R-hat of the energy |")
    print("|---|---|---|---|---|")
    for name, title in NAMES.items():
        cells = [spread(values(name, "parzen", prior, "mean")) for prior in "rp"]
        cells.append(spread(values(name, "moments", "samples", "connected_pearson"), 2))
        cells.append(spread(values(name, "mixing", "split_rhat"), 2))
        print(f"| {title} | " + " | ".join(cells) + " |")
    training = values("vpf", "parzen", "training", "mean")[0]
    print(f"| training images | {training:.1f} | {training:.1f} | "
          f"{values('vpf', 'moments', 'training', 'connected_pearson')[0]:.2f} | |")
    print()


def main():
    likelihood_table()
    along_table()
    for protocol in ("clamped", "mean_field", "paper", "leak"):
        filling_table(protocol)
    parzen_table()
    if QUICK:
        return
    test = lambda name, file: values(name, "likelihood", "test", "mean_low", file=file)
    for epoch in ("10", "20"):
        claim(f"VPF at epoch {epoch}: log p(test) within 3 of -135", all(abs(v + 135) < 3 for v in test("vpf", f"model-{epoch}")))
    claim("VPF at epoch 50: below -180", all(v < -180 for v in test("vpf", "model-50")))
    claim("VPF at epoch 50: log p(empty image) above -1",
          all(v > -1 for v in values("vpf", "likelihood", "empty", "mean_low", file="model-50")))
    claim("while K still falls", all(float(flow("vpf", a)) > float(flow("vpf", b)) for a, b in ((20, 50), (50, 200))))
    claim("PCD-1, 20 epochs: better than -92", mean(test("pcd-1", "model")) > -92)
    for region, most in zip(REGIONS, (27.6, 31.2, 20.8, 27.5)):
        error = mean(values("vpf-order", "filling", "clamped", region, "error"))
        claim(f"VPF, images in order, clamped: error at the {region} {error:.2f}, at most {most}", error <= most)


main()
sys.exit(1 if failed else 0)
