/* SPDX-License-Identifier: MIT */
/* exp and log of our own against the C library's in long double. The bounds are those that the
 * header states. */
#include "support/fixture.h"

#include <float.h>
#include <math.h>

#include "num/elementary.h"
#include "support/dice.h"

static double relative(long double got, long double expected) {
  return (double)(fabsl(got - expected) / fabsl(expected));
}

static void float_exp_is_right_to_2e_7(void **state) {
  (void)state;
  double worst = 0;
  for (int k = -870000; k <= 870000; k++) {
    const float x = (float)k * 1e-4f;
    worst = fmax(worst, relative((long double)vpfi_expf(x), expl((long double)x)));
  }
  print_message("expf: largest relative error %.2e\n", worst);
  assert_true(worst < 2e-7);
  assert_true(vpfi_expf(0) >= 1 && vpfi_expf(0) <= 1);
}

static void float_log_is_right_to_2e_7(void **state) {
  (void)state;
  dice d = {1};
  double worst = 0, near_one = 0;
  for (int k = 0; k < 1000000; k++) {
    const float x = ldexpf(1 + (float)dice_unit(&d), (int)dice_below(&d, 250) - 125);
    const long double expected = logl((long double)x);
    const double error = (double)fabsl((long double)vpfi_logf(x) - expected);
    if (x < 0.5f || x > 2) worst = fmax(worst, error / (double)fabsl(expected));
    else near_one = fmax(near_one, error);
  }
  print_message("logf: largest relative error %.2e away from 1, absolute %.2e near it\n", worst, near_one);
  assert_true(worst < 2e-7);
  assert_true(near_one < 1e-7);
}

static void sigmoid_is_right_everywhere(void **state) {
  (void)state;
  double worst = 0;
  for (int k = -850000; k <= 850000; k++) {
    const float z = (float)k * 1e-4f;
    worst = fmax(worst, relative((long double)vpfi_sigmoidf(z), 1 / (1 + expl(-(long double)z))));
  }
  assert_true(worst < 5e-7);
  assert_true(vpfi_sigmoidf(1e30f) >= 1 && vpfi_sigmoidf(INFINITY) >= 1);
  assert_true(vpfi_sigmoidf(-1e30f) >= 0 && vpfi_sigmoidf(-INFINITY) < 1e-37f);
}

static void double_functions_are_right_to_4e_16(void **state) {
  (void)state;
  dice d = {2};
  double log_worst = 0, exp_worst = 0, softplus_worst = 0;
  for (int k = 0; k < 300000; k++) {
    const double x = ldexp(1 + dice_unit(&d), (int)dice_below(&d, 2000) - 1000);
    log_worst = fmax(log_worst, relative((long double)vpfi_log(x), logl((long double)x)));
    const double y = (dice_unit(&d) - 0.5) * 1400;
    exp_worst = fmax(exp_worst, relative((long double)vpfi_exp(y), expl((long double)y)));
    const double z = (dice_unit(&d) - 0.5) * 100;
    const long double softplus = z > 0 ? (long double)z + log1pl(expl(-(long double)z)) : log1pl(expl((long double)z));
    softplus_worst = fmax(softplus_worst, relative((long double)vpfi_softplus(z), softplus));
  }
  print_message("double: log %.2e, exp %.2e, softplus %.2e\n", log_worst, exp_worst, softplus_worst);
  assert_true(log_worst < 4e-16);
  assert_true(exp_worst < 4e-16);
  assert_true(softplus_worst < 1e-15);
}

static void edges_of_the_double_functions_are_as_documented(void **state) {
  (void)state;
  assert_true(isinf(vpfi_exp(710)) && vpfi_exp(710) > 0);
  assert_close(vpfi_exp(-710), 0, 0);
  assert_close(vpfi_exp(-INFINITY), 0, 0);
  assert_true(isnan(vpfi_exp(NAN)));
  assert_close(vpfi_exp(0), 1, 0);
  assert_close(vpfi_log(1), 0, 0);
  assert_close(vpfi_softplus(1e300), 1e300, 0);
  assert_close(vpfi_softplus(-1e300), 0, 0);
  assert_close(vpfi_softplus(0), 0.69314718055994531, 1e-16);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(float_exp_is_right_to_2e_7),
      cmocka_unit_test(float_log_is_right_to_2e_7),
      cmocka_unit_test(sigmoid_is_right_everywhere),
      cmocka_unit_test(double_functions_are_right_to_4e_16),
      cmocka_unit_test(edges_of_the_double_functions_are_as_documented),
  };
  return cmocka_run_group_tests_name("elementary", tests, NULL, NULL);
}
