/* SPDX-License-Identifier: MIT */
/* vpf_data: what goes in comes out, slices remember where they are from, bad input is refused. */
#include "support/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/dice.h"

static void bits_are_values_above_the_threshold(void **state) {
  (void)state;
  const uint8_t values[2][3] = {{0, 127, 128}, {255, 1, 200}}, expected[2][3] = {{0, 0, 1}, {1, 0, 1}};
  vpf_data *data = NULL;
  assert_ok(vpf_data_from_u8(&data, &values[0][0], 2, 3, 127));
  assert_int_equal(vpf_data_rows(data), 2);
  assert_int_equal(vpf_data_cols(data), 3);
  uint8_t bits[2][3];
  float levels[2][3];
  assert_ok(vpf_data_to_u8(data, &bits[0][0]));
  assert_memory_equal(bits, expected, sizeof bits);
  assert_ok(vpf_data_to_f32(data, &levels[0][0]));
  for (int k = 0; k < 6; k++) assert_close((double)levels[k / 3][k % 3], values[k / 3][k % 3] / 255.0, 1e-7);
  vpf_data_destroy(data);
}

static void any_width_survives_packing(void **state) {
  (void)state;
  for (size_t cols = 1; cols <= 200; cols += 1 + cols / 9) {
    uint8_t in[5 * 200], out[5 * 200];
    dice d = {cols};
    for (size_t k = 0; k < 5 * cols; k++) in[k] = dice_bits(&d) & 1;
    vpf_data *data = NULL;
    assert_ok(vpf_data_from_u8(&data, in, 5, cols, 0));
    memset(out, 7, sizeof out);
    assert_ok(vpf_data_to_u8(data, out));
    assert_memory_equal(in, out, 5 * cols);
    vpf_data_destroy(data);
  }
}

static void floats_keep_their_levels_rounded_to_a_byte(void **state) {
  (void)state;
  const float values[4] = {0.0f, 0.4999f, 0.5001f, 1.0f};
  const uint8_t expected[4] = {0, 0, 1, 1};
  vpf_data *data = NULL;
  assert_ok(vpf_data_from_f32(&data, values, 2, 2, 0.5f));
  uint8_t bits[4];
  float levels[4];
  assert_ok(vpf_data_to_u8(data, bits));
  assert_memory_equal(bits, expected, 4);
  assert_ok(vpf_data_to_f32(data, levels));
  for (int k = 0; k < 4; k++) assert_close((double)levels[k], (double)values[k], 0.5 / 255 + 1e-6);
  vpf_data_destroy(data);
}

static void zeros_and_ones_take_no_levels_and_come_back_as_they_are(void **state) {
  (void)state;
  const uint8_t ones[4] = {0, 1, 1, 0};
  const float as_floats[4] = {0, 1, 1, 0};
  vpf_data *data[2] = {NULL, NULL};
  assert_ok(vpf_data_from_u8(&data[0], ones, 1, 4, 0));
  assert_ok(vpf_data_from_f32(&data[1], as_floats, 1, 4, 0.5f));
  for (int k = 0; k < 2; k++) {
    float levels[4];
    assert_ok(vpf_data_to_f32(data[k], levels));
    assert_memory_equal(levels, as_floats, sizeof levels);
    vpf_data_destroy(data[k]);
  }
}

static void a_slice_owns_its_rows_and_outlives_its_parent(void **state) {
  (void)state;
  uint8_t values[10][70], out[3][70];
  for (int r = 0; r < 10; r++) memset(values[r], 10 * r, sizeof values[r]);
  vpf_data *data = NULL, *slice = NULL, *bits = NULL;
  assert_ok(vpf_data_from_u8(&data, &values[0][0], 10, 70, 45));
  assert_ok(vpf_data_slice(&slice, data, 4, 3));
  assert_ok(vpf_data_bits_only(&bits, slice));
  vpf_data_destroy(data);
  float levels[3][70];
  assert_int_equal(vpf_data_rows(slice), 3);
  assert_ok(vpf_data_to_f32(slice, &levels[0][0]));
  for (int r = 0; r < 3; r++) assert_close((double)levels[r][69], 10.0 * (4 + r) / 255, 1e-7);
  assert_ok(vpf_data_to_u8(slice, &out[0][0]));
  assert_int_equal(out[0][0], 0);
  assert_int_equal(out[1][0], 1);
  vpf_data_destroy(slice);
  assert_ok(vpf_data_to_f32(bits, &levels[0][0])); /* no levels left: the bits */
  assert_close((double)levels[1][69], 1, 0);
  assert_close((double)levels[0][69], 0, 0);
  vpf_data_destroy(bits);
}

