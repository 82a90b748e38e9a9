/* SPDX-License-Identifier: MIT */
#include "parzen_score.h"

#include <math.h>
#include <stdlib.h>

#include "../../common/complain.h"
#include "../../common/image_files.h"
#include "../../common/stop_signal.h"

vpf_status parzen_points_of(parzen_points *p, const vpf_data *images, size_t count) {
  const size_t rows = vpf_data_rows(images);
  *p = (parzen_points){.count = count < rows ? count : rows};
  return grey_levels(&p->values, images, p->count);
}

void parzen_points_clear(parzen_points *p) {
  free(p->values);
  *p = (parzen_points){0};
}

void pattern_steps(const step_pattern *p, size_t pairs, size_t steps[STACK_PAIRS]) {
  for (size_t i = 0; i < pairs; i++) steps[i] = i == 0 ? p->first : i == 1 ? p->second : p->third;
  steps[pairs - 1] = p->top;
}

vpf_status parzen_score(const run *r, const generator *g, const step_pattern *steps, size_t draws,
                        const parzen_points *points, vpf_parzen_report *out) {
  size_t each[STACK_PAIRS];
  pattern_steps(steps, vpf_model_layers(g->model) - 1, each);
  *out = (vpf_parzen_report){.struct_size = sizeof *out};
  return complain(vpf_parzen_generated_by_pair(g->model, r->effort.centres, each, g->prior, 1, draws, points->values,
                                               points->count, PARZEN_SIGMA, out));
}

static const step_pattern even[] = {{1, 1, 1, 1}, {2, 2, 2, 2}, {3, 3, 3, 3}, {5, 5, 5, 5}};
enum { EVEN = sizeof even / sizeof *even };

/* The score of each pattern. */
static vpf_status try_patterns(const run *r, const generator *g, const parzen_points *points,
                               const step_pattern *patterns, size_t count, double *scores) {
  vpf_status s = VPF_OK;
  for (size_t k = 0; !s && !stop_signal && k < count; k++) {
    vpf_parzen_report report;
    s = parzen_score(r, g, &patterns[k], 1, points, &report);
    scores[k] = report.mean;
  }
  return s;
}

vpf_status best_parzen(const run *r, const generator *g, double *out) {
  parzen_points points;
  double scores[EVEN] = {0};
  *out = -INFINITY;
  vpf_status s = parzen_points_of(&points, r->digits.validation, r->effort.choosing);
  if (!s) s = try_patterns(r, g, &points, even, EVEN, scores);
  for (size_t k = 0; !s && k < EVEN; k++) *out = fmax(*out, scores[k]);
  parzen_points_clear(&points);
  return s;
}

/* Add the scores of a machine for each pattern to sums. */
static vpf_status add_scores(const run *r, const parzen_trial *t, uint64_t seed, size_t epoch,
                             const parzen_points *points, double *sums) {
  generator g;
  double scores[PARZEN_PATTERNS] = {0};
  vpf_status s = generator_load(&g, r, t->how, seed, epoch, t->prior);
  if (!s) s = try_patterns(r, &g, points, t->patterns, t->pattern_count, scores);
  for (size_t k = 0; !s && k < t->pattern_count; k++) sums[k] += scores[k];
  generator_clear(&g);
  return s;
}

vpf_status choose_parzen(run *r, const parzen_trial *trial, double from, double to, parzen_choice *out) {
  parzen_trial t = *trial;
  size_t epochs[RECIPE_KEPT + 1] = {t.epoch};
  const size_t count = t.epoch ? 1 : recipe_kept(t.how, r->options->quick, epochs);
  const size_t seeds = recipe_seeds(t.how, r->options->quick);
  parzen_points points;
  if (!t.patterns) t.patterns = even, t.pattern_count = EVEN;
  *out = (parzen_choice){.validation = -INFINITY};
  vpf_status s = parzen_points_of(&points, r->digits.validation, r->effort.choosing);
  for (size_t e = 0; !s && e < count; e++) {
    double sums[PARZEN_PATTERNS] = {0};
    for (uint64_t seed = 1; !s && !stop_signal && seed <= seeds; seed++) {
      const double part = ((double)e + (double)(seed - 1) / (double)seeds) / (double)count;
      overall_progress_at(&r->progress, from + (to - from) * part, "%s, prior %s: choosing, epoch %zu", t.how->name,
                          prior_names[t.prior], epochs[e]);
      s = add_scores(r, &t, seed, epochs[e], &points, sums);
    }
    for (size_t k = 0; !s && k < t.pattern_count; k++)
      if (sums[k] / (double)seeds > out->validation)
        *out = (parzen_choice){epochs[e], t.patterns[k], sums[k] / (double)seeds};
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
    if (!s) s = parzen_score(r, &g, &choice->steps, r->effort.draws, &points, &report);
    out[seed - 1] = report.mean;
    largest = fmax(largest, report.stderr_points);
    generator_clear(&g);
  }
  if (stderr_points) *stderr_points = largest;
  parzen_points_clear(&points);
  return s;
}
