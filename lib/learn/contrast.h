/* SPDX-License-Identifier: MIT */
/* Contrastive divergence: the negative log-likelihood of each pair of layers has the gradient
 *
 *   - <y_i y_j>_data + <y_i y_j>_model,
 *
 * whose second average is taken over short chains that start at the data (CD-k, Hinton 2002) or go
 * on from one minibatch to the next (PCD-k, Tieleman 2008). A minibatch holds both: rows of data,
 * then rows of chains. Every gain is the negative or the positive weight of a unit's state, so the
 * gradient is Eq. (2) with one of its two sums left out.
 *
 * Where a layer has no U, the mean sigmoid(z) of an upper unit stands for its drawn state, which
 * has the same expectation and less variance. */
#ifndef VPFI_LEARN_CONTRAST_H
#define VPFI_LEARN_CONTRAST_H

#include "bm/flow.h"
#include "bm/gibbs.h"

/* After the E-step of the batch's rows in the order `drawn`: give every pair its own copy of the
 * states. The batch is in VPFI_ORDER_APART, `one_sided`. */
void vpfi_contrast_spread(vpfi_batch *batch, const vpfi_shape *shape, vpfi_order drawn);

/* Gains of the rows of data. */
void vpfi_contrast_data(vpfi_batch *batch, const vpfi_machine *machine);

/* Rows rows .. rows+chains-1 of the batch hold the start of the chains, and ids: move them on by
 * `steps` steps, each down and up in every pair (one layer: a draw of every unit), and set their
 * gains, each row counting as `weight` rows of data. */
void vpfi_contrast_chains(vpfi_batch *batch, const vpfi_machine *machine, size_t chains, size_t steps,
                          uint64_t stream, float weight);

/* Uniform bits in all planes: where persistent chains start. */
void vpfi_contrast_start(vpfi_states *chains, const vpfi_machine *machine, uint64_t stream, vpfi_scratch *scratch);

#endif
