/* SPDX-License-Identifier: MIT */
/* exp, log and their kin against the long double libm, over dense grids: the largest relative
 * errors that may be stated for them. (Measured: exp 8.2e-8, log 8.0e-8, sigmoid 1.5e-7; double
 * precision 1.8e-16, 3.3e-16, softplus 5.2e-16. Limits leave room for machines, and valgrind,
 * whose long double is a double.) */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "num/elementary.h"

static const double EXPF_ERROR = 1e-7, LOGF_ERROR = 1e-7, SIGMOIDF_ERROR = 2e-7;
static const double EXP_ERROR = 4e-16, LOG_ERROR = 5e-16, SOFTPLUS_ERROR = 9e-16;

enum { GRID = 300000 };

static void assert_relative(double got, long double wanted, double limit, double at) {
  const long double off = fabsl((long double)got - wanted);
  const long double error = wanted > 0 || wanted < 0 ? off / fabsl(wanted) : off;
  if (!(error <= (long double)limit)) fail_msg("at %.17g: %.17g instead of %.17Lg, error %Lg", at, got, wanted, error);
}

static double grid(double low, double high, int k) {
  return low + (high - low) * k / GRID;
}

static void expf_is_within_1e_7_up_to_87(void **state) {
  (void)state;
  for (int k = 0; k <= GRID; k++) {
    const float x = (float)grid(-87, 87, k), small = (float)grid(-0.01, 0.01, k);
    assert_relative((double)vpfi_expf(x), expl((long double)x), EXPF_ERROR, (double)x);
    assert_relative((double)vpfi_expf(small), expl((long double)small), EXPF_ERROR, (double)small);
  }
  /* where the integer part of x log2(e) changes, and the tiniest arguments */
  for (int n = -124; n <= 124; n++)
    for (int side = -2; side <= 2; side++) {
      const float x = (float)((n + 0.5) * 0.6931471805599453 * (1 + side * 1e-7));
      assert_relative((double)vpfi_expf(x), expl((long double)x), EXPF_ERROR, (double)x);
    }
  const float tiny[] = {0.0f, -0.0f, 1e-45f, -1e-45f, 1e-38f, -1e-20f};
  for (size_t k = 0; k < sizeof tiny / sizeof tiny[0]; k++) {
    const float one = vpfi_expf(tiny[k]);
    assert_true(one >= 1 && one <= 1);
  }
}

static void expf_of_the_field_limit_is_finite(void **state) {
  (void)state;
  assert_relative((double)vpfi_expf(80), expl(80), EXPF_ERROR, 80);
  assert_relative((double)vpfi_expf(-80), expl(-80), EXPF_ERROR, -80);
}

/* Every 6151st of all normal positive floats; every 17th near 1, where the log vanishes. */
static void logf_is_within_1e_7_for_all_normal_numbers(void **state) {
  (void)state;
  for (uint32_t u = 0x00800000u; u < 0x7f800000u; u += 6151) {
    const float x = vpfi_bits_float(u);
    assert_relative((double)vpfi_logf(x), logl((long double)x), LOGF_ERROR, (double)x);
  }
  for (uint32_t u = vpfi_float_bits(0.875f); u < vpfi_float_bits(1.125f); u += 17) {
    const float x = vpfi_bits_float(u);
    assert_relative((double)vpfi_logf(x), logl((long double)x), LOGF_ERROR, (double)x);
  }
  for (int k = -1000; k <= 1000; k++) { /* around sqrt(1/2), where the exponent changes */
    const float x = vpfi_bits_float(VPFI_SQRT_HALF_BITS + (uint32_t)k);
    assert_relative((double)vpfi_logf(x), logl((long double)x), LOGF_ERROR, (double)x);
  }
  const float zero = vpfi_logf(1);
  assert_true(zero >= 0 && zero <= 0);
  assert_relative((double)vpfi_logf(0x1p-126f), -126 * logl(2), LOGF_ERROR, 0x1p-126);
  assert_relative((double)vpfi_logf(0x1.fffffep127f), 128 * logl(2), LOGF_ERROR, 0x1p128);
}

static void sigmoidf_is_within_2e_7_and_never_decreases(void **state) {
  (void)state;
  float before = 0;
  for (int k = 0; k <= GRID; k++) {
    const float z = (float)grid(-86.9, 86.9, k), y = vpfi_sigmoidf(z);
    assert_relative((double)y, 1 / (1 + expl(-(long double)z)), SIGMOIDF_ERROR, (double)z);
    assert_true(y >= before * (1 - 4e-7f));
    before = y;
  }
}

static void sigmoidf_stays_between_0_and_1_for_all_fields(void **state) {
  (void)state;
  const float far[] = {87, 88, 1000, 1e30f, 3e38f, INFINITY};
  for (size_t k = 0; k < sizeof far / sizeof far[0]; k++) {
    const float high = vpfi_sigmoidf(far[k]), low = vpfi_sigmoidf(-far[k]);
    assert_true(high >= 1 && high <= 1);
    assert_true(low > 0 && low < 2e-38f);
  }
  const float half = vpfi_sigmoidf(0);
  assert_true(half >= 0.5f && half <= 0.5f);
}

