/* SPDX-License-Identifier: MIT */
#include "sample/encode.h"

#include <string.h>

#include "num/bits.h"
#include "sample/meanfield.h"

typedef struct encode_job {
  vpfi_workspace *work;
  const vpfi_rows *visible;
  size_t first, layer;
  float *out;
} encode_job;

/* Of layer 1. */
static void field_of_bits(const vpfi_machine *machine, vpfi_scratch *scratch, float *z) {
  const vpfi_layer *layer = &machine->shape->layer[1];
  if (!machine->careful) vpfi_field(machine, VPFI_ORDER_SWEPT, layer->up, VPFI_FROM_BELOW, scratch, z);
  for (size_t j = 0; machine->careful && j < layer->size; j++)
    z[j] = vpfi_careful_field(machine, VPFI_ORDER_SWEPT, layer->up, VPFI_FROM_BELOW, scratch, j);
}

static void encode_range(void *context, size_t begin, size_t end, size_t thread) {
  const encode_job *job = context;
  const vpfi_machine *machine = &job->work->machine;
  const vpfi_shape *shape = machine->shape;
  vpfi_scratch *scratch = &job->work->scratch[thread];
  const size_t n = shape->layer[job->layer].size;
  for (size_t row = begin; row < end; row++) {
    const uint64_t *bits = job->visible->bits + (job->first + row) * job->visible->words;
    if (job->layer == 0) {
      for (size_t j = 0; j < n; j++) job->out[row * n + j] = (float)vpfi_bits_get(bits, j);
      continue;
    }
    scratch->row[0] = bits;
    float *here = scratch->z, *next = scratch->field;
    field_of_bits(machine, scratch, here);
    vpfi_sigmoid_all(here, shape->layer[1].size);
    for (size_t l = 2; l <= job->layer; l++) {
      vpfi_field_of_means(machine, shape->layer[l].up, here, NULL, NULL, next);
      vpfi_sigmoid_all(next, shape->layer[l].size);
      float *const other = here;
      here = next;
      next = other;
    }
    memcpy(job->out + row * n, here, n * sizeof *here);
  }
}

void vpfi_encode(vpfi_workspace *work, const vpfi_rows *visible, size_t first, size_t count, size_t layer, float *out) {
  encode_job job = {work, visible, first, layer, out};
  vpfi_parallel_for(count, work->team.threads, encode_range, &job);
}
