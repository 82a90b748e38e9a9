/* SPDX-License-Identifier: MIT */
/* Questions that the paper leaves open, each answered by machines side by side. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../common/complain.h"
#include "../../common/stop_signal.h"
#include "../machines/log_columns.h"
#include "../machines/stack.h"
#include "../machines/training.h"
#include "../scores/comparison.h"
#include "../scores/parzen_score.h"
#include "../sections.h"

/* A row of a comparison. */
typedef struct competitor {
  const char *name, *recipe;
  size_t epoch;
} competitor;

static vpf_status compare_all(run *r, findings *f, json_t *table, unsigned measures, const competitor *list, size_t count) {
  vpf_status s = VPF_OK;
  for (size_t k = 0; !s && !stop_signal && k < count; k++) {
    overall_progress_at(&r->progress, (double)k / (double)count, "%s, epoch %zu", list[k].recipe, list[k].epoch);
    s = comparison_of_kept(r, f, table, measures, list[k].name, list[k].recipe, list[k].epoch);
  }
  return s;
}
#define COUNT(list) (sizeof(list) / sizeof *(list))

vpf_status measure_coupling(run *r, findings *f) {
  static const competitor list[] = {
      {"pairwise", "dbm1", 20},        {"pairwise", "dbm1", 100},
      {"joint", "dbm1-joint", 20},     {"joint", "dbm1-joint", 100},
      {"joint, Gibbs E-step", "dbm1-gibbs", 20}, {"joint, Gibbs E-step", "dbm1-gibbs", 100}};
  const unsigned measures = COMPARE_FLOW | COMPARE_ACTIVITY | COMPARE_PARZEN | COMPARE_FILLING;
  json_t *table = comparison_table(f, "784-196-196-64 without intra-layer weights, seed 1", measures, 3);
  vpf_status s = compare_all(r, f, table, measures, list, COUNT(list));
  find_text(f, "In a joint machine a hidden unit's mean rate, averaged over the bottom-up draw, is cosh(t/2)/cosh(z/2), where "
               "t is what the layer above adds to its field z: smallest at t = 0, so the flow drives the upper layers to "
               "silence. In a pairwise machine it is cosh((t-z)/2)/cosh(z/2), smallest at t = z: the pair above learns to "
               "predict the layer (docs/math.md, section 6). With the Gibbs E-step the sample already knows t, and that "
               "argument does not apply. K of the two couplings is not the same quantity.");
  return s;
}

vpf_status measure_estep(run *r, findings *f) {
  static const competitor list[] = {{"once an epoch", "rbm196", 20},
                                    {"once an epoch", "rbm196", 50},
                                    {"in every minibatch", "rbm196-afresh", 20},
                                    {"in every minibatch", "rbm196-afresh", 50}};
  const unsigned measures =
      COMPARE_FLOW | COMPARE_WEIGHTS | COMPARE_ACTIVITY | COMPARE_LIKELIHOOD | COMPARE_PARZEN | COMPARE_FILLING;
  json_t *table = comparison_table(f, "RBM(196), hidden states drawn ..., seed 1", measures, 1);
  vpf_status s = compare_all(r, f, table, measures, list, COUNT(list));
  find_text(f, "For a fresh sample the gradient of the hidden part of K vanishes in expectation, so nothing holds the hidden "
               "layer where it is; a sample that is kept for an epoch anchors it (docs/math.md, section 4).");
  return s;
}

vpf_status measure_decay(run *r, findings *f) {
  static const competitor list[] = {{"lambda 0.005", "rbm196", 20},       {"lambda 0.005", "rbm196", 200},
                                    {"lambda 0.0005", "rbm196-light", 200}, {"lambda 0.0001", "rbm196-text", 20},
                                    {"lambda 0.0001", "rbm196-text", 200}};
  const unsigned measures =
      COMPARE_FLOW | COMPARE_WEIGHTS | COMPARE_ACTIVITY | COMPARE_LIKELIHOOD | COMPARE_PARZEN | COMPARE_FILLING;
  json_t *table = comparison_table(f, "RBM(196) with more and less weight decay, seed 1", measures, 1);
  vpf_status s = compare_all(r, f, table, measures, list, COUNT(list));
  find_text(f, "A smaller lambda lets K fall further, because large weights make the rates at the data small; what the "
               "machine has learned elsewhere gets worse. Only with 0.005 do rho and w^2 come to the values of Fig. 3.");
  return s;
}

/* ---- Layer by layer ---- */

