/* SPDX-License-Identifier: MIT */
#include "parzen_score.h"

#include <math.h>
#include <stdlib.h>

#include "../support/complain.h"
#include "../support/image_files.h"
#include "../support/stop_signal.h"

vpf_status parzen_points_of(parzen_points *p, const vpf_data *images, size_t count) {
  const size_t rows = vpf_data_rows(images);
  *p = (parzen_points){.count = count < rows ? count : rows};
  return grey_levels(&p->values, images, p->count);
}

void parzen_points_clear(parzen_points *p) {
  free(p->values);
  *p = (parzen_points){0};
}

vpf_status parzen_score(const run *r, const generator *g, size_t steps, size_t draws, const parzen_points *points,
                        vpf_parzen_report *out) {
  *out = (vpf_parzen_report){.struct_size = sizeof *out};
  return complain(vpf_parzen_generated(g->model, r->effort.centres, steps, g->prior, 1, draws, points->values,
                                       points->count, PARZEN_SIGMA, out));
}

vpf_status parzen_score_by_pair(const run *r, const generator *g, const size_t *steps, size_t draws,
                                const parzen_points *points, vpf_parzen_report *out) {
  *out = (vpf_parzen_report){.struct_size = sizeof *out};
  return complain(vpf_parzen_generated_by_pair(g->model, r->effort.centres, steps, g->prior, 1, draws, points->values,
                                               points->count, PARZEN_SIGMA, out));
}

static const size_t tried_steps[] = {1, 2, 3, 5};
enum { TRIED = sizeof tried_steps / sizeof *tried_steps };

/* The score for each number of steps. */
static vpf_status try_steps(const run *r, const generator *g, const parzen_points *points, double scores[TRIED]) {
  vpf_status s = VPF_OK;
  for (size_t k = 0; !s && k < TRIED; k++) {
    vpf_parzen_report report;
    s = parzen_score(r, g, tried_steps[k], 1, points, &report);
    scores[k] = report.mean;
  }
  return s;
}

vpf_status best_parzen(const run *r, const generator *g, double *out) {
  parzen_points points;
  double scores[TRIED];
  *out = -INFINITY;
  vpf_status s = parzen_points_of(&points, r->digits.validation, r->effort.choosing);
  if (!s) s = try_steps(r, g, &points, scores);
  for (size_t k = 0; !s && k < TRIED; k++) *out = fmax(*out, scores[k]);
  parzen_points_clear(&points);
  return s;
}

/* Add the scores of a machine for each number of steps to sums. */
static vpf_status add_scores(const run *r, const recipe *how, uint64_t seed, size_t epoch, top_prior prior,
                             const parzen_points *points, double sums[TRIED]) {
  generator g;
  double scores[TRIED];
  vpf_status s = generator_load(&g, r, how, seed, epoch, prior);
  if (!s) s = try_steps(r, &g, points, scores);
  for (size_t k = 0; !s && k < TRIED; k++) sums[k] += scores[k];
  generator_clear(&g);
  return s;
}

vpf_status choose_parzen(run *r, const recipe *how, top_prior prior, double from, double to, parzen_choice *out) {
  size_t epochs[RECIPE_KEPT + 1];
  const size_t count = recipe_kept(how, r->options->quick, epochs), seeds = recipe_seeds(how, r->options->quick);
  parzen_points points;
  *out = (parzen_choice){.validation = -INFINITY};
  vpf_status s = parzen_points_of(&points, r->digits.validation, r->effort.choosing);
  for (size_t e = 0; !s && e < count; e++) {
    double sums[TRIED] = {0};
    for (uint64_t seed = 1; !s && !stop_signal && seed <= seeds; seed++) {
      const double part = ((double)e + (double)(seed - 1) / (double)seeds) / (double)count;
      overall_progress_at(&r->progress, from + (to - from) * part, "%s, prior %s: choosing, epoch %zu", how->name,
                          prior_names[prior], epochs[e]);
      s = add_scores(r, how, seed, epochs[e], prior, &points, sums);
    }
    for (size_t k = 0; !s && k < TRIED; k++)
      if (sums[k] / (double)seeds > out->validation)
        *out = (parzen_choice){.epoch = epochs[e], .steps = tried_steps[k], .validation = sums[k] / (double)seeds};
  }
  parzen_points_clear(&points);
  return s;
}

vpf_status test_parzen(run *r, const recipe *how, top_prior prior, const parzen_choice *choice, double *out,
                       double *stderr_points) {
  parzen_points points;
  double largest = 0;
  vpf_status s = parzen_points_of(&points, r->digits.test, r->effort.test);
  for (uint64_t seed = 1; !s && !stop_signal && seed <= recipe_seeds(how, r->options->quick); seed++) {
    generator g;
    vpf_parzen_report report = {0};
    s = generator_load(&g, r, how, seed, choice->epoch, prior);
    if (!s) s = parzen_score(r, &g, choice->steps, r->effort.draws, &points, &report);
    out[seed - 1] = report.mean;
    largest = fmax(largest, report.stderr_points);
    generator_clear(&g);
  }
  if (stderr_points) *stderr_points = largest;
  parzen_points_clear(&points);
  return s;
}
