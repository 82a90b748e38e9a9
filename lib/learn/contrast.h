/* SPDX-License-Identifier: MIT */
/* What the methods of contrastive divergence share. By Eq. (26a), the negative log-likelihood of each pair of layers
 * has the gradient
 *
 *   - <y_i y_j>_data + <y_i y_j>_model,
 *
 * whose second average is taken over short chains. A minibatch holds both: rows of data, then rows of chains. Each
 * gain is a unit's bit times a negative (data) or positive (chains) weight, so the gradient is Eq. (10) without one of
 * its two sums (VPFI_GRADIENT_CORRELATION). Each pair of layers has its own plane of a middle layer (VPFI_ORDER_APART).
 *
 * Where an upper layer has no U, a unit's mean sigmoid(z) takes the place of its drawn bit: the expectation is the
 * same, the variance smaller. */
#ifndef VPFI_LEARN_CONTRAST_H
#define VPFI_LEARN_CONTRAST_H

#include "learn/trainer.h"

/* Bounds the gradient, which is a difference of two probabilities. */
#define VPFI_CONTRAST_BOUND 1.0

/* VPF_ERR_UNSUPPORTED unless each pair of layers is a machine of its own. */
vpf_status vpfi_contrast_check(const vpfi_learner *learner, const vpfi_shape *shape);

/* An E-step of its own, drawn afresh in every minibatch, bottom-up with one sweep; and this many chains. */
vpfi_needs vpfi_contrast_needs(const vpfi_learner *learner, size_t chains);
bool vpfi_contrast_can_resume(const vpfi_learner *learner);

/* Make the gains of trainer->batch's data rows, whose hidden layers have been drawn, and their flow, to be reported. */
bool vpfi_contrast_data(vpfi_trainer *trainer, vpfi_overflow *where);

/* The rows after the data hold where the chains start, and their ids. Advance them by the learner's number of Gibbs
 * steps, each of them down and up in every pair (one layer: a draw of every unit), and set their gains, which together
 * weigh as much as the data. The rows then belong to the batch. */
void vpfi_contrast_chains(vpfi_trainer *trainer, size_t chains, uint64_t stream);

#endif
