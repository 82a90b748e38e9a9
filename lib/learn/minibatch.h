/* SPDX-License-Identifier: MIT */
/* One minibatch (Algorithm 1, lines 11-13): its rows fetched, the method's gradient, the rule's step. */
#ifndef VPFI_LEARN_MINIBATCH_H
#define VPFI_LEARN_MINIBATCH_H

#include "learn/trainer.h"

/* Let the rows of a minibatch be fetched while the last one is learned from, where there is memory for that. */
void vpfi_minibatch_fetch_ahead(vpfi_trainer *trainer);

/* Train on the next rows of the epoch. VPF_ERR_DIVERGED: only scratch memory has changed. */
vpf_status vpfi_minibatch_train(vpfi_trainer *trainer);

#endif
