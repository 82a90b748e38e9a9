/* SPDX-License-Identifier: MIT */
#include "learn/progress.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "bm/sparsity.h"

vpf_progress vpfi_progress_of(vpfi_trainer *trainer, vpf_progress_event event, const vpfi_run_clock *clock,
                              uint64_t target) {
  const vpfi_learner *learner = trainer->learner;
  const vpfi_shape *shape = &learner->shape;
  const vpfi_sums *sums = event == VPF_PROGRESS_EPOCH ? &learner->sums : &trainer->batch_sums;
  const size_t rows = (size_t)trainer->data.id.rows;
  double *lower = trainer->report, *upper = lower + shape->pairs, *activity = upper + shape->pairs;

  vpf_progress p = {.struct_size = sizeof p,
                    .event = event,
                    .epoch = (size_t)learner->epochs + (event == VPF_PROGRESS_BATCH),
                    .epochs = (size_t)target,
                    .batch = (size_t)learner->sums.batches,
                    .rows = learner->cursor,
                    .pairs = shape->pairs,
                    .flow_lower = lower,
                    .flow_upper = upper,
                    .layers = shape->n_layers,
                    .activity = activity};
  p.batches = p.batch + (rows - learner->cursor + trainer->batch_rows - 1) / trainer->batch_rows;
  memset(trainer->report, 0, 2 * shape->pairs * sizeof(double));
  if (!(sums->rows > 0)) sums = &learner->sums; /* a run that goes on has not measured a minibatch yet */
  for (size_t r = 0; r < shape->n_roles; r++) {
    double *part = shape->role[r].lower ? lower : upper;
    part[shape->role[r].pair] += sums->flow[r] / sums->rows;
    p.flow += sums->flow[r] / sums->rows;
  }
  for (size_t l = 0; l < shape->n_layers; l++)
    activity[l] = sums->on[l] / (sums->rows * (double)shape->layer[l].size);
  p.gradient = p.gradient_noise = (double)NAN;
  if (event == VPF_PROGRESS_EPOCH && shape->n_joins > 0)
    vpfi_sparsity(shape, trainer->params, 0, &p.rho, &p.w2);
  const double time = vpfi_now();
  p.seconds = time - clock->epoch;
  p.total_seconds = time - clock->run;
  p.images_per_second = p.seconds > 0 ? (double)(learner->cursor - clock->first_row) / p.seconds : 0;
  return p;
}
