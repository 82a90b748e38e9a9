/* SPDX-License-Identifier: MIT */
#include "cell.h"

#include <math.h>

cell_summary summarise(const json_t *values) {
  cell_summary s = {.low = INFINITY, .high = -INFINITY};
  size_t k;
  json_t *value;
  double sum = 0;
  json_array_foreach(values, k, value) {
    if (!json_is_number(value)) continue;
    const double number = json_number_value(value);
    sum += number;
    s.low = fmin(s.low, number);
    s.high = fmax(s.high, number);
    s.count++;
  }
  s.mean = s.count ? sum / (double)s.count : NAN;
  return s;
}
