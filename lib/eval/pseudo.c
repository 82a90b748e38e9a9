/* SPDX-License-Identifier: MIT */
#include "eval/pseudo.h"


#include "base/threads.h"
#include "num/bits.h"
#include "num/elementary.h"

typedef struct pseudo_job {
  const vpfi_machine *machine;
  const uint64_t *bits;
  vpfi_scratch *scratch;
  double *out;
} pseudo_job;

/* log p(x_i | rest) = -log(1 + exp(F(x) - F(x flipped))). Flipping unit i changes the field of each
 * hidden unit by a weight, up or down, so its part of F is a change of softplus from 0 to +-w_i. */
static double row_value(const pseudo_job *job, const uint64_t *row, vpfi_scratch *scratch) {
  const vpfi_machine *machine = job->machine;
  const vpfi_shape *shape = machine->shape;
  const vpfi_layer *visible = &shape->layer[0], *hidden = shape->n_layers == 2 ? &shape->layer[1] : NULL;
  float *own = scratch->z, *above = scratch->field;
  scratch->row[0] = row;
  vpfi_field(machine, VPFI_ORDER_SWEPT, visible->up, VPFI_FROM_OWN, scratch, own);
  if (hidden) vpfi_field(machine, VPFI_ORDER_SWEPT, hidden->up, VPFI_FROM_BELOW, scratch, above);
  double sum = 0;
  for (size_t i = 0; i < visible->size; i++) {
    const float sign = vpfi_bits_get(row, i) ? -1.0f : 1.0f;
    double gain = (double)(sign * own[i]);
    if (hidden)
      gain += machine->kernels->softplus_change(above, machine->params->weights[0] + i * hidden->width, 0, sign,
                                                hidden->size);
    sum -= vpfi_softplus(gain);
  }
  return sum;
}

static void pseudo_range(void *context, size_t begin, size_t end, size_t thread) {
  const pseudo_job *job = context;
  const size_t words = job->machine->shape->layer[0].words;
  for (size_t r = begin; r < end; r++) job->out[r] = row_value(job, job->bits + r * words, &job->scratch[thread]);
}

void vpfi_pseudo_likelihood(const vpfi_machine *machine, const uint64_t *bits, size_t rows, size_t threads,
                            vpfi_scratch *scratch, double *out) {
  pseudo_job job = {machine, bits, scratch, out};
  vpfi_parallel_for(rows, threads, pseudo_range, &job);
}
