/* SPDX-License-Identifier: MIT */
/* Parzen scores of samples (Table 2), and settings chosen by them on validation images. */
#ifndef EXAMPLE_PARZEN_SCORE_H
#define EXAMPLE_PARZEN_SCORE_H

#include "../machines/generator.h"
#include "../machines/stack.h"

#define PARZEN_SIGMA 0.2

/* Grey images that are scored. */
typedef struct parzen_points {
  float *values; /* [count x pixels] */
  size_t count;
} parzen_points;
vpf_status parzen_points_of(parzen_points *p, const vpf_data *images, size_t count);
void parzen_points_clear(parzen_points *p);

/* Numbers of steps of Algorithm 2: of the lowest pair of layers, of the second, of all further ones, and of the top
 * pair, whichever of those it is. */
typedef struct step_pattern {
  size_t first, second, third, top;
} step_pattern;

/* From the bottom; at most STACK_PAIRS. */
void pattern_steps(const step_pattern *p, size_t pairs, size_t steps[STACK_PAIRS]);

/* Mean over `draws` sets of samples. Said on failure. */
vpf_status parzen_score(const run *r, const generator *g, const step_pattern *steps, size_t draws,
                        const parzen_points *points, vpf_parzen_report *out);

/* Of validation images, at the best of 1, 2, 3 and 5 steps. */
vpf_status best_parzen(const run *r, const generator *g, double *out);

/* Settings that are tried. */
typedef struct parzen_trial {
  const recipe *how;
  top_prior prior;
  size_t epoch;                 /* one that is kept; 0: all of those */
  const step_pattern *patterns; /* NULL: 1, 2, 3 or 5 steps of every pair */
  size_t pattern_count;
} parzen_trial;

enum { PARZEN_PATTERNS = 16 }; /* at most */

/* Settings. */
typedef struct parzen_choice {
  size_t epoch;
  step_pattern steps;
  double validation; /* mean over the seeds of the score of validation images */
} parzen_choice;

/* Those with the best mean over all seeds of the recipe. from, to: how far the present section is, for the progress.
 * Said on failure; VPF_OK with stop_signal set: not finished. */
vpf_status choose_parzen(run *r, const parzen_trial *t, double from, double to, parzen_choice *out);

/* Scores of the test images by those settings, one for each seed: [recipe_seeds()]. stderr_points, unless NULL, gets
 * the largest standard error over the images. */
vpf_status test_parzen(run *r, const recipe *how, top_prior prior, const parzen_choice *choice, double *out,
                       double *stderr_points);

#endif
