/* SPDX-License-Identifier: MIT */
#include "parzen_score.h"

#include <math.h>
#include <stdlib.h>

#include "../support/complain.h"
#include "../support/image_files.h"
#include "../support/stop_signal.h"
#include "training.h"

const char *const prior_names[] = {"R", "P", "P, sampled"};

/* The mean of the states of the top layer in one bottom-up sample. */
static vpf_status mean_states(float *out, const vpf_model *model, const vpf_data *training) {
  const size_t top = vpf_model_layer_size(model, vpf_model_layers(model) - 1);
  vpf_data *states = NULL, *of_top = NULL;
  double *means = calloc(top, sizeof *means);
  vpf_status s = means ? VPF_OK : complain_because(VPF_ERR_MEMORY, "cannot allocate a prior");
  if (!s) s = complain(vpf_model_infer(model, training, 1, &states));
  if (!s) s = complain(vpf_data_columns(&of_top, states, vpf_data_cols(states) - top, top));
  if (!s) s = complain(vpf_moments(of_top, means, NULL));
  for (size_t j = 0; !s && j < top; j++) out[j] = (float)means[j];
  free(means);
  vpf_data_destroy(of_top);
  vpf_data_destroy(states);
  return s;
}

vpf_status find_prior(float **out, const vpf_model *model, const vpf_data *training, top_prior prior) {
  const size_t top = vpf_model_layers(model) - 1;
  *out = NULL;
  if (prior == PRIOR_R) return VPF_OK;
  *out = calloc(vpf_model_layer_size(model, top), sizeof **out);
  if (!*out) return complain_because(VPF_ERR_MEMORY, "cannot allocate a prior");
  if (prior == PRIOR_P_SAMPLED) return mean_states(*out, model, training);
  return complain(vpf_mean_activations(model, training, top, *out));
}

vpf_status parzen_points_of(parzen_points *p, const vpf_data *images, size_t count) {
  const size_t rows = vpf_data_rows(images);
  *p = (parzen_points){.count = count < rows ? count : rows};
  return grey_levels(&p->values, images, p->count);
}

void parzen_points_clear(parzen_points *p) {
  free(p->values);
  *p = (parzen_points){0};
}

vpf_status parzen_score(const run *r, const vpf_model *model, const float *prior, size_t steps, size_t draws,
                        const parzen_points *points, vpf_parzen_report *out) {
  *out = (vpf_parzen_report){.struct_size = sizeof *out};
  return complain(vpf_parzen_generated(model, r->effort.centres, steps, prior, 1, draws, points->values, points->count,
                                       PARZEN_SIGMA, out));
}

static const size_t tried_steps[] = {1, 2, 3, 5};
enum { TRIED = sizeof tried_steps / sizeof *tried_steps };

/* The score for each number of steps. */
static vpf_status try_steps(const run *r, const vpf_model *model, top_prior prior, const parzen_points *points,
                            double scores[TRIED]) {
  float *top = NULL;
  vpf_status s = find_prior(&top, model, r->digits.training, prior);
  for (size_t k = 0; !s && k < TRIED; k++) {
    vpf_parzen_report report;
    s = parzen_score(r, model, top, tried_steps[k], 1, points, &report);
    scores[k] = report.mean;
  }
  free(top);
  return s;
}

vpf_status best_parzen(const run *r, const vpf_model *model, top_prior prior, double *out) {
  parzen_points points;
  double scores[TRIED];
  *out = -INFINITY;
  vpf_status s = parzen_points_of(&points, r->digits.validation, r->effort.choosing);
  if (!s) s = try_steps(r, model, prior, &points, scores);
  for (size_t k = 0; !s && k < TRIED; k++) *out = fmax(*out, scores[k]);
  parzen_points_clear(&points);
  return s;
}

/* Add the scores of a machine for each number of steps to sums. */
static vpf_status add_scores(const run *r, const recipe *how, uint64_t seed, size_t epoch, top_prior prior,
                             const parzen_points *points, double sums[TRIED]) {
  vpf_model *model = NULL;
  double scores[TRIED];
  vpf_status s = load_machine(&model, r, how, seed, epoch);
  if (!s) s = try_steps(r, model, prior, points, scores);
  for (size_t k = 0; !s && k < TRIED; k++) sums[k] += scores[k];
  vpf_model_destroy(model);
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
    vpf_model *model = NULL;
    float *top = NULL;
    vpf_parzen_report report = {0};
    s = load_machine(&model, r, how, seed, choice->epoch);
    if (!s) s = find_prior(&top, model, r->digits.training, prior);
    if (!s) s = parzen_score(r, model, top, choice->steps, r->effort.draws, &points, &report);
    out[seed - 1] = report.mean;
    largest = fmax(largest, report.stderr_points);
    free(top);
    vpf_model_destroy(model);
  }
  if (stderr_points) *stderr_points = largest;
  parzen_points_clear(&points);
  return s;
}
