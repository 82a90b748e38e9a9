/* SPDX-License-Identifier: MIT */
/* Samples from the top down (Algorithm 2), by the half steps of bm/chain.h. */
#ifndef VPFI_SAMPLE_GENERATE_H
#define VPFI_SAMPLE_GENERATE_H

#include "bm/workspace.h"

/* The log-odds of a prior, [n_top] probabilities in [0, 1] or NULL for 1/2: a unit with field z is on with probability
 * sigmoid(z). [width of the top layer], to be freed with vpfi_free(); NULL without memory. */
float *vpfi_prior_field(const vpfi_shape *shape, const float *prior);

/* Chains 0 .. rows-1 of Algorithm 2 in work->states. steps: of each pair of layers, from the bottom (one layer: of its
 * sweeps). The last drawn states stay; probs, unless NULL: [rows x n_0], the probabilities of the last visible pass. */
void vpfi_generate(vpfi_workspace *work, const size_t *steps, const float *prior_field, uint64_t seed, float *probs);

#endif
