/* SPDX-License-Identifier: MIT */
#include "eval/activity.h"

#include "base/memory.h"
#include "sample/encode.h"

enum { CHUNK = 1024 }; /* rows at a time */

typedef struct activity_job {
  const float *means; /* [rows x n], of this chunk */
  size_t rows, n;
  double *sum, *square; /* [n], so far */
  double *sparseness;   /* [rows], of this chunk */
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

/* (1 - <r>^2 / <r^2>) / (1 - 1/n) of n responses, Eq. (32) (Treves and Rolls 1991; Vinje and Gallant 2000),
 * from their sum and the sum of their squares. It is 0 if all responses are equal: then <r^2> = <r>^2 or, if
 * they are all 0, the ratio is 0/0. */
static double sparseness(double sum, double square, size_t n) {
  if (n < 2 || !(square > 0)) return 0;
  const double evenness = sum * sum / ((double)n * square);
  return evenness < 1 ? (1 - evenness) / (1 - 1 / (double)n) : 0; /* 1, or just above by rounding: all equal */
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
    job->sparseness[r] = sparseness(sum, square, job->n);
  }
}

/* sum: [size of layer], the sum of each unit's activation over rows, in the order of the rows. square, unless NULL:
 * the same for the squares, and *population is then the sum over rows of the sparseness over units.
 * VPF_ERR_MEMORY. */
static vpf_status sum_activity(vpfi_workspace *work, const vpfi_rows *visible, size_t layer, double *sum,
                               double *square, double *population) {
  const size_t n = work->machine.shape->layer[layer].size, threads = work->team.threads;
  const size_t chunk = visible->rows < CHUNK ? visible->rows : CHUNK;
  float *means = vpfi_alloc(chunk, n * sizeof *means);
  double *each = vpfi_alloc(chunk, sizeof *each);
  const bool complete = means && each;
  for (size_t j = 0; complete && j < n; j++) sum[j] = 0;
  for (size_t j = 0; complete && square && j < n; j++) square[j] = 0;
  if (complete && square) *population = 0;
  for (size_t first = 0; complete && first < visible->rows; first += chunk) {
    const size_t count = visible->rows - first < chunk ? visible->rows - first : chunk;
    activity_job job = {means, count, n, sum, square, each};
    vpfi_encode(work, visible, first, count, layer, means);
    vpfi_parallel_for(n, threads, add_units, &job);
    if (!square) continue;
    vpfi_parallel_for(count, threads, measure_rows, &job);
    for (size_t r = 0; r < count; r++) *population += each[r];
  }
  vpfi_free(each);
  vpfi_free(means);
  return complete ? VPF_OK : VPF_ERR_MEMORY;
}

vpf_status vpfi_mean_activations(vpfi_workspace *work, const vpfi_rows *visible, size_t layer, float *out) {
  const size_t n = work->machine.shape->layer[layer].size;
  double *sum = vpfi_alloc(n, sizeof *sum);
  if (!sum) return VPF_ERR_MEMORY;
  const vpf_status status = sum_activity(work, visible, layer, sum, NULL, NULL);
  for (size_t j = 0; !status && j < n; j++) out[j] = (float)(sum[j] / (double)visible->rows);
  vpfi_free(sum);
  return status;
}

static size_t bin_of(float value, size_t bins) {
  if (!(value > 0)) return 0;
  return value < 1 ? (size_t)((double)value * (double)bins) : bins - 1;
}

vpf_status vpfi_activation_histogram(vpfi_workspace *work, const vpfi_rows *visible, size_t layer, size_t bins,
                                     size_t *out_counts) {
  const size_t n = work->machine.shape->layer[layer].size;
  float *means = vpfi_alloc(n, sizeof *means);
  if (!means) return VPF_ERR_MEMORY;
  const vpf_status status = vpfi_mean_activations(work, visible, layer, means);
  for (size_t b = 0; !status && b < bins; b++) out_counts[b] = 0;
  for (size_t j = 0; !status && j < n; j++) out_counts[bin_of(means[j], bins)]++;
  vpfi_free(means);
  return status;
}

/* The means over units, from the sums over rows. */
static vpf_activity summary(const double *sum, const double *square, size_t n, size_t rows) {
  vpf_activity out = {0};
  for (size_t j = 0; j < n; j++) {
    const double mean = sum[j] / (double)rows;
    out.mean += mean;
    out.lifetime_sparseness += sparseness(sum[j], square[j], rows);
    if (mean < 0.01) out.dead += 1;
    if (mean > 0.99) out.saturated += 1;
  }
  out.mean /= (double)n;
  out.lifetime_sparseness /= (double)n;
  out.dead /= (double)n;
  out.saturated /= (double)n;
  return out;
}

vpf_status vpfi_layer_activity(vpfi_workspace *work, const vpfi_rows *visible, size_t layer, vpf_activity *out) {
  const size_t n = work->machine.shape->layer[layer].size;
  double *sum = vpfi_alloc(n, sizeof *sum), *square = vpfi_alloc(n, sizeof *square), population;
  vpf_status status = sum && square ? VPF_OK : VPF_ERR_MEMORY;
  if (!status) status = sum_activity(work, visible, layer, sum, square, &population);
  if (!status) {
    *out = summary(sum, square, n, visible->rows);
    out->population_sparseness = population / (double)visible->rows;
  }
  vpfi_free(square);
  vpfi_free(sum);
  return status;
}
