/* SPDX-License-Identifier: MIT */
/* Sums of floats without rounding: whatever their sizes, and whatever cancels. */
#include "support/fixture.h"

#include <float.h>
#include <math.h>

#include "num/accumulator.h"
#include "support/dice.h"

static double value_of(const vpfi_accumulator *sum) {
  vpfi_accumulator carried = *sum;
  vpfi_accumulator_carry(&carried);
  const double value = vpfi_accumulator_value(sum), again = vpfi_accumulator_value(&carried);
  assert_memory_equal(&value, &again, sizeof value); /* carries change no value */
  assert_int_equal(vpfi_accumulator_is_negative(&carried), value < 0);
  assert_int_equal(vpfi_accumulator_is_small(&carried), value >= -2048 && value < 2048);
  return value;
}

static void one_float_is_itself(void **state) {
  (void)state;
  const float floats[] = {0, 1, -1, 0.1f, 2047.9f, -2047.9f, 2048, -2049,
                          FLT_MAX, -FLT_MAX, FLT_MIN, FLT_TRUE_MIN, -FLT_TRUE_MIN, 3e-41f, 1e16f, -7e-20f};
  for (size_t k = 0; k < sizeof floats / sizeof *floats; k++)
    for (int minus = 0; minus < 2; minus++) {
      vpfi_accumulator sum = {{0}};
      vpfi_accumulator_add(&sum, floats[k], minus);
      assert_close(value_of(&sum), minus ? -(double)floats[k] : (double)floats[k], 0);
    }
}

/* What is added and taken away again leaves nothing behind, at any size. */
static void what_cancels_is_gone(void **state) {
  (void)state;
  dice d = {31};
  for (int trial = 0; trial < 200; trial++) {
    vpfi_accumulator sum = {{0}};
    float large[40];
    double rest = 0;
    for (int k = 0; k < 40; k++) {
      large[k] = (float)ldexp(dice_normal(&d), (int)dice_below(&d, 250) - 125);
      vpfi_accumulator_add(&sum, large[k], false);
    }
    for (int k = 0; k < 10; k++) { /* multiples of 1/8: exact in double */
      const float small = (float)((double)dice_below(&d, 2000) - 1000) / 8;
      vpfi_accumulator_add(&sum, small, k % 2 == 0);
      rest += k % 2 == 0 ? -(double)small : (double)small;
    }
    for (int k = 39; k >= 0; k--) vpfi_accumulator_add(&sum, large[k], true);
    assert_close(value_of(&sum), rest, 0);
  }
}

static void sums_of_sums(void **state) {
  (void)state;
  dice d = {32};
  vpfi_accumulator total = {{0}};
  double expected = 0;
  for (int trial = 0; trial < 3000; trial++) {
    vpfi_accumulator part = {{0}};
    double of_part = 0;
    for (int k = 0; k < 5; k++) {
      const float x = (float)((double)dice_below(&d, 1 << 20) - (1 << 19));
      vpfi_accumulator_add(&part, x, false);
      of_part += (double)x;
    }
    vpfi_accumulator_carry(&part);
    vpfi_accumulator_add_sum(&total, &part, trial % 3 == 0);
    expected += trial % 3 == 0 ? -of_part : of_part;
  }
  assert_close(value_of(&total), expected, 0);
}

static void many_of_the_largest_do_not_overflow(void **state) {
  (void)state;
  vpfi_accumulator sum = {{0}};
  for (int k = 0; k < 1000000; k++) vpfi_accumulator_add(&sum, FLT_MAX, true);
  assert_close(value_of(&sum) / (-1e6 * (double)FLT_MAX), 1, 1e-15);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_float_is_itself),
      cmocka_unit_test(what_cancels_is_gone),
      cmocka_unit_test(sums_of_sums),
      cmocka_unit_test(many_of_the_largest_do_not_overflow),
  };
  return cmocka_run_group_tests_name("accumulator", tests, NULL, NULL);
}
