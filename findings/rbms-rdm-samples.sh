#!/bin/sh
# SPDX-License-Identifier: MIT
# rbms 0.6.0, training type "rdm": the negative phase is the random start of the chains, however many Gibbs steps are asked for.
#
# Expected: RDM starts chains at random for every update, runs them num_steps Gibbs steps under the present model and
# hands them to the gradient. For a model without couplings whose units are on with probability 0.05, chains after 1000 steps
# have a mean of 0.05.
# Seen (Python 3.12, torch 2.15.0): the mean is 0.50, and every call returns the same chains: the ones drawn
# when the sampler was made. The samples that were computed are not used. Training by "rdm" therefore matches the difference
# between the data and coin tosses, and takes the time of all the steps. "cd" and "pcd" use what they sample.
# Who meets it: anyone who trains with --training_type rdm or rbms.sampler.RDM, for example to compare out-of-equilibrium
# training with PCD.
#
#   sh findings/rbms-rdm-samples.sh     PYTHON names the interpreter, 3.12 or later (default: python3.12)
#
# Exit status 0: still so; 1: the behaviour has changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"${PYTHON:-python3.12}" -m venv "$scratch/venv"
"$scratch/venv/bin/python" -m pip install --quiet numpy==2.4.1 torch==2.15.0 rbms==0.6.0
"$scratch/venv/bin/python" -W ignore - <<'PROGRAM'
import sys

import torch
from rbms.bernoulli_bernoulli.classes import BBRBM
from rbms.sampler import PCD, RDM

torch.manual_seed(0)
model = BBRBM(weight_matrix=torch.zeros(50, 10), vbias=torch.full((50,), -2.944439), hbias=torch.zeros(10))
rdm = RDM(params=model, num_chains=2000, num_steps=1000)
pcd = PCD(params=model, chains=model.init_chains(2000), num_steps=1000)
first = rdm.get_conf_grad(None)["visible"].clone()
again = rdm.get_conf_grad(None)["visible"]
mean, peer = first.mean().item(), pcd.get_conf_grad(None)["visible"].mean().item()
print(f"mean of the model 0.050; of RDM's chains after 1000 steps {mean:.3f}, of PCD's {peer:.3f}; "
      f"RDM's next chains are {'the same' if torch.equal(first, again) else 'others'}")
sys.exit(0 if mean > 0.4 and abs(peer - 0.05) < 0.01 and torch.equal(first, again) else 1)
PROGRAM