/* Any stretch, across words of bits and at their ends, with levels and without. */
static void columns_are_those_of_every_row(void **state) {
  (void)state;
  enum { ROWS = 5, COLS = 150 };
  uint8_t values[ROWS][COLS], out[ROWS * COLS];
  for (int r = 0; r < ROWS; r++)
    for (int c = 0; c < COLS; c++) values[r][c] = (uint8_t)(37 * r + 101 * c);
  const size_t first[] = {0, 0, 1, 63, 64, 70, 149}, count[] = {150, 64, 149, 66, 64, 1, 1};
  for (int grey = 0; grey < 2; grey++)
    for (size_t k = 0; k < sizeof first / sizeof *first; k++) {
      vpf_data *data = NULL, *bits = NULL, *columns = NULL;
      float levels[ROWS * COLS];
      assert_ok(vpf_data_from_u8(&data, &values[0][0], ROWS, COLS, 127));
      assert_ok(vpf_data_bits_only(&bits, data));
      assert_ok(vpf_data_columns(&columns, grey ? data : bits, first[k], count[k]));
      assert_int_equal(vpf_data_rows(columns), ROWS);
      assert_int_equal(vpf_data_cols(columns), count[k]);
      assert_ok(vpf_data_to_u8(columns, out));
      assert_ok(vpf_data_to_f32(columns, levels));
      for (size_t r = 0; r < ROWS; r++)
        for (size_t c = 0; c < count[k]; c++) {
          const uint8_t value = values[r][first[k] + c];
          assert_int_equal(out[r * count[k] + c], value > 127);
          assert_close((double)levels[r * count[k] + c], grey ? value / 255.0 : value > 127, 1e-7);
        }
      vpf_data_destroy(data), vpf_data_destroy(bits), vpf_data_destroy(columns);
    }
}

static void a_slice_of_a_slice_still_knows_its_first_row(void **state) {
  (void)state;
  const size_t sizes[] = {20, 30};
  vpf_data *data = fixture_data(50, 20, 1), *outer = NULL, *inner = NULL, *direct = NULL;
  vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 1);
  assert_ok(vpf_data_slice(&outer, data, 10, 30));
  assert_ok(vpf_data_slice(&inner, outer, 5, 7));
  assert_ok(vpf_data_slice(&direct, data, 15, 7));
  vpf_data *a = NULL, *b = NULL, *c = NULL, *whole = NULL;
  assert_ok(vpf_model_infer(model, inner, 5, &a));
  assert_ok(vpf_model_infer(model, direct, 5, &b));
  assert_ok(vpf_model_infer(model, data, 5, &whole));
  assert_ok(vpf_data_slice(&c, whole, 15, 7));
  uint8_t x[7 * 50], y[7 * 50], z[7 * 50];
  assert_ok(vpf_data_to_u8(a, x));
  assert_ok(vpf_data_to_u8(b, y));
  assert_ok(vpf_data_to_u8(c, z));
  assert_memory_equal(x, y, sizeof x);
  assert_memory_equal(x, z, sizeof x);
  vpf_data *all[] = {data, outer, inner, direct, a, b, c, whole};
  for (size_t k = 0; k < sizeof all / sizeof *all; k++) vpf_data_destroy(all[k]);
  vpf_model_destroy(model);
}

