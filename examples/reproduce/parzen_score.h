/* SPDX-License-Identifier: MIT */
/* Parzen scores of samples (Table 2), and settings chosen by them on validation images. */
#ifndef EXAMPLE_PARZEN_SCORE_H
#define EXAMPLE_PARZEN_SCORE_H

#include "generator.h"

#define PARZEN_SIGMA 0.2

/* Grey images that are scored. */
typedef struct parzen_points {
  float *values; /* [count x pixels] */
  size_t count;
} parzen_points;
vpf_status parzen_points_of(parzen_points *p, const vpf_data *images, size_t count);
void parzen_points_clear(parzen_points *p);

/* Mean over `draws` sets of samples, after `steps` steps of Algorithm 2. Said on failure. */
vpf_status parzen_score(const run *r, const generator *g, size_t steps, size_t draws, const parzen_points *points,
                        vpf_parzen_report *out);

/* The same with a number of steps for each pair of layers, from the bottom. */
vpf_status parzen_score_by_pair(const run *r, const generator *g, const size_t *steps, size_t draws,
                                const parzen_points *points, vpf_parzen_report *out);

/* Of validation images, at the best of 1, 2, 3 and 5 steps. */
vpf_status best_parzen(const run *r, const generator *g, double *out);

/* Settings. */
typedef struct parzen_choice {
  size_t epoch, steps;
  double validation; /* mean over the seeds of the score of validation images */
} parzen_choice;

/* The kept epoch and the number of steps (1, 2, 3 or 5) with the best mean over all seeds of a recipe. from, to: how
 * far the present section is, for the progress. Said on failure; VPF_OK with stop_signal set: not finished. */
vpf_status choose_parzen(run *r, const recipe *how, top_prior prior, double from, double to, parzen_choice *out);

/* Scores of the test images by those settings, one for each seed: [recipe_seeds()]. stderr_points, unless NULL, gets
 * the largest standard error over the images. */
vpf_status test_parzen(run *r, const recipe *how, top_prior prior, const parzen_choice *choice, double *out,
                       double *stderr_points);

#endif
