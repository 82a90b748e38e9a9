/* SPDX-License-Identifier: MIT */
/* Filling in by sampling, by the half steps of bm/chain.h. By mean field: meanfield.h. */
#ifndef VPFI_SAMPLE_RECONSTRUCT_H
#define VPFI_SAMPLE_RECONSTRUCT_H

#include "bm/workspace.h"

typedef struct vpfi_filling {
  uint64_t *const *clamped; /* [n_layers] rows of bits, of which only visible units may be on; NULL: none */
  size_t steps;
  size_t average; /* of the last so many steps, 1 .. steps */
  uint64_t seed;
} vpfi_filling;

/* Rows of work->states: the visible ones given, hidden ones drawn bottom-up here; then `steps` times
 * visible given hidden, hidden given visible. Pairwise: the first pair, by half steps; joint: all
 * layers, by Gibbs sampling. probs: [rows x n_0], the mean over the last `average` steps of the visible
 * probabilities; of a clamped unit its bit. */
void vpfi_reconstruct(vpfi_workspace *work, const vpfi_filling *filling, float *probs);

#endif
