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
 * A deep joint machine has one energy. Its even layers and its odd layers take the places of lower and upper layers, and
 * the hidden layers of the data are means of mean field (learn/positive.h).
 *
 * Where an upper layer has no U, a unit's mean sigmoid(z) takes the place of its drawn bit: the expectation is the
 * same, the variance smaller. Fields are made for many rows at once, role by role. */
#ifndef VPFI_LEARN_CONTRAST_H
#define VPFI_LEARN_CONTRAST_H

#include "learn/trainer.h"

/* Bounds the gradient, which is a difference of two probabilities. */
#define VPFI_CONTRAST_BOUND 1.0

/* VPF_ERR_UNSUPPORTED for joint machines of three or more layers with intra-layer weights. */
vpf_status vpfi_contrast_check(const vpfi_learner *learner, const vpfi_shape *shape);

/* An E-step of its own, drawn afresh in every minibatch, bottom-up with one sweep; and this many chains. */
vpfi_needs vpfi_contrast_needs(const vpfi_learner *learner, size_t chains);
bool vpfi_contrast_can_resume(const vpfi_learner *learner);

/* Draw the hidden layers of the data where they are needed, as they are if chains start from them, and give each pair its
 * own copy of a middle layer's bits. */
void vpfi_contrast_begin(vpfi_trainer *trainer, bool from_data);

/* The rows of trainer->batch are data with which vpfi_contrast_begin() has begun, and the `chains` rows after them hold
 * where the chains start, and their ids. Advance the chains by the learner's number of Gibbs steps, each of them down and
 * up in every pair (one layer: a draw of every unit; deep: even layers, then odd ones), and make the gains of all rows;
 * chains together weigh as much as the data. The flow of the data, to be reported, counts no rate as larger than
 * exp(VPFI_RATE_LIMIT). */
void vpfi_contrast_gains(vpfi_trainer *trainer, size_t chains, uint64_t stream);

#endif
