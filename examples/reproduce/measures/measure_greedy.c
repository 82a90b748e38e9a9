/* SPDX-License-Identifier: MIT */
/* All pairs of layers at once, or one after the other. */
#include <math.h>

#include "../machines/stack.h"
#include "../scores/comparison.h"
#include "../sections.h"

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
