/* SPDX-License-Identifier: MIT */
/* Parzen windows (the paper's Table 2): how probable grey test images are if every sample is blurred. */
#ifndef EXAMPLE_SCORE_PARZEN_H
#define EXAMPLE_SCORE_PARZEN_H

#include "evaluation.h"

typedef struct parzen_score {
  double sigma;
  vpf_parzen_report report; /* draws 1: stderr_draws cannot be told */
  size_t centres;
} parzen_score;

typedef struct parzen_scores {
  size_t validation;        /* images on which sigma was selected; 0: it was given */
  parzen_score r, p;        /* samples from the R and the P prior */
  parzen_score training;    /* as trivial answer, training images instead of samples */
} parzen_scores;

/* See score_machine.h. */
vpf_status estimate_parzen(const evaluation *e, double *seconds);
vpf_status score_parzen(const evaluation *e, parzen_scores *scores);

#endif
