/* SPDX-License-Identifier: MIT */
/* The figure that the paper lacks: what happens to the likelihood while the objective falls. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../support/stop_signal.h"
#include "comparison.h"
#include "log_columns.h"
#include "parzen_score.h"
#include "sections.h"
#include "training.h"
#include "true_likelihood.h"

enum { POINTS = RECIPE_KEPT + 1 };

/* A machine along its training. */
typedef struct course {
  const char *name;
  size_t count, epochs[POINTS];
  double seconds[POINTS], forward[POINTS], low[POINTS], empty[POINTS], flow[POINTS], parzen[POINTS], error[POINTS];
} course;

static double seconds_until(const json_t *log, size_t epoch) {
  double seconds = 0;
  for (size_t k = 1; k <= epoch; k++) seconds += log_value(log, k, "seconds", 0);
  return seconds;
}

static vpf_status measure_point(run *r, course *c, size_t k, const vpf_model *model) {
  vpf_likelihood likelihood;
  vpf_status s = true_likelihood(r, model, 0, &likelihood);
  c->forward[k] = likelihood.mean;
  c->low[k] = likelihood.mean_low;
  c->empty[k] = likelihood.empty;
  if (!s) s = best_parzen(r, model, true, &c->parzen[k]);
  if (!s) s = clamped_error(r, model, &c->error[k]);
  return s;
}

static vpf_status follow(run *r, course *c, const char *name, const char *recipe_name, double from, double to) {
  const recipe *how = find_recipe(recipe_name);
  json_t *log = load_log(r, how, 1);
  *c = (course){.name = name, .count = recipe_kept(how, r->options->quick, c->epochs)};
  c->count = recipe_kept(how, r->options->quick, c->epochs);
  vpf_status s = log ? VPF_OK : VPF_ERR_IO;
  for (size_t k = 0; !s && !stop_signal && k < c->count; k++) {
    vpf_model *model = NULL;
    overall_progress_at(&r->progress, from + (to - from) * (double)k / (double)c->count, "%s, epoch %zu", name,
                        c->epochs[k]);
    s = load_machine(&model, r, how, 1, c->epochs[k]);
    c->seconds[k] = seconds_until(log, c->epochs[k]);
    c->flow[k] = log_value(log, c->epochs[k], "K", 0);
    if (!s) s = measure_point(r, c, k, model);
    vpf_model_destroy(model);
  }
  json_decref(log);
  return s;
}

/* One quantity of both, over time; offset: where it is in a course. */
static void plot_both(findings *f, const course *both, const char *title, const char *unit, size_t offset) {
  json_t *plot = find_plot(f, title, "seconds of training", unit, true);
  for (size_t m = 0; m < 2; m++) {
    const double *y = (const double *)(const void *)((const char *)&both[m] + offset);
    plot_series(f, plot, both[m].name, PLOT_LINES, both[m].seconds, y, NULL, both[m].count);
  }
}

static void tabulate(findings *f, const course *both) {
  json_t *table = find_table(f, "The same as numbers", "", 1);
  static const char *const headings[] = {"seconds", "log p, forward", "log p, less favourable way", "log p(empty image)",
                                         "K", "Parzen P", "clamped error"};
  for (size_t k = 0; k < sizeof headings / sizeof *headings; k++) table_column(f, table, headings[k]);
  for (size_t m = 0; m < 2; m++)
    for (size_t k = 0; k < both[m].count; k++) {
      const course *c = &both[m];
      const double values[] = {c->seconds[k], c->forward[k], c->low[k], c->empty[k], c->flow[k], c->parzen[k], c->error[k]};
      char name[48];
      snprintf(name, sizeof name, "%s, epoch %zu", c->name, c->epochs[k]);
      json_t *row = table_row(f, table, name, NULL);
      for (size_t v = 0; v < sizeof values / sizeof *values; v++) row_cell(f, row, &values[v], 1, NAN);
    }
}

static size_t best_of(const course *c) {
  size_t best = 0;
  for (size_t k = 1; k < c->count; k++)
    if (c->low[k] > c->low[best]) best = k;
  return best;
}

static void conclude(findings *f, const course *both, double independent) {
  const course *vpf = &both[0], *pcd = &both[1];
  const size_t best = best_of(vpf), last = vpf->count - 1, pcd_best = best_of(pcd);
  find_text(f,
            "VPF is at its best at epoch %zu, log p = %.1f nats, and ends at %.1f; pixels that know nothing of each other "
            "have %.1f. Meanwhile K falls from %.1f to %.1f. What happens: log p of the empty image goes from %.1f at the "
            "best epoch to %.1f at the end. One mode far from all data, where no single flip leads, swallows the machine, "
            "and neither K nor the Parzen score nor filling in shows it. PCD-1, which does look at where its chains go, "
            "reaches %.1f at epoch %zu.",
            vpf->epochs[best], vpf->low[best], vpf->low[last], independent, vpf->flow[best], vpf->flow[last],
            vpf->empty[best], vpf->empty[last], pcd->low[pcd_best], pcd->epochs[pcd_best]);
  find_text(f, "Likelihoods are by annealed importance sampling, forward from the pixels' means and back from test images; "
               "where the two differ, the truth of a machine of PCD is in between. The time is that of training alone, on "
               "the machine named below, which did other work too.");
}

vpf_status measure_likelihood(run *r, findings *f) {
  course both[2] = {{0}, {0}};
  double independent = NAN;
  vpf_status s = follow(r, &both[0], "VPF", "rbm196", 0, 0.6);
  if (!s && !stop_signal) s = follow(r, &both[1], "PCD-1", "pcd1", 0.6, 1);
  if (!s) s = independent_likelihood(r, &independent);
  if (s || stop_signal) return s;
  plot_both(f, both, "log p of test images, the less favourable way", "nats", offsetof(course, low));
  plot_both(f, both, "log p of the empty image", "nats", offsetof(course, empty));
  plot_both(f, both, "Probability flow K", "K", offsetof(course, flow));
  plot_both(f, both, "Parzen score of validation images, P prior", "nats", offsetof(course, parzen));
  plot_both(f, both, "Clamped error of filling in, mean of four regions", "pixels", offsetof(course, error));
  conclude(f, both, independent);
  tabulate(f, both);
  return VPF_OK;
}
