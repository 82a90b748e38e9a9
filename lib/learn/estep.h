/* SPDX-License-Identifier: MIT */
/* The E-step of an epoch: a hidden sample for each row of the data (the paper's Algorithm 1, lines 4-9). */
#ifndef VPFI_LEARN_ESTEP_H
#define VPFI_LEARN_ESTEP_H

#include "learn/trainer.h"

/* Draw one with the current parameters, if one is due at the beginning of this epoch. */
void vpfi_estep_of_epoch(vpfi_trainer *trainer);

/* Draw one for the rows of the minibatch, if the plan keeps none for an epoch. */
void vpfi_estep_of_minibatch(vpfi_trainer *trainer);

#endif
