# SPDX-License-Identifier: MIT
# %% [markdown]
# # A tour of libvpf
#
# Trains an RBM on images, looks at what it has learned, draws images from it, fills in missing parts, and estimates
# how probable unseen images are. Run it as a program, or cell by cell in an editor that understands `# %%`:
#
#     python3 tour.py [--data FOLDER] [OUT]
#
# FOLDER has the MNIST files, plain or .gz (default: the bundled sample of Fashion-MNIST); pictures are written to OUT
# (default: out/python). The tour needs matplotlib and libvpf: see vpf.py beside this file.

# %%
import argparse
import pathlib
import sys
import time

import matplotlib
if not hasattr(sys, "ps1") and "ipykernel" not in sys.modules:
    matplotlib.use("Agg")  # when run as a program, it only writes files
import matplotlib.pyplot as plt
import numpy as np

import vpf

parser = argparse.ArgumentParser(description="A tour of libvpf: train an RBM, draw from it, fill in, evaluate.")
parser.add_argument("out", nargs="?", default="out/python", help="folder for the pictures (default: out/python)")
parser.add_argument("--data", default=pathlib.Path(__file__).resolve().parents[1] / "sample", type=pathlib.Path,
                    help="folder with the MNIST files (default: the bundled sample)")
choice = parser.parse_args([] if "ipykernel" in sys.modules else None)
out = pathlib.Path(choice.out)
out.mkdir(parents=True, exist_ok=True)

# %% [markdown]
# ## Pictures
#
# An image is a flat row; a tile is such a row folded to a square. Pixels are ink on paper: 0 is white.

# %%
INK, SECOND, QUIET = "#1f4e79", "#c55a11", "#8c8c8c"
plt.rcParams.update({"font.size": 10, "axes.titlesize": 11, "axes.spines.top": False, "axes.spines.right": False,
                     "figure.dpi": 110, "savefig.dpi": 110, "axes.titlepad": 8})


