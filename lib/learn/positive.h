/* SPDX-License-Identifier: MIT */
/* The positive phase of deep joint machines: mean field in place of the posterior of the hidden layers (Salakhutdinov and
 * Hinton 2009), Eq. (26c). With W_i between layers i and i+1,
 *
 *   mu_i = sigmoid(b_i + W_{i-1}^T mu_{i-1} + W_i mu_{i+1}),   mu_0 = the data,
 *
 * is iterated, odd layers and even layers in turn, from the means that one pass upwards gives. */
#ifndef VPFI_LEARN_POSITIVE_H
#define VPFI_LEARN_POSITIVE_H

#include "bm/batch.h"

typedef struct vpfi_positive {
  size_t n_layers;
  float **field; /* [n_layers]: [rows x width] of hidden layers; NULL for the visible one */
  float **mean;  /* the same: sigmoid of the field */
  float *input;  /* [rows x width of layer 1]: its bias and what it gets from the data */
} vpfi_positive;

/* For at most that many rows. VPF_ERR_MEMORY. */
vpf_status vpfi_positive_init(vpfi_positive *positive, const vpfi_shape *shape, size_t rows);
void vpfi_positive_clear(vpfi_positive *positive);

/* Find the means of the first `rows` rows of the batch, given their visible bits, and draw bits of all hidden layers from
 * them. The machine is joint, without intra-layer weights, its W^T up to date. Which random numbers: stream. */
void vpfi_positive_find(vpfi_positive *positive, const vpfi_machine *machine, vpfi_batch *batch, size_t rows,
                        uint64_t stream);

#endif
