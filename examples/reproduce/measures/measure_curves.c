/* SPDX-License-Identifier: MIT */
/* Fig. 3. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../common/complain.h"
#include "../../common/image_files.h"
#include "../../common/log_columns.h"
#include "../machines/training.h"
#include "../sections.h"

static vpf_status plot_column(findings *f, json_t *plot, const char *name, const json_t *log, const char *key) {
  double *x = log_column(log, "epoch"), *y = log_column(log, key);
  if (x && y) plot_series(f, plot, name, PLOT_LINES, x, y, NULL, log_epochs(log));
  const vpf_status s = x && y ? VPF_OK : VPF_ERR_MEMORY;
  free(y);
  free(x);
  return s;
}

/* Fig. 3a, and how much of its fall the objective of each RBM has left after 50 epochs. */
static vpf_status plot_objectives(run *r, findings *f) {
  static const char *const names[] = {"rbm100", "rbm196", "rbm400"};
  enum { MACHINES = sizeof names / sizeof *names, SETTLED = 50 };
  json_t *plot = find_plot(f, "(a) Probability flow K, mean of each epoch", "epoch", "K", false);
  vpf_status s = VPF_OK;
  double most_left = 0;
  plot_range(f, plot, 0, 600);
  for (size_t k = 0; !s && k < MACHINES; k++) {
    const recipe *how = find_recipe(names[k]);
    char name[32];
    snprintf(name, sizeof name, "RBM(%zu)", how->sizes[1]);
    json_t *log = load_log(r, how, 1);
    s = log ? plot_column(f, plot, name, log, "K") : VPF_ERR_IO;
    const size_t last = log_epochs(log), then = last < SETTLED ? last : SETTLED;
    const double begin = log_value(log, 1, "K"), end = log_value(log, last, "K");
    if (!s) most_left = fmax(most_left, (log_value(log, then, "K") - end) / (begin - end));
    json_decref(log);
  }
  char measured[64];
  snprintf(measured, sizeof measured, "at most %.1f %% of its fall is left then", 100 * most_left);
  if (!s)
    find_claim(f, "Fig. 3a: the objective is flat after 50 epochs", "at most 5 % of its fall left", measured,
               most_left <= 0.05, "of the fall from epoch 1 to the end, of the slowest of the three machines");
  return s;
}

/* Fig. 3b. */
static vpf_status plot_activations(run *r, findings *f) {
  enum { BINS = 20, ROWS = 10000 };
  const recipe *how = find_recipe("rbm400");
  const size_t units = how->sizes[1];
  size_t counts[BINS];
  double centres[BINS], heights[BINS], sum = 0;
  size_t middle = 0;
  vpf_model *model = NULL;
  vpf_data *rows = NULL;
  float *means = calloc(units, sizeof *means);
  vpf_status s = means ? load_machine(&model, r, how, 1, recipe_epochs(how, r->options->quick))
                       : complain_because(VPF_ERR_MEMORY, "cannot allocate activations");
  if (!s) s = first_rows(&rows, r->digits.training, ROWS);
  if (!s) s = complain(vpf_activation_histogram(model, rows, 1, BINS, counts));
  if (!s) s = complain(vpf_mean_activations(model, rows, 1, means));
  for (size_t j = 0; !s && j < units; j++) {
    sum += (double)means[j];
    middle += means[j] >= 0.1f && means[j] <= 0.4f;
  }
  for (size_t b = 0; !s && b < BINS; b++) {
    centres[b] = ((double)b + 0.5) / BINS;
    heights[b] = (double)counts[b];
  }
  if (!s) {
    json_t *plot = find_plot(f, "(b) Mean activations of the units of RBM(400)", "mean activation", "units", false);
    plot_series(f, plot, "units", PLOT_BOXES, centres, heights, NULL, BINS);
    char measured[64];
    const double share = (double)middle / (double)units, mean = sum / (double)units;
    snprintf(measured, sizeof measured, "%.0f %% of the units", 100 * share);
    find_claim(f, "Fig. 3b: most mean activations of RBM(400) are between 0.1 and 0.4", "more than half", measured,
               share > 0.5, "over 10 000 training images");
    snprintf(measured, sizeof measured, "%.3f", mean);
    find_claim(f, "Fig. 3b: overall mean activation of RBM(400)", "0.26", measured, fabs(mean - 0.26) <= 0.03,
               "counted as reached within 0.03");
  }
  vpf_data_destroy(rows);
  vpf_model_destroy(model);
  free(means);
  return s;
}

/* Fig. 3c. */
static vpf_status plot_weights(run *r, findings *f) {
  json_t *log = load_log(r, find_recipe("rbm400"), 1);
  if (!log) return VPF_ERR_IO;
  json_t *rho = find_plot(f, "(c) Share of weights that matter, rho, of RBM(400)", "epoch", "rho", false);
  vpf_status s = plot_column(f, rho, "rho", log, "rho");
  plot_range(f, rho, 0, NAN);
  json_t *w2 = find_plot(f, "(c) Squared weight of a unit, w^2, of RBM(400)", "epoch", "w^2", false);
  if (!s) s = plot_column(f, w2, "w^2", log, "w2");
  plot_range(f, w2, 0, NAN);
  const double end = log_value(log, log_epochs(log), "rho");
  char measured[32];
  snprintf(measured, sizeof measured, "%.3f", end);
  if (!s)
    find_claim(f, "Fig. 3c: rho of RBM(400) falls", "to 0.15", measured, end <= 0.155, "at the last epoch");
  json_decref(log);
  return s;
}

vpf_status measure_curves(run *r, findings *f) {
  vpf_status s = plot_objectives(r, f);
  if (!s) s = plot_activations(r, f);
  if (!s) s = plot_weights(r, f);
  return s;
}
