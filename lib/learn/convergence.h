/* SPDX-License-Identifier: MIT */
/* How much of an epoch's gradient is more than chance: Eq. (26d). */
#ifndef VPFI_LEARN_CONVERGENCE_H
#define VPFI_LEARN_CONVERGENCE_H

#include "learn/trainer.h"

/* At the beginning of an epoch. */
void vpfi_gradients_begin(vpfi_learner *learner);

/* Of an epoch that has ended, with n minibatches: the norm of the gradient (of all rows at the average of the parameters
 * where that is exact, else of the mean of the minibatches' gradients), and the standard error of that mean. NaN where
 * gradients are not summed; *noise also with one minibatch. */
void vpfi_gradient_norms(vpfi_trainer *trainer, double *norm, double *noise);

/* Whether such an epoch is within the tolerance. */
bool vpfi_has_converged(const vpfi_learner *learner, double norm, double noise);

#endif
