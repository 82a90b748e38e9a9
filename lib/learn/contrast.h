/* SPDX-License-Identifier: MIT */
/* Contrastive divergence, what its methods share: the negative log-likelihood of each pair of layers has the gradient
 *
 *   - <y_i y_j>_data + <y_i y_j>_model,
 *
 * whose second average is taken over short chains. A minibatch holds both: rows of data, then rows of chains. Every
 * gain is the negative or the positive weight of a unit's bit, so the gradient is Eq. (2) with one of its two sums left
 * out (VPFI_GRADIENT_CORRELATION). Each pair of layers has its own plane of a middle layer (VPFI_ORDER_APART).
 *
 * Where a layer has no U, the mean sigmoid(z) of an upper unit stands for its drawn bit, which
 * has the same expectation and less variance. */
#ifndef VPFI_LEARN_CONTRAST_H
#define VPFI_LEARN_CONTRAST_H

#include "learn/trainer.h"

/* Of a gradient: a difference of two probabilities. */
#define VPFI_CONTRAST_BOUND 1.0

/* VPF_ERR_UNSUPPORTED unless each pair of layers is a machine of its own. */
vpf_status vpfi_contrast_check(const vpfi_learner *learner, const vpfi_shape *shape);

/* An E-step of its own, afresh in every minibatch, bottom-up, one sweep; and so many chains. */
vpfi_needs vpfi_contrast_needs(const vpfi_learner *learner, size_t chains);
bool vpfi_contrast_can_resume(const vpfi_learner *learner);

/* From the data rows of trainer->batch, their hidden states drawn, to their gains, and the flow, which is reported. */
bool vpfi_contrast_data(vpfi_trainer *trainer, vpfi_overflow *where);

/* The rows after those of data hold the start of the chains, and ids: move them on by the learner's Gibbs steps, each
 * down and up in every pair (one layer: a draw of every unit), and set their gains, together weighing as much as the
 * data. They then belong to the batch. */
void vpfi_contrast_chains(vpfi_trainer *trainer, size_t chains, uint64_t stream);

#endif
