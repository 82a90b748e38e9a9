/* SPDX-License-Identifier: MIT */
/* Bennett's acceptance ratio of two normal distributions, whose normalizers are known. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "num/bennett.h"
#include "support/dice.h"

enum { N = 300, M = 500 };

/* p0* = exp(-x^2 / 2), p1* = exp(C - (x - D)^2 / 2): log Z_1 - log Z_0 = C. */
static const double C = 3.7, D = 1.3;

static double log_ratio(double x) {
  return C - (x - D) * (x - D) / 2 + x * x / 2;
}

static void draw(dice *d, double *forward, double *reverse) {
  for (size_t k = 0; k < N; k++) forward[k] = log_ratio(dice_normal(d));
  for (size_t k = 0; k < M; k++) reverse[k] = -log_ratio(D + dice_normal(d));
}

/* Right on average, with the spread that the influences say. */
static void the_ratio_is_right_within_its_error(void **state) {
  (void)state;
  enum { TRIALS = 400 };
  double forward[N], reverse[M], influence[N + M], z = 0, z2 = 0;
  dice d = {5};
  for (int t = 0; t < TRIALS; t++) {
    draw(&d, forward, reverse);
    const double found = vpfi_bennett(forward, N, reverse, M);
    double variance = 0;
    vpfi_bennett_influence(forward, N, reverse, M, found, influence, influence + N);
    for (size_t k = 0; k < N + M; k++) variance += influence[k] * influence[k];
    z += (found - C) / sqrt(variance) / TRIALS;
    z2 += (found - C) * (found - C) / variance / TRIALS;
  }
  assert_true(fabs(z) < 4 / sqrt(TRIALS));
  assert_true(fabs(z2 - 1) < 4 * sqrt(2.0 / TRIALS));
}

/* A sample that counts a little more moves the estimate by its influence: its mean part is taken away, so that repeating
 * all samples alike moves nothing. */
static void an_influence_is_a_derivative(void **state) {
  (void)state;
  enum { TIMES = 20 };
  static double forward[N * TIMES + 1], reverse[M * TIMES], influence[N + M];
  dice d = {6};
  draw(&d, forward, reverse);
  const double found = vpfi_bennett(forward, N, reverse, M);
  vpfi_bennett_influence(forward, N, reverse, M, found, influence, influence + N);
  for (size_t k = N; k < (size_t)N * TIMES; k++) forward[k] = forward[k - N];
  for (size_t k = M; k < (size_t)M * TIMES; k++) reverse[k] = reverse[k - M];
  for (size_t k = 0; k < 10; k++) {
    forward[N * TIMES] = forward[k];
    const double moved = vpfi_bennett(forward, N * TIMES + 1, reverse, M * TIMES) - found;
    assert_true(fabs(moved * TIMES - influence[k]) < 0.02 * fabs(influence[k]) + 1e-5);
  }
}

static void samples_of_which_none_counts_have_no_finite_error(void **state) {
  (void)state;
  const double forward[2] = {-2000, -2000}, reverse[2] = {-2000, -2000};
  double influence[4];
  vpfi_bennett_influence(forward, 2, reverse, 2, vpfi_bennett(forward, 2, reverse, 2), influence, influence + 2);
  for (int k = 0; k < 4; k++) assert_true(isinf(influence[k]));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_ratio_is_right_within_its_error),
      cmocka_unit_test(an_influence_is_a_derivative),
      cmocka_unit_test(samples_of_which_none_counts_have_no_finite_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
