/* SPDX-License-Identifier: MIT */
#include "eval/pseudo.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "num/bits.h"
#include "num/elementary.h"
#include "num/statistics.h"

typedef struct pseudo_job {
  vpfi_workspace *work;
  const vpfi_rows *visible;
  double *out;
} pseudo_job;

/* log p(x_i | rest) = -log(1 + exp(F(x) - F(x flipped))). Flipping unit i moves the field of each
 * hidden unit up or down by a weight, and the unit's part of F changes as softplus does over that step. */
static double row_value(const vpfi_machine *machine, const uint64_t *row, vpfi_scratch *scratch) {
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
  const vpfi_rows *visible = job->visible;
  for (size_t r = begin; r < end; r++)
    job->out[r] = row_value(&job->work->machine, visible->bits + r * visible->words, &job->work->scratch[thread]);
}

vpf_status vpfi_pseudo_likelihood(const char *function, vpfi_workspace *work, const vpfi_rows *visible,
                                  double *out_mean, double *out_rows) {
  double *each = vpfi_alloc(visible->rows, sizeof *each);
  if (!each) return VPF_ERR_MEMORY;
  pseudo_job job = {work, visible, each};
  vpfi_parallel_for(visible->rows, work->team.threads, pseudo_range, &job);
  const vpf_status status = vpfi_check_rows_finite(function, "pseudo-likelihood", each, visible->rows);
  if (!status && out_mean) *out_mean = vpfi_mean(each, visible->rows);
  if (!status && out_rows) memcpy(out_rows, each, visible->rows * sizeof *each);
  vpfi_free(each);
  return status;
}
