/* SPDX-License-Identifier: MIT */
#include "eval/encode.h"

#include <string.h>

#include "base/threads.h"
#include "eval/meanfield.h"
#include "num/bits.h"

typedef struct encode_job {
  const vpfi_machine *machine;
  const uint64_t *bits;
  size_t words, layer;
  float *out;
  vpfi_scratch *scratch;
} encode_job;

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
    scratch->row[0] = job->bits + row * job->words;
    float *here = scratch->z, *next = scratch->field;
    vpfi_field(job->machine, VPFI_ORDER_SWEPT, shape->layer[1].up, VPFI_FROM_BELOW, scratch, here);
    vpfi_sigmoid_all(here, shape->layer[1].size);
    for (size_t l = 2; l <= job->layer; l++) {
      vpfi_field_of_means(job->machine, shape->layer[l].up, here, NULL, NULL, next);
      vpfi_sigmoid_all(next, shape->layer[l].size);
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
