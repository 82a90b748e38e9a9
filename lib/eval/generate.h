/* SPDX-License-Identifier: MIT */
/* Samples from the top down (Algorithm 2), and filling in. Half steps between two layers:
 *
 *   down  h_{i-1} ~ sigmoid(W_{i-1} h_i + b_down); layer 0 is swept where it has U_0
 *   up    h_i ~ sigmoid(W_{i-1}^T h_{i-1} + b_up), then one sweep where layer i has U_i
 *
 * A joint machine does the same with its one bias, the third layer's input left out. */
#ifndef VPFI_EVAL_GENERATE_H
#define VPFI_EVAL_GENERATE_H

#include "bm/gibbs.h"

/* Chains 0 .. states->rows-1 of Algorithm 2. prior: [top layer] log-odds. The last drawn states
 * stay in states; probs, unless NULL: [rows x n_0], the probabilities of the last visible pass. */
void vpfi_generate(const vpfi_machine *machine, size_t steps, const float *prior_field, uint64_t seed,
                   vpfi_states *states, float *probs, size_t threads, vpfi_scratch *scratch);

/* Rows of states: the visible ones given, hidden ones drawn bottom-up here; then `steps` times
 * visible given hidden, hidden given visible. Pairwise: the first pair, by half steps; joint: all
 * layers, by Gibbs sampling. known: one row of visible bits that are held, or NULL. probs:
 * [rows x n_0], the mean over the last `average` steps of the visible probabilities. */
void vpfi_reconstruct(const vpfi_machine *machine, const uint64_t *known, size_t steps, size_t average, uint64_t seed,
                      vpfi_states *states, float *probs, size_t threads, vpfi_scratch *scratch);

#endif
