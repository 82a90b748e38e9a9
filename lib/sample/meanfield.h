/* SPDX-License-Identifier: MIT */
/* The mean-field approximation: each unit is replaced by its mean, m_j = sigmoid(b_j + sum_i w_ij m_i), Eq. (22b). */
#ifndef VPFI_SAMPLE_MEANFIELD_H
#define VPFI_SAMPLE_MEANFIELD_H

#include "bm/workspace.h"

/* vpfi_field() with means in place of bits: z = bias + those inputs of a role that it has and whose
 * means are given (NULL: left out), in the order below, above, own layer. */
void vpfi_field_of_means(const vpfi_machine *machine, size_t role, const float *below, const float *above,
                         const float *own, float *z);

/* z[0..n) = sigmoid(z) */
void vpfi_sigmoid_all(float *z, size_t n);

/* The means of all layers of one row: layer l has its own from its first_draw on. */
typedef struct vpfi_means {
  const vpfi_machine *machine;
  const uint64_t *known; /* visible units that are not updated, or NULL */
  float *means;          /* [vpfi_means_length()] */
  float *z;              /* [widest layer] scratch */
} vpfi_means;

size_t vpfi_means_length(const vpfi_shape *shape);
float *vpfi_means_of(const vpfi_means *row, size_t layer); /* NULL beyond the last layer */

/* m = sigmoid(z) for a layer given all its neighbours; a layer with U: one unit after the other (Eq. 22b). What its role
 * does not sum is not summed. */
void vpfi_means_update(const vpfi_means *row, size_t layer);

/* The same, the sum of the layer's bias and its input from below being known. from_below: [width], or NULL. */
void vpfi_means_update_from(const vpfi_means *row, size_t layer, const float *from_below);

/* For rows of bits: the hidden means are made bottom-up, without U; then, `steps` times, the visible means and,
 * in between, those of every hidden layer, each given all its neighbours. A layer with U is updated unit by unit,
 * given the current means of all others (Eq. (20) with means). Pairwise: the first pair. known: one row of bits, 1
 * for a visible unit that stays as it is, or NULL. out: [rows x n_0]. VPF_ERR_MEMORY. */
vpf_status vpfi_mean_field(vpfi_workspace *work, const vpfi_rows *visible, const uint64_t *known, size_t steps,
                           float *out);

#endif