static void bad_input_is_refused_with_the_place_and_no_handle(void **state) {
  (void)state;
  const uint8_t bytes[4] = {0};
  float floats[4] = {0, 1, NAN, 0};
  vpf_data *data = (vpf_data *)(uintptr_t)&bytes, *const garbage = data;
  assert_status(vpf_data_from_u8(NULL, bytes, 1, 4, 0), VPF_ERR_ARGUMENT);
  assert_status(vpf_data_from_u8(&data, NULL, 1, 4, 0), VPF_ERR_ARGUMENT);
  assert_null(data);
  data = garbage;
  assert_status(vpf_data_from_u8(&data, bytes, 0, 4, 0), VPF_ERR_ARGUMENT);
  assert_message_has("0 rows of 4 columns");
  assert_null(data);
  assert_status(vpf_data_from_u8(&data, bytes, SIZE_MAX / 2, 4, 0), VPF_ERR_LIMIT);
  assert_status(vpf_data_from_u8(&data, bytes, 4, SIZE_MAX, 0), VPF_ERR_LIMIT);
  data = garbage;
  assert_status(vpf_data_from_f32(&data, floats, 2, 2, 0.5f), VPF_ERR_ARGUMENT);
  assert_message_has("values[1][0] is nan");
  assert_null(data);
  floats[2] = -0.1f;
  assert_status(vpf_data_from_f32(&data, floats, 2, 2, 0.5f), VPF_ERR_ARGUMENT);
  assert_message_has("outside [0, 1]");
  floats[2] = 1;
  assert_status(vpf_data_from_f32(&data, floats, 2, 2, NAN), VPF_ERR_ARGUMENT);
  assert_status(vpf_data_from_f32(&data, floats, 2, 2, 1.5f), VPF_ERR_ARGUMENT);
  assert_status(vpf_data_slice(&data, NULL, 0, 1), VPF_ERR_ARGUMENT);
  assert_ok(vpf_data_from_f32(&data, floats, 2, 2, 0.5f));
  vpf_data *slice = garbage;
  assert_status(vpf_data_slice(&slice, data, 2, 1), VPF_ERR_ARGUMENT);
  assert_message_has("1 rows from row 2 are not in data of 2 rows");
  assert_null(slice);
  assert_status(vpf_data_slice(&slice, data, 1, SIZE_MAX), VPF_ERR_ARGUMENT);
  assert_status(vpf_data_slice(&slice, data, 0, 0), VPF_ERR_ARGUMENT);
  slice = garbage;
  assert_status(vpf_data_columns(&slice, data, 2, 1), VPF_ERR_ARGUMENT);
  assert_message_has("1 columns from column 2 are not in data of 2 columns");
  assert_null(slice);
  assert_status(vpf_data_columns(&slice, data, 1, SIZE_MAX), VPF_ERR_ARGUMENT);
  assert_status(vpf_data_columns(&slice, data, 0, 0), VPF_ERR_ARGUMENT);
  assert_status(vpf_data_columns(&slice, NULL, 0, 1), VPF_ERR_ARGUMENT);
  assert_status(vpf_data_columns(NULL, data, 0, 1), VPF_ERR_ARGUMENT);
  assert_status(vpf_data_to_u8(data, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_data_to_f32(NULL, floats), VPF_ERR_ARGUMENT);
  vpf_data_destroy(data);
  vpf_data_destroy(NULL);
  assert_int_equal(vpf_data_rows(NULL), 0);
  assert_int_equal(vpf_data_cols(NULL), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bits_are_values_above_the_threshold),
      cmocka_unit_test(any_width_survives_packing),
      cmocka_unit_test(floats_keep_their_levels_rounded_to_a_byte),
      cmocka_unit_test(zeros_and_ones_take_no_levels_and_come_back_as_they_are),
      cmocka_unit_test(a_slice_owns_its_rows_and_outlives_its_parent),
      cmocka_unit_test(columns_are_those_of_every_row),
      cmocka_unit_test(a_slice_of_a_slice_still_knows_its_first_row),
      cmocka_unit_test(bad_input_is_refused_with_the_place_and_no_handle),
  };
  return cmocka_run_group_tests_name("data", tests, NULL, NULL);
}
