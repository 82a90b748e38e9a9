/* SPDX-License-Identifier: MIT */
/* Hidden states drawn once an epoch, or afresh in every minibatch. */
#include "../scores/comparison.h"
#include "../sections.h"

vpf_status measure_estep(run *r, findings *f) {
  static const competitor list[] = {{"once an epoch", "rbm196", 20},
                                    {"once an epoch", "rbm196", 50},
                                    {"in every minibatch", "rbm196-afresh", 20},
                                    {"in every minibatch", "rbm196-afresh", 50}};
  const unsigned measures =
      COMPARE_FLOW | COMPARE_WEIGHTS | COMPARE_ACTIVITY | COMPARE_LIKELIHOOD | COMPARE_PARZEN | COMPARE_FILLING;
  json_t *table = comparison_table(f, "RBM(196), hidden states drawn ..., seed 1", measures, 1);
  vpf_status s = compare_all(r, f, table, measures, list, COMPETITORS(list));
  find_text(f, "For a fresh sample the gradient of the hidden part of K vanishes in expectation, so nothing holds the hidden "
               "layer where it is; a sample that is kept for an epoch anchors it (docs/math.md, section 4).");
  return s;
}
