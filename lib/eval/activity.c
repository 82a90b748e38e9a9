/* SPDX-License-Identifier: MIT */
#include "eval/activity.h"

#include "base/memory.h"
#include "base/threads.h"
#include "eval/encode.h"

enum { CHUNK = 1024 }; /* rows at a time */

typedef struct activity_job {
  const float *means; /* [rows x n] of this chunk */
  size_t rows, n;
  double *sum, *square; /* [n] so far */
  double *sparseness;   /* [rows] of this chunk */
} activity_job;

static void add_units(void *context, size_t begin, size_t end, size_t thread) {
  (void)thread;
  const activity_job *job = context;
  for (size_t r = 0; r < job->rows; r++) {
    const float *row = job->means + r * job->n;
    for (size_t j = begin; j < end; j++) job->sum[j] += (double)row[j];
    for (size_t j = begin; job->square && j < end; j++) job->square[j] += (double)row[j] * (double)row[j];
  }
}

static void measure_rows(void *context, size_t begin, size_t end, size_t thread) {
  (void)thread;
  const activity_job *job = context;
  for (size_t r = begin; r < end; r++) {
    const float *row = job->means + r * job->n;
    double sum = 0, square = 0;
    for (size_t j = 0; j < job->n; j++) {
      sum += (double)row[j];
      square += (double)row[j] * (double)row[j];
    }
    job->sparseness[r] = vpfi_sparseness(sum, square, job->n);
  }
}

double vpfi_sparseness(double sum, double square, size_t n) {
  if (n < 2 || !(square > 0)) return 0;
  const double evenness = sum * sum / ((double)n * square);
  return evenness < 1 ? (1 - evenness) / (1 - 1 / (double)n) : 0; /* 1 or, by rounding, just above: all the same */
}

vpf_status vpfi_activity(const vpfi_machine *machine, const uint64_t *bits, size_t words, size_t rows, size_t layer,
                         size_t threads, double *sum, double *square, double *sparseness) {
  const size_t n = machine->shape->layer[layer].size, chunk = rows < CHUNK ? rows : CHUNK;
  vpfi_scratch *scratch = vpfi_scratch_create(machine->shape, threads);
  float *means = vpfi_alloc(chunk, n * sizeof *means);
  double *each = vpfi_alloc(chunk, sizeof *each);
  const bool complete = scratch && means && each;
  for (size_t j = 0; complete && j < n; j++) sum[j] = 0;
  for (size_t j = 0; complete && square && j < n; j++) square[j] = 0;
  if (complete && square) *sparseness = 0;
  for (size_t first = 0; complete && first < rows; first += chunk) {
    const size_t count = rows - first < chunk ? rows - first : chunk;
    activity_job job = {means, count, n, sum, square, each};
    vpfi_encode(machine, bits + first * words, words, count, layer, means, threads, scratch);
    vpfi_parallel_for(n, threads, add_units, &job);
    if (!square) continue;
    vpfi_parallel_for(count, threads, measure_rows, &job);
    for (size_t r = 0; r < count; r++) *sparseness += each[r];
  }
  vpfi_free(each);
  vpfi_free(means);
  vpfi_scratch_destroy(scratch, threads);
  return complete ? VPF_OK : VPF_ERR_MEMORY;
}