static void exp_is_within_4e_16_from_minus_707_to_709(void **state) {
  (void)state;
  for (int k = 0; k <= GRID; k++) {
    const double x = grid(-707, 709, k), small = grid(-0.5, 0.5, k);
    assert_relative(vpfi_exp(x), expl((long double)x), EXP_ERROR, x);
    assert_relative(vpfi_exp(small), expl((long double)small), EXP_ERROR, small);
  }
}

static void exp_has_its_limits(void **state) {
  (void)state;
  assert_true(vpfi_exp(0) >= 1 && vpfi_exp(0) <= 1);
  assert_true(isinf(vpfi_exp(709.1)) && isinf(vpfi_exp(1e300)) && isinf(vpfi_exp((double)INFINITY)));
  const double below[] = {-708.1, -1e300, -(double)INFINITY};
  for (size_t k = 0; k < 3; k++) assert_true(vpfi_exp(below[k]) >= 0 && vpfi_exp(below[k]) <= 0);
  assert_true(isnan(vpfi_exp((double)NAN)));
}

static void log_is_within_5e_16_for_all_normal_numbers(void **state) {
  (void)state;
  for (double x = 2.3e-308; x < 1.7e308; x *= 1.005) assert_relative(vpfi_log(x), logl((long double)x), LOG_ERROR, x);
  for (int k = 0; k <= GRID; k++) {
    const double x = grid(0.3, 3, k);
    assert_relative(vpfi_log(x), logl((long double)x), LOG_ERROR, x);
  }
  for (int k = 1; k <= 52; k++) { /* 1 + 2^-k and 1 - 2^-k */
    assert_relative(vpfi_log(1 + ldexp(1, -k)), log1pl(ldexpl(1, -k)), LOG_ERROR, 1 + ldexp(1, -k));
    assert_relative(vpfi_log(1 - ldexp(1, -k)), log1pl(-ldexpl(1, -k)), LOG_ERROR, 1 - ldexp(1, -k));
  }
  assert_true(vpfi_log(1) >= 0 && vpfi_log(1) <= 0);
}

static void softplus_is_within_9e_16_and_does_not_overflow(void **state) {
  (void)state;
  for (int k = 0; k <= GRID; k++) {
    const double x = k % 2 ? grid(-700, 700, k) : grid(-40, 40, k);
    const long double positive = x > 0 ? (long double)x : 0;
    assert_relative(vpfi_softplus(x), positive + log1pl(expl(-fabsl((long double)x))), SOFTPLUS_ERROR, x);
  }
  assert_relative(vpfi_softplus(0), logl(2), SOFTPLUS_ERROR, 0);
  assert_relative(vpfi_softplus(1e308), 1e308L, SOFTPLUS_ERROR, 1e308);
  assert_relative(vpfi_softplus(-1e308), 0, 0, -1e308);
}

static void sum_of_softplus_is_the_sum_however_long(void **state) {
  (void)state;
  enum { MOST = 1500 };
  static double z[MOST];
  for (int k = 0; k < MOST; k++) z[k] = k % 3 ? grid(-40, 40, k * (GRID / MOST)) : 0;
  for (size_t n = 0; n <= MOST; n += n < 5 ? 1 : 149) {
    long double wanted = 0;
    for (size_t k = 0; k < n; k++) wanted += (z[k] > 0 ? (long double)z[k] : 0) + log1pl(expl(-fabsl((long double)z[k])));
    assert_relative(vpfi_sum_softplus(z, n), wanted, 1e-12, (double)n);
  }
}

static void entropy_is_that_of_a_bit(void **state) {
  (void)state;
  for (int k = 1; k < GRID; k++) {
    const long double p = grid(0, 1, k);
    const long double wanted = -p * logl(p) - (1 - p) * log1pl(-p);
    if (fabsl((long double)vpfi_entropy((double)p) - wanted) > 1e-15L) fail_msg("at %Lg: off by more than rounding", p);
  }
  assert_relative(vpfi_entropy(0), 0, 0, 0);
  assert_relative(vpfi_entropy(1), 0, 0, 1);
  assert_relative(vpfi_entropy(0.5), logl(2), 1e-15, 0.5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(expf_is_within_1e_7_up_to_87),
      cmocka_unit_test(expf_of_the_field_limit_is_finite),
      cmocka_unit_test(logf_is_within_1e_7_for_all_normal_numbers),
      cmocka_unit_test(sigmoidf_is_within_2e_7_and_never_decreases),
      cmocka_unit_test(sigmoidf_stays_between_0_and_1_for_all_fields),
      cmocka_unit_test(exp_is_within_4e_16_from_minus_707_to_709),
      cmocka_unit_test(exp_has_its_limits),
      cmocka_unit_test(log_is_within_5e_16_for_all_normal_numbers),
      cmocka_unit_test(softplus_is_within_9e_16_and_does_not_overflow),
      cmocka_unit_test(sum_of_softplus_is_the_sum_however_long),
      cmocka_unit_test(entropy_is_that_of_a_bit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
