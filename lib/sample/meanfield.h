/* SPDX-License-Identifier: MIT */
/* The mean-field approximation: every unit counts by its mean, m_j = sigmoid(b_j + sum_i w_ij m_i). */
#ifndef VPFI_SAMPLE_MEANFIELD_H
#define VPFI_SAMPLE_MEANFIELD_H

#include "bm/workspace.h"

/* vpfi_field() with means in place of states: z = bias + the inputs of a role from the means that
 * are given (NULL: left out) and that it has, in the order below, above, own layer. */
void vpfi_field_of_means(const vpfi_machine *machine, size_t role, const float *below, const float *above,
                         const float *own, float *z);

/* z[0..n) = sigmoid(z) */
void vpfi_sigmoid_all(float *z, size_t n);

/* Rows of bits: hidden means bottom-up, without U; then `steps` times the visible means
 * and, between two such times, those of every hidden layer, each given all its neighbours. A layer
 * with U: one unit after the other, given the current means of all others (Eq. 5). Pairwise: the
 * first pair. known: one row of visible bits that stay as they are, or NULL. out: [rows x n_0]. VPF_ERR_MEMORY. */
vpf_status vpfi_mean_field(vpfi_workspace *work, const vpfi_rows *visible, const uint64_t *known, size_t steps,
                           float *out);

#endif