def mosaic(rows, columns, gap=2, fill=np.nan):
    """Images [n x pixels] as one picture, `columns` of them in a line."""
    side = int(round(rows.shape[1] ** 0.5))
    lines = -(-len(rows) // columns)
    canvas = np.full((lines * (side + gap) - gap, columns * (side + gap) - gap), fill, dtype=float)
    for k, image in enumerate(rows):
        top, left = (k // columns) * (side + gap), (k % columns) * (side + gap)
        canvas[top:top + side, left:left + side] = image.reshape(side, side)
    return canvas


def show(axes, rows, columns, title, cmap="gray_r", low=0.0, high=1.0):
    """Tiles with a title above."""
    colours = matplotlib.colormaps[cmap].copy()
    colours.set_bad("#d9d9d9")  # between the tiles
    drawn = axes.imshow(mosaic(rows, columns), cmap=colours, vmin=low, vmax=high, interpolation="nearest")
    axes.set_title(title)
    axes.set_axis_off()
    return drawn


def write(figure, name):
    figure.savefig(out / name, facecolor="white")
    plt.close(figure)
    print("wrote", out / name)


# %% [markdown]
# ## Data
#
# A `Data` holds bits and, beside them, the grey levels: a pixel above 127 is on. The machine sees only the bits.


# %%
def images(name):
    for path in (choice.data / (name + ending) for ending in ("-idx3-ubyte", ".idx3-ubyte")):
        for file in (path, path.with_name(path.name + ".gz")):
            if file.exists():
                return vpf.Data.load_idx(file, threshold=127)
    sys.exit(f"tour: no {name}-idx3-ubyte in {choice.data}")


everything, test = images("train-images"), images("t10k-images")[:500]
everything = everything[:min(len(everything), 10000)]  # a tour, not a journey
train, held = everything[:len(everything) * 3 // 4], everything[len(everything) * 3 // 4:]
held = held[:min(len(held), 500)]
print(f"libvpf {vpf.version_string()}: trains on {train}, watches {held}, tests on {test}")

figure, axes = plt.subplots(1, 2, figsize=(9, 2.7), constrained_layout=True)
show(axes[0], train[:50].levels(), 10, "Training images: grey levels")
show(axes[1], train[:50].bits(), 10, "The bits that the machine sees")
write(figure, "data.png")

# %% [markdown]
# ## Train
#
# 196 hidden units, and small minibatches because there are few images. The progress function collects what will be
# plotted. The flow falls in any case; only the likelihood tells whether the *model* gets better. So a `Monitor`
# estimates the likelihood of held-out images every other epoch and keeps a copy of the best model.

# %%
EPOCHS = 20
model = vpf.Model([train.cols, 196], seed=1)
optimizer = vpf.Optimizer(seed=1, batch_size=20)
monitor = vpf.Monitor(chains=50, betas=300, seed=1)
flow, rho = [], []


def progress(p):
    flow.append((sum(p.flow_lower), sum(p.flow_upper)))
    rho.append(p.rho)
    if p.epoch % 2 == 0:
        monitor.check(model, held, p.epoch)


began = time.perf_counter()
stop = vpf.train(model, train, optimizer, EPOCHS, progress)
print(f"{len(flow)} epochs in {time.perf_counter() - began:.1f} s, ended by {stop.name}; {optimizer}")

checks = [monitor[k] for k in range(len(monitor))]
best, best_epoch = monitor.best_model(), monitor[monitor.best_index()][0]
print(f"best after {best_epoch} epochs: {monitor[monitor.best_index()][1].mean:.1f} nats an image")

# %%
epochs = np.arange(1, len(flow) + 1)
lower, upper = np.array(flow).T
figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), constrained_layout=True)
axes[0].plot(epochs, lower + upper, color=INK, label="both")
axes[0].plot(epochs, lower, color=SECOND, label="visible units")
axes[0].plot(epochs, upper, color=QUIET, label="hidden units")
axes[0].set(title="Probability flow K", xlabel="epoch", ylim=(0, None))
axes[0].legend(frameon=False)
axes[1].plot(epochs, rho, color=INK)
axes[1].set(title=r"Weights that matter, $\rho$", xlabel="epoch", ylim=(0, None))
axes[2].errorbar([epoch for epoch, _ in checks], [found.mean for _, found in checks],
                 [found.log_z_stderr for _, found in checks], color=INK, marker="o", markersize=4, capsize=2)
axes[2].axvline(best_epoch, color=SECOND, linestyle=":")
axes[2].set(title=f"log p of held-out images, nats: best at {best_epoch}", xlabel="epoch", xlim=axes[0].get_xlim())
write(figure, "training.png")

# %% [markdown]
# ## What the hidden units look for
#
# Column j of W holds the weights between unit j and each pixel. Blue pixels push the unit on, red ones off.

# %%
w = best.weights(0)
figure, axes = plt.subplots(figsize=(7.2, 6.6), constrained_layout=True)
limit = np.quantile(np.abs(w), 0.998)
drawn = show(axes, w.T, 14, f"Weights of {best.sizes[1]} hidden units", "RdBu", -limit, limit)
figure.colorbar(drawn, ax=axes, shrink=0.6, label="weight", extend="both")
write(figure, "filters.png")

# %% [markdown]
# ## Draw
#
# `generate` draws the hidden units from a prior (here their mean activity on the training images) and goes down
# and up a few times. Beside the drawn images stands the nearest training image of each: has the machine merely
# memorised them?

# %%
prior = best.mean_activations(train)
drawn_images = best.generate(50, steps=5, seed=1, prior=prior)
levels = train.levels()
distance = (drawn_images ** 2).sum(1)[:, None] - 2 * drawn_images @ levels.T + (levels ** 2).sum(1)
nearest = levels[distance.argmin(axis=1)]
figure, axes = plt.subplots(1, 2, figsize=(9, 2.7), constrained_layout=True)
show(axes[0], drawn_images, 10, "Drawn from the machine: probabilities")
show(axes[1], nearest, 10, "The nearest training image of each")
write(figure, "generated.png")

# %% [markdown]
# Gibbs chains that start at test images show where the machine itself moves them. A chain whose energy still moves in
# one direction has not reached the machine's distribution.

# %%
DRAWS = 200
starts = best.infer(test[:100], seed=2)
energy, ends = best.gibbs_trace(starts, DRAWS, 1, seed=3)
report = vpf.chain_diagnostics(energy)
print(f"energy along chains: drift {report.drift:.2f} +- {report.drift_stderr:.2f}, "
      f"split R-hat {report.split_rhat:.3f}")
figure, axes = plt.subplots(1, 3, figsize=(12, 3.8), constrained_layout=True,
                            gridspec_kw={"width_ratios": [1.5, 1, 1]})
axes[0].plot(np.arange(1, DRAWS + 1), energy[:12].T, color=QUIET, linewidth=0.7)
axes[0].plot(np.arange(1, DRAWS + 1), energy.mean(axis=0), color=SECOND, linewidth=2, label="mean of 100 chains")
axes[0].axhline(best.energy(starts).mean(), color=INK, linestyle=":", label="test images")
axes[0].set(title="Energy along 12 of the chains", xlabel="sweeps")
axes[0].legend(frameon=False, loc="best")
show(axes[1], test[:25].bits(), 5, "Test images")
show(axes[2], ends[:25].columns(0, test.cols).bits(), 5, f"After {DRAWS} sweeps")
write(figure, "chains.png")

# %% [markdown]
# ## Fill in
#
# Replace the lower half of unseen images by noise, hold the upper half, and let the machine fill in the rest: by
# sampling, and by mean field. The error is the sum over the missing pixels of |answer - grey level|; "black" answers 0
# everywhere (which the pictures here show as white).

# %%
missing = np.arange(test.cols) >= test.cols // 2
noisy = test.corrupt(missing, vpf.Noise.REPLACE, seed=4)
sampled = best.reconstruct(noisy, steps=100, average_last=50, seed=5, known=~missing)
means = best.reconstruct_mean_field(noisy, steps=50, known=~missing)
answers = {"sampled": sampled, "mean field": means, "black": np.zeros_like(means)}
errors = {name: test.reconstruction_error(answer, missing) for name, answer in answers.items()}
for name, (error, stderr) in errors.items():
    print(f"filling in, {name:10}: {error:6.1f} +- {stderr:.1f} pixels")

SHOWN = 14
figure, axes = plt.subplots(4, 1, figsize=(9, 4.6), constrained_layout=True)
lines = {"Test images": test[:SHOWN].levels(),
         "Lower half replaced by noise": noisy[:SHOWN].bits(),
         f"Filled in by sampling: error {errors['sampled'][0]:.1f} pixels": sampled[:SHOWN],
         f"By mean field: {errors['mean field'][0]:.1f} (all black: {errors['black'][0]:.1f})": means[:SHOWN]}
for axis, (title, rows) in zip(axes, lines.items()):
    show(axis, rows, SHOWN, title)
write(figure, "filled.png")

# %% [markdown]
# ## How probable are unseen images?
#
# Annealed importance sampling in both directions estimates log Z. `mean_low`, the lower likelihood, is the one to report;
# `doubts` says why the other should not be trusted. A useful machine beats a model of independent pixels.

# %%
bound = best.estimate_likelihood(test, chains=100, betas=1000, seed=6, base=train, reverse=True, reverse_sweeps=200)
p = np.clip(train.moments(pairs=False)[0], 1 / (2 * len(train)), 1 - 1 / (2 * len(train)))
independent = (test.bits() * np.log(p) + (1 - test.bits()) * np.log1p(-p)).sum(axis=1).mean()
print(f"log p of a test image: {bound.mean:.1f} nats (low: {bound.mean_low:.1f}), disagree: {bound.disagree}; "
      f"independent pixels: {independent:.1f}")
for text in bound.doubts.texts:
    print(f"Doubt: {text}.")
free = {"training images": best.free_energy(train), "test images": best.free_energy(test),
        "independent pixels": best.free_energy(vpf.Data(np.random.default_rng(7).random((500, test.cols)) < p))}
figure, axes = plt.subplots(figsize=(7, 3.8), constrained_layout=True)
for (name, values), colour in zip(free.items(), (QUIET, INK, SECOND)):
    axes.hist(values, bins=30, density=True, histtype="stepfilled" if colour == QUIET else "step", color=colour,
              alpha=0.5 if colour == QUIET else 1, linewidth=1.8, label=name)
axes.set(title="Free energy: low is probable", xlabel="F(x), nats", ylabel="density")
axes.legend(frameon=False)
write(figure, "free_energy.png")

# %% [markdown]
# ## Keep
#
# A model file holds the machine, and NumPy alone can read it: see `read_model.py` beside this file. A checkpoint also
# holds the optimizer; training that continues from it gives the bits of a run that was never stopped.

# %%
best.save(out / "model.safetensors")
vpf.save_checkpoint(model, optimizer, out / "checkpoint.safetensors")
resumed, its_optimizer = vpf.load_checkpoint(out / "checkpoint.safetensors")
for a_model, an_optimizer in (model, optimizer), (resumed, its_optimizer):
    vpf.train(a_model, train, an_optimizer, 1)
print("resumed run has the same bits:", np.array_equal(model.params(), resumed.params()))
