/* SPDX-License-Identifier: MIT */
/* More and less weight decay. */
#include "../scores/comparison.h"
#include "../sections.h"

vpf_status measure_decay(run *r, findings *f) {
  static const competitor list[] = {{"lambda 0.005", "rbm196", 20},       {"lambda 0.005", "rbm196", 200},
                                    {"lambda 0.0005", "rbm196-light", 200}, {"lambda 0.0001", "rbm196-text", 20},
                                    {"lambda 0.0001", "rbm196-text", 200}};
  const unsigned measures =
      COMPARE_FLOW | COMPARE_WEIGHTS | COMPARE_ACTIVITY | COMPARE_LIKELIHOOD | COMPARE_PARZEN | COMPARE_FILLING;
  json_t *table = comparison_table(f, "RBM(196) with more and less weight decay, seed 1", measures, 1);
  vpf_status s = compare_all(r, f, table, measures, list, COMPETITORS(list));
  find_text(f, "A smaller lambda lets K fall further, because large weights make the rates at the data small; what the "
               "machine has learned elsewhere gets worse. Only with 0.005 do rho and w^2 come to the values of Fig. 3.");
  return s;
}
