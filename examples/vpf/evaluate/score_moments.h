/* SPDX-License-Identifier: MIT */
/* Whether samples have the means and the correlations of the test images. */
#ifndef EXAMPLE_SCORE_MOMENTS_H
#define EXAMPLE_SCORE_MOMENTS_H

#include "evaluation.h"

typedef struct moments_scores {
  size_t samples, training_rows;
  vpf_moment_comparison machine;  /* samples from the P prior with the test images */
  vpf_moment_comparison training; /* training images with them: the yardstick */
} moments_scores;

/* See score_machine.h. */
vpf_status estimate_moments(const evaluation *e, double *seconds);
vpf_status score_moments(const evaluation *e, moments_scores *scores);

#endif
