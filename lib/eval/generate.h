/* SPDX-License-Identifier: MIT */
/* Samples from the top down (Algorithm 2), and filling in, by the half steps of bm/chain.h. */
#ifndef VPFI_EVAL_GENERATE_H
#define VPFI_EVAL_GENERATE_H

#include "bm/gibbs.h"

/* Chains 0 .. states->rows-1 of Algorithm 2. steps: of each pair of layers, from the bottom (one
 * layer: of its sweeps). prior: [top layer] log-odds. The last drawn states stay in states; probs,
 * unless NULL: [rows x n_0], the probabilities of the last visible pass. */
void vpfi_generate(const vpfi_machine *machine, const size_t *steps, const float *prior_field, uint64_t seed,
                   vpfi_states *states, float *probs, size_t threads, vpfi_scratch *scratch);

/* Rows of states: the visible ones given, hidden ones drawn bottom-up here; then `steps` times
 * visible given hidden, hidden given visible. Pairwise: the first pair, by half steps; joint: all
 * layers, by Gibbs sampling. clamped: as for vpfi_gibbs_sample(), of which only
 * visible units may be. probs: [rows x n_0], the mean over the last `average` steps of the visible
 * probabilities; of a clamped unit its state. */
void vpfi_reconstruct(const vpfi_machine *machine, uint64_t *const *clamped, size_t steps, size_t average,
                      uint64_t seed, vpfi_states *states, float *probs, size_t threads, vpfi_scratch *scratch);

#endif
