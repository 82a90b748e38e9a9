/* SPDX-License-Identifier: MIT */
/* Variational probability flow (the paper's Algorithm 1): the gradient of the flow of fully specified states. */
#include "base/error.h"
#include "learn/estep.h"
#include "learn/trainer.h"

static vpfi_estep_plan plan_now(const vpfi_learner *learner) {
  const double *option = learner->option;
  return vpfi_plan_now(
      learner, (vpfi_estep_plan){
                   .estep = {.gibbs = option[VPFI_AT_ESTEP] > 0,
                             .sweeps = (size_t)option[VPFI_AT_ESTEP_SWEEPS],
                             .order = option[VPFI_AT_ESTEP_ORDER] > 0 ? VPFI_ORDER_UNSWEPT : VPFI_ORDER_SWEPT,
                             .random_start = option[VPFI_AT_ESTEP_START] > 0},
                   .samples = (size_t)option[VPFI_AT_ESTEP_SAMPLES],
                   .period = (uint64_t)option[VPFI_AT_ESTEP_PERIOD]});
}

static vpf_status check(const vpfi_learner *learner, const vpfi_shape *shape) {
  if (!plan_now(learner).estep.gibbs || vpfi_shape_has_energy(shape)) return VPF_OK;
  return vpfi_fail(VPF_ERR_UNSUPPORTED,
                   "the Gibbs E-step needs one energy: joint coupling or at most 2 layers, not a pairwise model of %zu",
                   shape->n_layers);
}

static vpfi_needs needs(const vpfi_learner *learner, size_t batch_rows) {
  (void)batch_rows;
  const vpfi_estep_plan plan = plan_now(learner);
  return (vpfi_needs){.plan = plan,
                      .order = plan.estep.order,
                      .gradient = VPFI_GRADIENT_FLOW,
                      .transposed = plan.period == 0 && plan.estep.gibbs};
}

/* The bound: |dK/dw_ij| <= mean of (delta_i + delta_j)/2 <= mean flow. */
static bool gradient(vpfi_trainer *trainer, double *bound, vpfi_overflow *where) {
  vpfi_batch *batch = &trainer->batch;
  vpfi_estep_of_minibatch(trainer);
  if (!vpfi_batch_rates(batch, &trainer->machine, where)) return false;
  *bound = 0;
  for (size_t r = 0; r < trainer->machine.shape->n_roles; r++) *bound += batch->flow[r] / (double)batch->rows;
  return true;
}

static bool can_resume(const vpfi_learner *learner) {
  (void)learner;
  return true;
}

/* A machine without hidden units. (In centred parameters it would be another gradient than that of the minibatches.) */
static bool gradient_is_exact(const vpfi_learner *learner) {
  return learner->shape.n_layers == 1 && !(learner->option[VPFI_AT_CENTRED] > 0);
}

const vpfi_method vpfi_method_vpf = {.name = "vpf",
                                     .check = check,
                                     .needs = needs,
                                     .gradient = gradient,
                                     .gradient_is_exact = gradient_is_exact,
                                     .can_resume = can_resume};
