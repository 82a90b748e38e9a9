/* SPDX-License-Identifier: MIT */
/* Sampling from the top down (the paper's Algorithm 2), by the half steps of bm/chain.h. */
#ifndef VPFI_SAMPLE_GENERATE_H
#define VPFI_SAMPLE_GENERATE_H

#include "bm/workspace.h"

/* The log-odds of a prior, which is [n_top] probabilities in [0, 1], or NULL for 1/2: a unit with field z is on with
 * probability sigmoid(z). Returns [width of the top layer], to be freed with vpfi_free(), or NULL without memory. */
float *vpfi_prior_field(const vpfi_shape *shape, const float *prior);

/* Run chains 0 .. rows-1 of the paper's Algorithm 2 in work->states, which keeps the states drawn last. steps: for each
 * pair of layers, from the bottom (one layer: how many sweeps). probs, unless NULL: [rows x n_0], the probabilities of
 * the last visible pass. */
void vpfi_generate(vpfi_workspace *work, const size_t *steps, const float *prior_field, uint64_t seed, float *probs);

#endif
