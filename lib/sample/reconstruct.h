/* SPDX-License-Identifier: MIT */
/* Filling in by sampling, with the half steps of bm/chain.h. Filling in by mean field is in meanfield.h. */
#ifndef VPFI_SAMPLE_RECONSTRUCT_H
#define VPFI_SAMPLE_RECONSTRUCT_H

#include "bm/workspace.h"

typedef struct vpfi_filling {
  uint64_t *const *clamped; /* [n_layers] rows of bits; only visible units may be clamped; NULL: none */
  size_t steps;
  size_t average; /* over this many last steps, 1 .. steps */
  uint64_t seed;
} vpfi_filling;

/* work->states holds the visible bits of its rows. Hidden layers are drawn bottom-up here; then, `steps` times,
 * visible given hidden and hidden given visible: the first pair, by half steps. Joint machines of more layers, and
 * machines of one layer, take Gibbs sweeps of all layers instead. probs: [rows x n_0], the mean of the visible
 * probabilities over the last `average` steps; for a clamped unit, its bit. */
void vpfi_reconstruct(vpfi_workspace *work, const vpfi_filling *filling, float *probs);

#endif
