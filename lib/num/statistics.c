/* SPDX-License-Identifier: MIT */
#include "num/statistics.h"

#include <math.h>

double vpfi_mean(const double *values, size_t count) {
  double sum = 0;
  for (size_t k = 0; k < count; k++) sum += values[k];
  return sum / (double)count;
}

double vpfi_deviation(const double *values, size_t count) {
  const double centre = vpfi_mean(values, count);
  double sum = 0;
  for (size_t k = 0; k < count; k++) sum += (values[k] - centre) * (values[k] - centre);
  return count > 1 ? sqrt(sum / (double)(count - 1)) : 0;
}

double vpfi_standard_error(const double *values, size_t count) {
  return vpfi_deviation(values, count) / sqrt((double)count);
}
