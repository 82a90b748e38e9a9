/* SPDX-License-Identifier: MIT */
/* What can be said of a machine without drawing from it: its weights, and how active its units are. */
#ifndef EXAMPLE_SCORE_MACHINE_H
#define EXAMPLE_SCORE_MACHINE_H

#include "evaluation.h"

typedef struct machine_scores {
  size_t rows;            /* training images that were looked at */
  size_t layers;
  vpf_activity *activity; /* [layers] */
  double *rho, *w2;       /* [layers] of the weights from the layer below; 0 for the visible layer */
} machine_scores;

/* Each part of an evaluation has these two: how long it will take is added to *seconds; scores are filled in
 * and printed. Failures are said. */
vpf_status estimate_machine(const evaluation *e, double *seconds);
vpf_status score_machine(const evaluation *e, machine_scores *scores);

void machine_scores_clear(machine_scores *scores);

#endif
