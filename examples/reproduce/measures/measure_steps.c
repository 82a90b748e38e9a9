/* SPDX-License-Identifier: MIT */
/* Steps r of Algorithm 2. */
#include <stdio.h>

#include "../../common/stop_signal.h"
#include "../scores/comparison.h"
#include "../scores/parzen_score.h"
#include "../sections.h"

vpf_status measure_steps(run *r, findings *f) {
  static const competitor list[] = {{"RBM(196)", "rbm196", 200}, {"DBM1", "dbm1", 200}, {"DBM2", "dbm2", 500}};
  static const size_t steps[] = {1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50};
  enum { STEPS = sizeof steps / sizeof *steps };
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
  for (size_t c = 0; !s && c < COMPETITORS(list); c++) {
    const recipe *how = find_recipe(list[c].recipe);
    generator g;
    json_t *row = table_row(f, table, list[c].name, NULL);
    s = generator_load(&g, r, how, 1, kept_epoch(r, how, list[c].epoch), PRIOR_P);
    for (size_t k = 0; !s && !stop_signal && k < STEPS; k++) {
      vpf_parzen_report report;
      overall_progress_at(&r->progress, ((double)c + (double)k / STEPS) / COMPETITORS(list), "%s, r = %zu",
                          list[c].name, steps[k]);
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
