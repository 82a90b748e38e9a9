/* SPDX-License-Identifier: MIT */
/* Filling in a missing region (the paper's Table 1). */
#ifndef EXAMPLE_SCORE_FILLING_H
#define EXAMPLE_SCORE_FILLING_H

#include "../../common/filling.h"
#include "evaluation.h"

/* Mean over images of the sum over the region of |answer - grey level|, and its standard error. */
typedef struct filling_error {
  double mean, error;
} filling_error;

typedef struct filling_scores {
  filling how[PROTOCOLS];                    /* in the order of protocols[] */
  filling_error machine[PROTOCOLS][REGIONS];
  filling_error black[REGIONS];              /* trivial: all black */
  filling_error nearest[REGIONS];            /* trivial: from the nearest training images */
  size_t nearest_rows;                       /* test images that were filled in so; 0: none */
} filling_scores;

/* See score_machine.h. */
vpf_status estimate_filling(const evaluation *e, double *seconds);
vpf_status score_filling(const evaluation *e, filling_scores *scores);

#endif
