/* SPDX-License-Identifier: MIT */
#include "eval/encode.h"

#include <string.h>

#include "base/threads.h"
#include "num/bits.h"
#include "num/elementary.h"

typedef struct encode_job {
  const vpfi_machine *machine;
  const uint64_t *bits;
  size_t words, layer;
  float *out;
  vpfi_scratch *scratch;
} encode_job;

static void sigmoid_all(float *z, size_t n) {
  for (size_t j = 0; j < n; j++) z[j] = vpfi_sigmoidf(z[j]);
}

/* z = b_up + W^T m, the terms in the order of the lower units. */
static void field_of_means(const vpfi_machine *machine, size_t layer, const float *means, float *z) {
  const vpfi_layer *below = &machine->shape->layer[layer - 1], *here = &machine->shape->layer[layer];
  memcpy(z, machine->params->bias[here->up], here->width * sizeof *z);
  for (size_t i = 0; i < below->size; i++) {
    const float *row = machine->params->weights[layer - 1] + i * here->width;
    for (size_t j = 0; j < here->width; j++) z[j] += means[i] * row[j];
  }
}

static void encode_range(void *context, size_t begin, size_t end, size_t thread) {
  const encode_job *job = context;
  const vpfi_shape *shape = job->machine->shape;
  vpfi_scratch *scratch = &job->scratch[thread];
  const size_t n = shape->layer[job->layer].size;
  for (size_t row = begin; row < end; row++) {
    if (job->layer == 0) {
      for (size_t j = 0; j < n; j++) job->out[row * n + j] = (float)vpfi_bits_get(job->bits + row * job->words, j);
      continue;
    }
    scratch->count[0] = vpfi_bits_list(job->bits + row * job->words, job->words, scratch->index[0]);
    float *here = scratch->z, *next = scratch->field;
    vpfi_field(job->machine, VPFI_ORDER_SWEPT, shape->layer[1].up, VPFI_FROM_BELOW, scratch, here);
    sigmoid_all(here, shape->layer[1].size);
    for (size_t l = 2; l <= job->layer; l++) {
      field_of_means(job->machine, l, here, next);
      sigmoid_all(next, shape->layer[l].size);
      float *const other = here;
      here = next;
      next = other;
    }
    memcpy(job->out + row * n, here, n * sizeof *here);
  }
}

void vpfi_encode(const vpfi_machine *machine, const uint64_t *bits, size_t words, size_t rows, size_t layer,
                 float *out, size_t threads, vpfi_scratch *scratch) {
  encode_job job = {machine, bits, words, layer, out, scratch};
  vpfi_parallel_for(rows, threads, encode_range, &job);
}
