/* SPDX-License-Identifier: MIT */
#include "support/goodness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The regularised incomplete gamma function, by series and continued fraction (Abramowitz and
 * Stegun 6.5.29, 6.5.31; the fraction by Lentz's method). */
static double gamma_lower_series(double a, double x) {
  double term = 1 / a, sum = term;
  for (int n = 1; n < 100000 && term > sum * 1e-16; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return sum * exp(a * log(x) - x - lgamma(a));
}

static double gamma_upper_fraction(double a, double x) {
  const double tiny = 1e-300;
  double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
  for (int n = 1; n < 100000; n++) {
    const double an = -n * (n - a);
    b += 2;
    d = an * d + b;
    if (fabs(d) < tiny) d = tiny;
    c = b + an / c;
    if (fabs(c) < tiny) c = tiny;
    d = 1 / d;
    h *= d * c;
    if (fabs(d * c - 1) < 1e-15) break;
  }
  return h * exp(a * log(x) - x - lgamma(a));
}

double chi_square_tail(double x, double df) {
  if (x <= 0) return 1;
  const double a = df / 2, half = x / 2;
  return half < a + 1 ? 1 - gamma_lower_series(a, half) : gamma_upper_fraction(a, half);
}

double normal_two_sided(double z) {
  return erfc(fabs(z) / sqrt(2.0));
}

double kolmogorov_tail(double d, size_t n) {
  const double root = sqrt((double)n), x = (root + 0.12 + 0.11 / root) * d; /* Stephens 1970 */
  double sum = 0;
  for (int k = 1; k <= 100; k++) sum += (k % 2 ? 2 : -2) * exp(-2.0 * k * k * x * x);
  return sum < 1 ? sum : 1;
}

double chi_square_fit(const size_t *counts, const long double *p, size_t cells, size_t *degrees) {
  size_t total = 0, groups = 0;
  long double sum_p = 0;
  for (size_t k = 0; k < cells; k++) {
    total += counts[k];
    sum_p += p[k];
  }
  if (fabsl(sum_p - 1) > 1e-9L) {
    fprintf(stderr, "chi_square_fit: the probabilities sum to %Lg\n", sum_p);
    abort();
  }
  double chi = 0, rest_expected = 0, rest_count = 0;
  for (size_t k = 0; k < cells; k++) {
    const double expected = (double)(p[k] * (long double)total);
    if (!(p[k] > 0) && counts[k] > 0) return 0;
    if (expected < 5) {
      rest_expected += expected;
      rest_count += (double)counts[k];
      continue;
    }
    chi += ((double)counts[k] - expected) * ((double)counts[k] - expected) / expected;
    groups++;
  }
  if (rest_expected >= 5) {
    chi += (rest_count - rest_expected) * (rest_count - rest_expected) / rest_expected;
    groups++;
  } else if (rest_count > 40) { /* Poisson of mean 5 or less */
    return 0;
  }
  const size_t df = groups > 1 ? groups - 1 : 0;
  if (degrees) *degrees = df;
  return df > 0 ? chi_square_tail(chi, (double)df) : 1;
}
