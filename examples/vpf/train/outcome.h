/* SPDX-License-Identifier: MIT */
/* The machine that a training is for. */
#ifndef EXAMPLE_OUTCOME_H
#define EXAMPLE_OUTCOME_H

#include <vpf.h>

/* The running average of the parameters where the optimizer keeps one, else the machine that trains itself. */
typedef struct outcome {
  const vpf_model *model; /* what to save, to watch and to show */
  vpf_model *average;     /* freed by outcome_clear(); NULL: there is none */
} outcome;

/* As it is now: during a progress call too. Failures are said. */
vpf_status outcome_take(outcome *o, const vpf_model *model, const vpf_optimizer *optimizer);

void outcome_clear(outcome *o);

#endif
