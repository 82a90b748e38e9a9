/* SPDX-License-Identifier: MIT */
#include "comparison.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../common/complain.h"
#include "../../common/filling.h"
#include "../../common/image_files.h"
#include "../../common/log_columns.h"
#include "../../common/stop_signal.h"
#include "../machines/training.h"
#include "parzen_score.h"
#include "true_likelihood.h"

json_t *comparison_table(findings *f, const char *title, unsigned measures, size_t hidden_layers) {
  json_t *table = find_table(f, title, "", 2);
  if (measures & COMPARE_FLOW) table_column(f, table, "K");
  if (measures & COMPARE_WEIGHTS) {
    table_column(f, table, "rho");
    table_column(f, table, "w^2");
  }
  for (size_t l = 1; (measures & COMPARE_ACTIVITY) && l <= hidden_layers; l++) {
    char heading[32];
    snprintf(heading, sizeof heading, "activity of h%zu", l);
    table_column(f, table, heading);
  }
  if (measures & COMPARE_LIKELIHOOD) {
    table_column(f, table, "log p(test), nats");
    table_column(f, table, "log p(empty image)");
  }
  if (measures & COMPARE_PARZEN) {
    table_column(f, table, "Parzen R, nats");
    table_column(f, table, "Parzen P, nats");
  }
  if (measures & COMPARE_FILLING) table_column(f, table, "clamped error, pixels");
  return table;
}

vpf_status clamped_error(const run *r, const vpf_model *model, double *out) {
  const filling how = usual_filling(find_protocol("clamped"), 1);
  vpf_data *test = NULL;
  vpf_status s = first_rows(&test, r->digits.test, r->effort.choosing);
  float *answer = calloc(vpf_data_rows(test) + 1, vpf_data_cols(r->digits.test) * sizeof *answer);
  if (!s && !answer) s = complain_because(VPF_ERR_MEMORY, "cannot allocate answers");
  *out = 0;
  for (size_t g = 0; !s && g < REGIONS; g++) {
    region part = {0};
    double error = 0;
    s = region_mark(&part, region_names[g], r->digits.width, r->digits.height);
    if (!s) s = fill_in(model, test, &part, &how, NULL, answer);
    if (!s) s = complain(vpf_reconstruction_error(test, answer, part.inside, &error, NULL));
    *out += error / REGIONS;
    region_clear(&part);
  }
  free(answer);
  vpf_data_destroy(test);
  return s;
}

static vpf_status activity_cells(run *r, findings *f, json_t *row, const vpf_model *model) {
  enum { ROWS = 10000 };
  vpf_data *rows = NULL;
  vpf_status s = first_rows(&rows, r->digits.training, ROWS);
  for (size_t l = 1; !s && l < vpf_model_layers(model); l++) {
    vpf_activity activity = {.struct_size = sizeof activity};
    s = complain(vpf_layer_activity(model, rows, l, &activity));
    row_value(f, row, activity.mean);
  }
  vpf_data_destroy(rows);
  return s;
}

static vpf_status parzen_cells(run *r, findings *f, json_t *row, vpf_model *model) {
  static const top_prior priors[] = {PRIOR_R, PRIOR_P};
  vpf_status s = VPF_OK;
  for (size_t k = 0; !s && k < 2; k++) {
    generator g = {.model = model};
    double score = 0;
    s = find_prior(&g.prior, model, r->digits.training, priors[k]);
    if (!s) s = best_parzen(r, &g, &score);
    row_value(f, row, score);
    free(g.prior);
  }
  return s;
}

vpf_status comparison_row(run *r, findings *f, json_t *table, unsigned measures, const comparison_subject *subject) {
  const vpf_model *model = subject->model;
  char name[64];
  double rho, w2, value;
  vpf_likelihood likelihood = {.struct_size = sizeof likelihood};
  vpf_status s = complain(vpf_weight_metrics(model, 0, &rho, &w2));
  if (!s && (measures & COMPARE_LIKELIHOOD)) s = true_likelihood(r, model, &likelihood);
  if (s) return s;
  snprintf(name, sizeof name, "%s%s", subject->name, doubt_mark(&likelihood));
  json_t *row = table_row(f, table, name, subject->about);
  if (measures & COMPARE_FLOW) row_value(f, row, subject->flow);
  if (measures & COMPARE_WEIGHTS) {
    row_value(f, row, rho);
    row_value(f, row, w2);
  }
  if (measures & COMPARE_ACTIVITY) s = activity_cells(r, f, row, model);
  if (!s && (measures & COMPARE_LIKELIHOOD)) {
    row_value(f, row, likelihood.mean_low);
    row_value(f, row, likelihood.empty);
    find_doubts(f, subject->name, &likelihood);
  }
  if (!s && (measures & COMPARE_PARZEN)) s = parzen_cells(r, f, row, subject->model);
  if (!s && (measures & COMPARE_FILLING)) {
    s = clamped_error(r, model, &value);
    row_value(f, row, value);
  }
  return s;
}

size_t kept_epoch(const run *r, const recipe *how, size_t epoch) {
  size_t epochs[RECIPE_KEPT + 1];
  const size_t count = recipe_kept(how, r->options->quick, epochs);
  size_t k = count - 1;
  while (k > 0 && epochs[k] > epoch) k--;
  return epochs[k];
}

vpf_status comparison_of_kept(run *r, findings *f, json_t *table, unsigned measures, const char *name,
                              const char *recipe_name, size_t epoch) {
  const recipe *how = find_recipe(recipe_name);
  const size_t kept = kept_epoch(r, how, epoch);
  char about[32];
  vpf_model *model = NULL;
  json_t *log = load_log(r, how, 1);
  snprintf(about, sizeof about, "epoch %zu", kept);
  vpf_status s = log ? load_machine(&model, r, how, 1, kept) : VPF_ERR_IO;
  const comparison_subject subject = {name, about, model, log_value(log, kept, "K")};
  if (!s) s = comparison_row(r, f, table, measures, &subject);
  vpf_model_destroy(model);
  json_decref(log);
  return s;
}

vpf_status compare_all(run *r, findings *f, json_t *table, unsigned measures, const competitor *list, size_t count) {
  vpf_status s = VPF_OK;
  for (size_t k = 0; !s && !stop_signal && k < count; k++) {
    overall_progress_at(&r->progress, (double)k / (double)count, "%s, epoch %zu", list[k].recipe, list[k].epoch);
    s = comparison_of_kept(r, f, table, measures, list[k].name, list[k].recipe, list[k].epoch);
  }
  return s;
}
