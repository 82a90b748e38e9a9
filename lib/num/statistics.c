/* SPDX-License-Identifier: MIT */
#include "num/statistics.h"

#include <math.h>

#include "num/elementary.h"

double vpfi_mean(const double *values, size_t count) {
  double sum = 0, small = 0;
  for (size_t k = 0; k < count; k++) sum += values[k];
  if (isfinite(sum)) return sum / (double)count;
  for (size_t k = 0; k < count; k++) small += values[k] / (double)count;
  return small;
}

/* The sum of squared deviations from their mean, of values `stride` apart and divided by `unit`. */
static double squares_in(double unit, const double *values, size_t stride, size_t count) {
  double mean = 0, sum = 0;
  for (size_t k = 0; k < count; k++) mean += values[k * stride] / unit / (double)count;
  for (size_t k = 0; k < count; k++) sum += (values[k * stride] / unit - mean) * (values[k * stride] / unit - mean);
  return sum;
}

/* Squares of values near this stay within double. */
static const double LARGE_UNIT = 0x1p900;

double vpfi_deviation(const double *values, size_t count) {
  const double centre = vpfi_mean(values, count);
  double sum = 0;
  for (size_t k = 0; k < count; k++) sum += (values[k] - centre) * (values[k] - centre);
  if (count < 2) return 0;
  if (isfinite(sum)) return sqrt(sum / (double)(count - 1));
  return LARGE_UNIT * sqrt(squares_in(LARGE_UNIT, values, 1, count) / (double)(count - 1));
}

double vpfi_standard_error(const double *values, size_t count) {
  return vpfi_deviation(values, count) / sqrt((double)count);
}

static double squares(const double *values, size_t stride, size_t count) {
  return squares_in(1, values, stride, count);
}

static size_t group_end(const size_t *group, size_t begin, size_t count) {
  size_t end = begin + 1;
  while (end < count && group[end] == group[begin]) end++;
  return end;
}

double vpfi_group_deviation(const double *values, size_t stride, const size_t *group, size_t count) {
  double sum = 0;
  size_t free = 0; /* degrees of freedom */
  for (size_t begin = 0, end; begin < count; begin = end) {
    end = group_end(group, begin, count);
    sum += squares(values + begin * stride, stride, end - begin);
    free += end - begin - 1;
  }
  if (free == 0) return count > 1 ? sqrt(squares(values, stride, count) / (double)(count - 1)) : 0;
  return sqrt(sum / (double)free);
}

double vpfi_group_error(const double *values, const size_t *group, size_t count) {
  const double all = vpfi_deviation(values, count);
  double sum = 0;
  for (size_t begin = 0, end; begin < count; begin = end) {
    end = group_end(group, begin, count);
    const double n = (double)(end - begin);
    sum += end - begin > 1 ? n * squares(values + begin, 1, end - begin) / (n - 1) : all * all;
  }
  return sqrt(sum) / (double)count;
}

double vpfi_log_odds_of_count(double on, double of) {
  return vpfi_log(on + 0.5) - vpfi_log(of - on + 0.5);
}
