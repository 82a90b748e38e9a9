/* SPDX-License-Identifier: MIT */
/* One minibatch (the paper's Algorithm 1, lines 11-13): its rows, the method's gradient, the rule's step. */
#ifndef VPFI_LEARN_MINIBATCH_H
#define VPFI_LEARN_MINIBATCH_H

#include "learn/trainer.h"

/* Have the rows of each minibatch fetched while the one before is learned from, if there is memory for that. */
void vpfi_minibatch_fetch_ahead(vpfi_trainer *trainer);

/* Train on the next rows of the epoch. VPF_ERR_DIVERGED: only scratch memory has changed. */
vpf_status vpfi_minibatch_train(vpfi_trainer *trainer);

/* Replace the learner's sum of gradients by that of all rows of data at the average of the parameters, for a machine without
 * hidden units, decay included. False, with any sum, if there is no average or a rate there is out of range. */
bool vpfi_minibatch_sum_at_average(vpfi_trainer *trainer);

#endif
