/* SPDX-License-Identifier: MIT */
#include "eval/moments.h"

#include <math.h>

#include "base/memory.h"
#include "base/team.h"
#include "num/bits.h"

/* How many rows at a time: 64 words for each column, so 1000 columns are half a megabyte and stay in a
 * second-level cache while every pair of them is counted. */
enum { CHUNK = 4096 };

typedef struct moments_job {
  const uint64_t *columns; /* [cols x words]: in which rows of this chunk each bit is on */
  size_t words, cols;
  double *mean, *pair; /* counts so far, exact below 2^53; pair only above the diagonal */
} moments_job;

static double count_both(const uint64_t *a, const uint64_t *b, size_t words) {
  size_t count = 0;
  for (size_t w = 0; w < words; w++) count += (size_t)__builtin_popcountll(a[w] & b[w]);
  return (double)count;
}

static void count_rows(void *context, size_t begin, size_t end, size_t thread) {
  (void)thread;
  const moments_job *job = context;
  for (size_t i = begin; i < end; i++) {
    const uint64_t *column = job->columns + i * job->words;
    job->mean[i] += count_both(column, column, job->words);
    for (size_t j = i + 1; job->pair && j < job->cols; j++)
      job->pair[i * job->cols + j] += count_both(column, job->columns + j * job->words, job->words);
  }
}

vpf_status vpfi_moments(const vpfi_rows *data, size_t threads, double *mean, double *pair) {
  const size_t rows = data->rows, cols = data->cols, words = data->words;
  const size_t chunk = rows < CHUNK ? rows : CHUNK;
  uint64_t *columns = vpfi_alloc(cols, vpfi_bits_words(chunk) * sizeof *columns);
  if (!columns) return VPF_ERR_MEMORY;
  for (size_t i = 0; i < cols; i++) mean[i] = 0;
  for (size_t k = 0; pair && k < cols * cols; k++) pair[k] = 0;
  for (size_t first = 0; first < rows; first += chunk) {
    const size_t count = rows - first < chunk ? rows - first : chunk;
    vpfi_bits_transpose(columns, cols, data->bits + first * words, words, count);
    moments_job job = {columns, vpfi_bits_words(count), cols, mean, pair};
    vpfi_parallel_for(cols, threads, count_rows, &job);
  }
  for (size_t i = 0; i < cols; i++) {
    mean[i] /= (double)rows;
    if (!pair) continue;
    pair[i * cols + i] = mean[i];
    for (size_t j = i + 1; j < cols; j++) pair[j * cols + i] = pair[i * cols + j] /= (double)rows;
  }
  vpfi_free(columns);
  return VPF_OK;
}

/* Move the entries i < j of a matrix [n x n] to its beginning, row after row. Returns how many there are. */
static size_t pack_pairs(double *matrix, size_t n) {
  size_t count = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t j = i + 1; j < n; j++) matrix[count++] = matrix[i * n + j];
  return count;
}

/* c_ij = p_ij - p_i p_j, Eq. (31), of packed pairs, in place. */
static void connect_pairs(double *pairs, const double *mean, size_t n) {
  size_t k = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t j = i + 1; j < n; j++) pairs[k++] -= mean[i] * mean[j];
}

/* Different frequencies are at least 1/rows apart, while equal c_ij differ by a few rounding errors of numbers
 * below 1, 2^-53 each. This lies well between the two. */
static const double SAME = 1e-15;

static bool constant(const double *x, size_t count) {
  double least = x[0], most = x[0];
  for (size_t k = 1; k < count; k++) {
    least = x[k] < least ? x[k] : least;
    most = x[k] > most ? x[k] : most;
  }
  return most - least <= SAME;
}

static double mean_of(const double *x, size_t count) {
  double sum = 0;
  for (size_t k = 0; k < count; k++) sum += x[k];
  return sum / (double)count;
}

/* Pearson's correlation of two lists and the root mean square of their differences. NaN where undefined:
 * the correlation of fewer than two values or of equal ones, the mean of none. */
static void compare_lists(const double *a, const double *b, size_t count, double *pearson, double *rms) {
  *pearson = *rms = (double)NAN;
  if (count == 0) return;
  const double mean_a = mean_of(a, count), mean_b = mean_of(b, count);
  double aa = 0, ab = 0, bb = 0, difference = 0;
  for (size_t k = 0; k < count; k++) {
    aa += (a[k] - mean_a) * (a[k] - mean_a);
    ab += (a[k] - mean_a) * (b[k] - mean_b);
    bb += (b[k] - mean_b) * (b[k] - mean_b);
    difference += (a[k] - b[k]) * (a[k] - b[k]);
  }
  *rms = sqrt(difference / (double)count);
  if (constant(a, count) || constant(b, count)) return;
  *pearson = fmax(-1, fmin(1, ab / sqrt(aa * bb))); /* rounding may overshoot */
}

/* Means, pairs and connected pairs, in this order, because pairs are packed and connected in place. */
static void compare(size_t cols, const double *mean_a, double *pair_a, const double *mean_b, double *pair_b,
                    vpf_moment_comparison *out) {
  compare_lists(mean_a, mean_b, cols, &out->mean_pearson, &out->mean_rms);
  const size_t pairs = pack_pairs(pair_a, cols);
  pack_pairs(pair_b, cols);
  compare_lists(pair_a, pair_b, pairs, &out->pair_pearson, &out->pair_rms);
  connect_pairs(pair_a, mean_a, cols);
  connect_pairs(pair_b, mean_b, cols);
  compare_lists(pair_a, pair_b, pairs, &out->connected_pearson, &out->connected_rms);
}

vpf_status vpfi_compare_moments(const vpfi_rows *a, const vpfi_rows *b, size_t threads, vpf_moment_comparison *out) {
  const size_t cols = a->cols;
  double *mean[2] = {vpfi_alloc(cols, sizeof(double)), vpfi_alloc(cols, sizeof(double))};
  size_t row;
  double *pair[2] = {NULL, NULL};
  for (size_t k = 0; k < 2; k++)
    if (vpfi_size_mul(cols, sizeof(double), &row)) pair[k] = vpfi_alloc(cols, row);
  vpf_status status = mean[0] && mean[1] && pair[0] && pair[1] ? VPF_OK : VPF_ERR_MEMORY;
  if (!status) status = vpfi_moments(a, threads, mean[0], pair[0]);
  if (!status) status = vpfi_moments(b, threads, mean[1], pair[1]);
  if (!status) compare(cols, mean[0], pair[0], mean[1], pair[1], out);
  for (size_t k = 0; k < 2; k++) {
    vpfi_free(mean[k]);
    vpfi_free(pair[k]);
  }
  return status;
}
