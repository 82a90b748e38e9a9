/* SPDX-License-Identifier: MIT */
/* The figure that the paper lacks: what happens to the likelihood while the objective falls. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/log_columns.h"
#include "../../common/stop_signal.h"
#include "../machines/training.h"
#include "../scores/comparison.h"
#include "../scores/parzen_score.h"
#include "../scores/true_likelihood.h"
#include "../sections.h"

enum { POINTS = RECIPE_KEPT + 1 };

enum { FORWARD, LOW, EMPTY, FLOW, PARZEN, FILLING, QUANTITIES };

/* A machine along its training. */
typedef struct course {
  const char *name;
  size_t count, epochs[POINTS];
  double seconds[POINTS], value[QUANTITIES][POINTS];
  vpf_likelihood likelihood[POINTS];
} course;

static vpf_status measure_point(run *r, course *c, size_t k, const generator *g) {
  vpf_likelihood *likelihood = &c->likelihood[k];
  vpf_status s = true_likelihood(r, g->model, likelihood);
  c->value[FORWARD][k] = likelihood->mean;
  c->value[LOW][k] = likelihood->mean_low;
  c->value[EMPTY][k] = likelihood->empty;
  if (!s) s = best_parzen(r, g, &c->value[PARZEN][k]);
  if (!s) s = clamped_error(r, g->model, &c->value[FILLING][k]);
  return s;
}

static vpf_status follow(run *r, course *c, const char *name, const char *recipe_name, double from, double to) {
  const recipe *how = find_recipe(recipe_name);
  json_t *log = load_log(r, how, 1);
  *c = (course){.name = name};
  c->count = recipe_kept(how, r->options->quick, c->epochs);
  vpf_status s = log ? VPF_OK : VPF_ERR_IO;
  for (size_t k = 0; !s && !stop_signal && k < c->count; k++) {
    generator g;
    overall_progress_at(&r->progress, from + (to - from) * (double)k / (double)c->count, "%s, epoch %zu", name,
                        c->epochs[k]);
    s = generator_load(&g, r, how, 1, c->epochs[k], PRIOR_P);
    c->seconds[k] = log_seconds(log, c->epochs[k]);
    c->value[FLOW][k] = log_value(log, c->epochs[k], "K");
    if (!s) s = measure_point(r, c, k, &g);
    generator_clear(&g);
  }
  json_decref(log);
  return s;
}

/* A quantity of both, over time. */
static void plot_both(findings *f, const course *both, const char *title, const char *unit, size_t quantity) {
  json_t *plot = find_plot(f, title, "seconds of training", unit, true);
  for (size_t m = 0; m < 2; m++)
    plot_series(f, plot, both[m].name, PLOT_LINES, both[m].seconds, both[m].value[quantity], NULL, both[m].count);
}

static void tabulate(findings *f, const course *both) {
  json_t *table = find_table(f, "The same as numbers", "", 1);
  static const char *const headings[QUANTITIES] = {"log p, forward", "log p, to report", "log p(empty image)", "K",
                                                   "Parzen P", "clamped error"};
  table_column(f, table, "seconds");
  for (size_t q = 0; q < QUANTITIES; q++) table_column(f, table, headings[q]);
  for (size_t m = 0; m < 2; m++)
    for (size_t k = 0; k < both[m].count; k++) {
      const course *c = &both[m];
      char name[48];
      snprintf(name, sizeof name, "%s, epoch %zu", c->name, c->epochs[k]);
      find_doubts(f, name, &c->likelihood[k]);
      strncat(name, doubt_mark(&c->likelihood[k]), sizeof name - strlen(name) - 1);
      json_t *row = table_row(f, table, name, NULL);
      row_value(f, row, c->seconds[k]);
      for (size_t q = 0; q < QUANTITIES; q++) row_value(f, row, c->value[q][k]);
    }
}

static size_t best_of(const course *c) {
  size_t best = 0;
  for (size_t k = 1; k < c->count; k++)
    if (c->value[LOW][k] > c->value[LOW][best]) best = k;
  return best;
}

static void conclude(findings *f, const course *both, double independent) {
  const course *vpf = &both[0], *pcd = &both[1];
  const size_t best = best_of(vpf), last = vpf->count - 1, pcd_best = best_of(pcd);
  find_text(f,
            "VPF is at its best at epoch %zu, log p = %.1f nats, and ends at %.1f; pixels that know nothing of each other "
            "have %.1f. All the same, K falls from %.1f to %.1f. What happens: log p of the empty image goes from %.1f at the "
            "best epoch to %.1f at the end. One mode far from all data, where no single flip leads, swallows the machine, "
            "and neither K nor the Parzen score nor filling in shows it. PCD-1, which does look at where its chains go, "
            "reaches %.1f at epoch %zu.",
            vpf->epochs[best], vpf->value[LOW][best], vpf->value[LOW][last], independent, vpf->value[FLOW][best], vpf->value[FLOW][last],
            vpf->value[EMPTY][best], vpf->value[EMPTY][last], pcd->value[LOW][pcd_best], pcd->epochs[pcd_best]);
  find_text(f, "Likelihoods are by annealed importance sampling in both directions. The one to report is by the largest log Z that "
               "must be reckoned with; (?) marks those in doubt. The time is that of training alone, on the computer named "
               "above, which did other work too.");
}

vpf_status measure_likelihood(run *r, findings *f) {
  course both[2] = {{0}, {0}};
  double independent = NAN;
  vpf_status s = follow(r, &both[0], "VPF", "rbm196", 0, 0.6);
  if (!s && !stop_signal) s = follow(r, &both[1], "PCD-1", "pcd1", 0.6, 1);
  if (!s) s = independent_likelihood(r, &independent);
  if (s || stop_signal) return s;
  plot_both(f, both, "log p of test images", "nats", LOW);
  plot_both(f, both, "log p of the empty image", "nats", EMPTY);
  plot_both(f, both, "Probability flow K", "K", FLOW);
  plot_both(f, both, "Parzen score of validation images, P prior", "nats", PARZEN);
  plot_both(f, both, "Clamped error of filling in, mean of four regions", "pixels", FILLING);
  conclude(f, both, independent);
  tabulate(f, both);
  return VPF_OK;
}
