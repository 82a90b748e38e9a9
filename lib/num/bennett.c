/* SPDX-License-Identifier: MIT */
#include "num/bennett.h"

#include <math.h>
#include <stdbool.h>

#include "num/elementary.h"
#include "num/statistics.h"

/* 1 / (1 + exp(x)) */
static double fermi(double x) {
  return x > 700 ? 0 : 1 / (1 + vpfi_exp(x));
}

/* The root of a function that falls with the ratio. */
double vpfi_bennett(const double *forward, size_t n, const double *reverse, size_t m) {
  const double ratio = vpfi_log((double)n / (double)m);
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (size_t k = 0; k < n; k++) low = fmin(low, forward[k]), high = fmax(high, forward[k]);
  for (size_t k = 0; k < m; k++) low = fmin(low, -reverse[k]), high = fmax(high, -reverse[k]);
  low -= fabs(ratio) + 1, high += fabs(ratio) + 1;
  for (int halving = 0; halving < 200 && high - low > 1e-12 * fabs(high); halving++) {
    const double middle = low + (high - low) / 2;
    double sum = 0;
    for (size_t k = 0; k < n; k++) sum += fermi(ratio - forward[k] + middle);
    for (size_t k = 0; k < m; k++) sum -= fermi(-ratio - reverse[k] - middle);
    *(sum > 0 ? &low : &high) = middle;
  }
  return low + (high - low) / 2;
}

/* From values of f to scale (f / mean f - 1). */
static void relative(double *f, size_t count, double mean, double scale) {
  for (size_t k = 0; k < count; k++) f[k] = isfinite(scale) ? scale * (f[k] / mean - 1) : HUGE_VAL;
}

void vpfi_bennett_influence(const double *forward, size_t n, const double *reverse, size_t m, double log_ratio,
                            double *of_forward, double *of_reverse) {
  const double ratio = vpfi_log((double)n / (double)m);
  for (size_t k = 0; k < n; k++) of_forward[k] = fermi(ratio - forward[k] + log_ratio);
  for (size_t k = 0; k < m; k++) of_reverse[k] = fermi(-ratio - reverse[k] - log_ratio);
  const double up = vpfi_mean(of_forward, n), down = vpfi_mean(of_reverse, m);
  const bool overlap = up > 0 && down > 0;
  relative(of_forward, n, up, overlap ? 1 / (double)n : HUGE_VAL);
  relative(of_reverse, m, down, overlap ? -1 / (double)m : HUGE_VAL);
}
