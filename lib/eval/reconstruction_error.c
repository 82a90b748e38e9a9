/* SPDX-License-Identifier: MIT */
#include "eval/reconstruction_error.h"

#include <math.h>

/* The sum over the region of |p - level| of one row. */
static double error_of_row(const vpfi_rows *truth, size_t row, const float *probs, const uint8_t *region) {
  double sum = 0;
  for (size_t c = 0; c < truth->cols; c++)
    if (!region || region[c]) sum += fabs((double)probs[row * truth->cols + c] - vpfi_rows_level(truth, row, c));
  return sum;
}

/* In one pass, without storing the errors (Welford 1962). */
void vpfi_reconstruction_error(const vpfi_rows *truth, const float *probs, const uint8_t *region, double *out_mean,
                               double *out_stderr) {
  double mean = 0, squares = 0;
  for (size_t r = 0; r < truth->rows; r++) {
    const double deviation = error_of_row(truth, r, probs, region) - mean;
    mean += deviation / (double)(r + 1);
    squares += deviation * deviation * (double)r / (double)(r + 1);
  }
  *out_mean = mean;
  if (out_stderr)
    *out_stderr = truth->rows > 1 ? sqrt(squares / (double)(truth->rows - 1) / (double)truth->rows) : 0;
}
