/* SPDX-License-Identifier: MIT */
#include "num/elementary.h"

#include <math.h>

/* log(m) = 2 atanh(s), s = (m-1)/(m+1), |s| <= 0.1716 for m in [sqrt(1/2), sqrt(2)): the series
 * to s^23 leaves s^25/25 < 3e-21. */
double vpfi_log(double x) {
  int e;
  double m = frexp(x, &e);
  if (m < 0x1.6a09e667f3bcdp-1) {
    m *= 2;
    e--;
  }
  const double s = (m - 1.0) / (m + 1.0), s2 = s * s;
  double p = 1.0 / 23;
  for (int k = 21; k >= 3; k -= 2) p = p * s2 + 1.0 / k;
  const double series = 2.0 * s + 2.0 * s * s2 * p;
  return (double)e * VPFI_DOUBLE_LN2_HI + (series + (double)e * VPFI_DOUBLE_LN2_LO);
}

const double vpfi_inverse_factorial[15] = {
    1.0,        1.0,         1.0 / 2,       1.0 / 6,        1.0 / 24,        1.0 / 120,        1.0 / 720, 1.0 / 5040,
    1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800, 1.0 / 87178291200};

/* 2^n, -1022 <= n <= 1023: faster than ldexp(), and multiplying by it rounds alike. */
static double power_of_two(int n) {
  const uint64_t bits = (uint64_t)(n + 1023) << 52;
  double power;
  memcpy(&power, &bits, sizeof power);
  return power;
}

/* exp(r), |r| <= ln2/2, by its series to r^14: the rest is below 1e-18. */
double vpfi_exp(double x) {
  if (x > 709.0) return HUGE_VAL;
  if (!(x > -708.0)) return x < 0 ? 0.0 : x;
  const double n = floor(x * VPFI_DOUBLE_LOG2E + 0.5);
  const double r = (x - n * VPFI_DOUBLE_LN2_HI) - n * VPFI_DOUBLE_LN2_LO;
  double p = vpfi_inverse_factorial[14];
  for (int k = 13; k >= 0; k--) p = p * r + vpfi_inverse_factorial[k];
  return p * power_of_two((int)n);
}

/* log(1+t), t = exp(-|x|) in (0,1]: the classical correction for the rounding of 1+t
 * (Goldberg 1991, Theorem 4). */
double vpfi_softplus(double x) {
  const double t = vpfi_exp(x > 0 ? -x : x);
  const double u = 1.0 + t;
  const double log1p_t = u > 1.0 ? vpfi_log(u) * (t / (u - 1.0)) : t;
  return (x > 0 ? x : 0.0) + log1p_t;
}

double vpfi_sum_softplus(const double *z, size_t n) {
  double sum = 0, product = 1;
  for (size_t j = 0; j < n; j++) {
    sum += z[j] > 0 ? z[j] : 0;
    product *= 1 + vpfi_exp(-fabs(z[j]));
    if (j % 512 == 511) {
      sum += vpfi_log(product);
      product = 1;
    }
  }
  return sum + vpfi_log(product);
}

double vpfi_entropy(double p) {
  const double off = 1 - p;
  return (p > 0 ? -p * vpfi_log(p) : 0) - (off > 0 ? off * vpfi_log(off) : 0);
}
