/* SPDX-License-Identifier: MIT */
/* Order of the E-step, number of sweeps, order of the images. */
#include "../../common/stop_signal.h"
#include "../scores/comparison.h"
#include "../scores/parzen_score.h"
#include "../sections.h"

vpf_status measure_order(run *r, findings *f) {
  static const competitor list[] = {{"unswept, one sweep, images in order", "dbm2", 200},
                                    {"swept (Algorithm 1)", "dbm2-swept", 200},
                                    {"five sweeps", "dbm2-sweeps", 200},
                                    {"images shuffled", "dbm2-shuffled", 200}};
  const unsigned measures = COMPARE_FLOW | COMPARE_ACTIVITY | COMPARE_PARZEN | COMPARE_FILLING;
  json_t *table = comparison_table(f, "784-196-196-64 with intra-layer weights, seed 1", measures, 3);
  vpf_status s = compare_all(r, f, table, measures, list, COMPETITORS(list));
  json_t *plot = find_plot(f, "Parzen score of validation images along training, P prior, best r", "epoch", "nats", false);
  for (size_t c = 0; !s && !stop_signal && c < COMPETITORS(list); c++) {
    const recipe *how = find_recipe(list[c].recipe);
    size_t epochs[RECIPE_KEPT + 1];
    double x[RECIPE_KEPT + 1], y[RECIPE_KEPT + 1];
    const size_t count = recipe_kept(how, r->options->quick, epochs);
    for (size_t k = 0; !s && k < count; k++) {
      generator g;
      overall_progress_at(&r->progress, ((double)c + (double)k / (double)count) / COMPETITORS(list), "%s, epoch %zu",
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
