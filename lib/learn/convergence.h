/* SPDX-License-Identifier: MIT */
/* How much of an epoch's gradient is more than chance: Eq. (26d). */
#ifndef VPFI_LEARN_CONVERGENCE_H
#define VPFI_LEARN_CONVERGENCE_H

#include "learn/learner.h"

/* Of an epoch with n minibatches: the norm of the mean of their gradients, and the standard error of that mean. NaN where
 * gradients are not summed; *noise also with one minibatch. */
void vpfi_gradient_norms(const vpfi_learner *learner, double *norm, double *noise);

/* At the beginning of an epoch. */
void vpfi_gradients_begin(vpfi_learner *learner);

/* Whether the epoch that has ended is within the tolerance. */
bool vpfi_has_converged(const vpfi_learner *learner);

#endif
