/* SPDX-License-Identifier: MIT */
#include "outcome.h"

#include "../../common/complain.h"

vpf_status outcome_take(outcome *o, const vpf_model *model, const vpf_optimizer *optimizer) {
  *o = (outcome){.model = model};
  const vpf_status s = vpf_optimizer_average(optimizer, &o->average);
  if (s == VPF_ERR_STATE) return VPF_OK; /* no average, or no step yet */
  if (!s) o->model = o->average;
  return complain(s);
}

void outcome_clear(outcome *o) {
  vpf_model_destroy(o->average);
  *o = (outcome){0};
}
