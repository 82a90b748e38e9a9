/* SPDX-License-Identifier: MIT */
/* Every pair of layers a machine of its own, or one energy for all of them. */
#include "../scores/comparison.h"
#include "../sections.h"

vpf_status measure_coupling(run *r, findings *f) {
  static const competitor list[] = {
      {"pairwise", "dbm1", 20},        {"pairwise", "dbm1", 100},
      {"joint", "dbm1-joint", 20},     {"joint", "dbm1-joint", 100},
      {"joint, Gibbs E-step", "dbm1-gibbs", 20}, {"joint, Gibbs E-step", "dbm1-gibbs", 100}};
  const unsigned measures = COMPARE_FLOW | COMPARE_ACTIVITY | COMPARE_PARZEN | COMPARE_FILLING;
  json_t *table = comparison_table(f, "784-196-196-64 without intra-layer weights, seed 1", measures, 3);
  vpf_status s = compare_all(r, f, table, measures, list, COMPETITORS(list));
  find_text(f, "In a joint machine a hidden unit's mean rate, averaged over the bottom-up draw, is cosh(t/2)/cosh(z/2), where "
               "t is what the layer above adds to its field z: smallest at t = 0, so the flow drives the upper layers to "
               "silence. In a pairwise machine it is cosh((t-z)/2)/cosh(z/2), smallest at t = z: the pair above learns to "
               "predict the layer (docs/math.md, section 6). With the Gibbs E-step the sample already knows t, and that "
               "argument does not apply. K of the two couplings is not the same quantity.");
  return s;
}
