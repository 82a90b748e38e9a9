#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Trains an RBM with rbms (PyTorch) by PCD and keeps its parameters along the way. Called by likelihood.py.

Usage: rbms_likelihood.py ROWS.npy FOLDER HIDDEN SEED OPTIMIZER RATE BATCH CHAINS STEPS EPOCHS DROP

ROWS.npy is uint8 [rows x columns]. OPTIMIZER is sgd, adam or cossim; STEPS is Gibbs steps an update; DROP is the
fraction of the updates at the end that have a tenth of the rate. The training is rbms' own loop with its centred
gradient and its start from the means of the data. Writes FOLDER/<k>.npz with w [columns x hidden], b, c, seconds,
epochs, and free: rbms' own free energies of the first 10 rows, so that the copied parameters can be checked.
"""
import pathlib
import sys
import tempfile

import h5py
import numpy as np
import torch
from rbms.bernoulli_bernoulli.classes import BBRBM
from rbms.dataset.dataset_class import RBMDataset
from rbms.optim import setup_optim
from rbms.pre_grad import build_pre_grad_update
from rbms.sampler import PCD
from rbms.training.pcd import train


def dataset(rows):
    return RBMDataset(data=rows, labels=np.zeros(len(rows)), weights=np.ones(len(rows)), names=np.arange(len(rows)).astype(str),
                      dataset_name="rows", variable_type="bernoulli", device="cpu", dtype=torch.float32)


def keep(folder, archive, data, batch):
    """What rbms saved, with the time that it recorded."""
    with h5py.File(archive) as file:
        for k, update in enumerate(sorted((name for name in file if name.startswith("update_")), key=lambda n: int(n[7:]))):
            group = file[update]
            w, b, c = (group["params"][name][()] for name in ("weight_matrix", "vbias", "hbias"))
            model = BBRBM(*map(torch.from_numpy, (w, b, c)))
            np.savez(folder / f"{k:03}.npz", w=w, b=b, c=c, seconds=group["time"][()],
                     epochs=int(update[7:]) * batch / len(data), free=model.compute_energy_visibles(data.data[:10]).numpy())


def main():
    path, folder, hidden, seed, optim, rate, batch, chains, steps, epochs, drop = sys.argv[1:]
    rows, rate, batch = np.load(path), float(rate), int(batch)
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(int(seed))
    data = dataset(rows)
    model = BBRBM.init_parameters(num_hiddens=int(hidden), dataset=data, device="cpu", dtype=torch.float32)
    model.init_grad()
    sampler = PCD(params=model, chains=model.init_chains(int(chains)), num_steps=int(steps))
    optimizers = setup_optim(optim, {"optim": optim, "learning_rate": rate, "max_lr": rate, "scale_lr": False,
                                     "mult_optim": False}, model)
    before = build_pre_grad_update(optimizers, 0, 0, False, -1)
    last = round(float(epochs) * len(rows) / batch)
    turn = round(last * (1 - float(drop)))
    checkpoints = np.unique(np.linspace(1, last, 21).astype(int)[1:])
    with tempfile.TemporaryDirectory() as scratch:
        archive = scratch + "/rbm.h5"
        h5py.File(archive, "w").close()
        elapsed = 0
        for first, end in ((0, turn), (turn, last)):
            if first == end:
                continue
            train(train_dataset=data, test_dataset=data, params=model, sampler=sampler, optimizer=optimizers,
                  batch_size=batch, centered=True, curr_update=first, pre_grad_update=before, elapsed_time=elapsed,
                  checkpoints=checkpoints, num_updates=end, filename=archive)
            with h5py.File(archive) as file:
                elapsed = float(file[f"update_{end}"]["time"][()])
            for optimizer in optimizers:
                optimizer.param_groups[0]["lr"] = rate / 10
        keep(folder, archive, data, batch)


main()