vpf_status measure_greedy(run *r, findings *f) {
  const unsigned measures = COMPARE_ACTIVITY | COMPARE_PARZEN | COMPARE_FILLING;
  json_t *table = comparison_table(f, "784-196-196-64 without intra-layer weights, seed 1", measures, 3);
  vpf_model *stack = NULL;
  vpf_status s = comparison_of_kept(r, f, table, measures, "all pairs at once", "dbm1", 200);
  if (!s) s = stack_load(&stack, r, find_recipe("greedy3"), 1);
  const comparison_subject subject = {"one pair after the other", "200 epochs each", stack, NAN};
  if (!s) s = comparison_row(r, f, table, measures, &subject);
  vpf_model_destroy(stack);
  find_text(f, "Stage by stage takes as many updates of each pair, on one fixed sample of the layer below instead of a new "
               "one every epoch.");
  return s;
}

/* ---- Steps of Algorithm 2 ---- */

vpf_status measure_steps(run *r, findings *f) {
  static const competitor list[] = {{"RBM(196)", "rbm196", 200}, {"DBM1", "dbm1", 200}, {"DBM2", "dbm2", 500}};
  static const size_t steps[] = {1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50};
  enum { STEPS = COUNT(steps) };
  json_t *plot = find_plot(f, "Parzen score of validation images, P prior, seed 1", "steps r", "nats", true);
  json_t *table = find_table(f, "The same as numbers", "nats", 1);
  parzen_points points;
  double x[STEPS], y[STEPS];
  vpf_status s = parzen_points_of(&points, r->digits.validation, r->effort.choosing);
  for (size_t k = 0; k < STEPS; k++) {
    char heading[16];
    snprintf(heading, sizeof heading, "r = %zu", steps[k]);
    table_column(f, table, heading);
    x[k] = (double)steps[k];
  }
  for (size_t c = 0; !s && c < COUNT(list); c++) {
    const recipe *how = find_recipe(list[c].recipe);
    generator g;
    json_t *row = table_row(f, table, list[c].name, NULL);
    s = generator_load(&g, r, how, 1, kept_epoch(r, how, list[c].epoch), PRIOR_P);
    for (size_t k = 0; !s && !stop_signal && k < STEPS; k++) {
      vpf_parzen_report report;
      overall_progress_at(&r->progress, ((double)c + (double)k / STEPS) / COUNT(list), "%s, r = %zu", list[c].name, steps[k]);
      const step_pattern even = {steps[k], steps[k], steps[k], steps[k]};
      s = parzen_score(r, &g, &even, 1, &points, &report);
      y[k] = report.mean;
      row_value(f, row, y[k]);
    }
    if (!s) plot_series(f, plot, list[c].name, PLOT_LINES, x, y, NULL, STEPS);
    generator_clear(&g);
  }
  parzen_points_clear(&points);
  find_text(f, "The paper takes r = 5. A few steps are best; long chains leave the data, because VPF, which only looks one "
               "flip away from the data, leaves modes far from them.");
  return s;
}

/* ---- Order of the E-step ---- */

vpf_status measure_order(run *r, findings *f) {
  static const competitor list[] = {{"unswept, one sweep, images in order", "dbm2", 200},
                                    {"swept (Algorithm 1)", "dbm2-swept", 200},
                                    {"five sweeps", "dbm2-sweeps", 200},
                                    {"images shuffled", "dbm2-shuffled", 200}};
  const unsigned measures = COMPARE_FLOW | COMPARE_ACTIVITY | COMPARE_PARZEN | COMPARE_FILLING;
  json_t *table = comparison_table(f, "784-196-196-64 with intra-layer weights, seed 1", measures, 3);
  vpf_status s = compare_all(r, f, table, measures, list, COUNT(list));
  json_t *plot = find_plot(f, "Parzen score of validation images along training, P prior, best r", "epoch", "nats", false);
  for (size_t c = 0; !s && !stop_signal && c < COUNT(list); c++) {
    const recipe *how = find_recipe(list[c].recipe);
    size_t epochs[RECIPE_KEPT + 1];
    double x[RECIPE_KEPT + 1], y[RECIPE_KEPT + 1];
    const size_t count = recipe_kept(how, r->options->quick, epochs);
    for (size_t k = 0; !s && k < count; k++) {
      generator g;
      overall_progress_at(&r->progress, ((double)c + (double)k / (double)count) / COUNT(list), "%s, epoch %zu",
                          list[c].recipe, epochs[k]);
      s = generator_load(&g, r, how, 1, epochs[k], PRIOR_P);
      x[k] = (double)epochs[k];
      if (!s) s = best_parzen(r, &g, &y[k]);
      generator_clear(&g);
    }
    if (!s) plot_series(f, plot, list[c].name, PLOT_LINES, x, y, NULL, count);
  }
  return s;
}
