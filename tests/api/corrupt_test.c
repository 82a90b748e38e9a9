/* SPDX-License-Identifier: MIT */
/* vpf_data_corrupt(): what is kept, that the noise is fair and independent, and on what it depends. */
#include "support/fixture.h"

#include <stdlib.h>
#include <string.h>

#include "support/goodness.h"
#include "support/random_machine.h"

enum { ROWS = 40000, COLS = 150 };

/* Rows of random bits with density 0.3 and a random region of about half the columns. */
typedef struct images {
  uint8_t *bits, region[COLS];
  vpf_data *data;
} images;

static images new_images(uint64_t seed, size_t rows) {
  dice d = {seed};
  images x = {.bits = random_bits(&d, rows, COLS, 0.3)};
  x.data = data_of_bits(x.bits, rows, COLS);
  for (size_t c = 0; c < COLS; c++) x.region[c] = dice_below(&d, 2) ? (uint8_t)(1 + dice_below(&d, 255)) : 0;
  return x;
}

static void free_images(images *x) {
  vpf_data_destroy(x->data);
  free(x->bits);
}

static uint8_t *corrupted(const images *x, vpf_noise noise, uint64_t seed) {
  vpf_data *out = NULL;
  assert_ok(vpf_data_corrupt(&out, x->data, x->region, noise, seed));
  uint8_t *bits = bits_of_data(out);
  vpf_data_destroy(out);
  return bits;
}

static void only_the_region_changes_and_or_keeps_what_is_on(void **state) {
  (void)state;
  images x = new_images(1, 500);
  uint8_t *ored = corrupted(&x, VPF_NOISE_OR, 3), *replaced = corrupted(&x, VPF_NOISE_REPLACE, 3);
  for (size_t k = 0; k < 500 * COLS; k++) {
    if (!x.region[k % COLS]) {
      assert_int_equal(ored[k], x.bits[k]);
      assert_int_equal(replaced[k], x.bits[k]);
    } else { /* the same seed makes the same noise */
      assert_int_equal(ored[k], x.bits[k] | replaced[k]);
    }
  }
  free(replaced);
  free(ored);
  free_images(&x);
}

static void grey_levels_are_not_kept(void **state) {
  (void)state;
  const uint8_t grey[4] = {0, 100, 200, 255}, region[4] = {0, 0, 0, 1};
  vpf_data *data = NULL, *out = NULL;
  float levels[4];
  assert_ok(vpf_data_from_u8(&data, grey, 1, 4, 127));
  assert_ok(vpf_data_corrupt(&out, data, region, VPF_NOISE_OR, 1));
  assert_ok(vpf_data_to_f32(out, levels));
  for (size_t c = 0; c < 4; c++) assert_close((double)levels[c], c < 2 ? 0 : 1, 0);
  vpf_data_destroy(out);
  vpf_data_destroy(data);
}

static void assert_fair(const size_t *counts, size_t cells) {
  long double p[256];
  for (size_t k = 0; k < cells; k++) p[k] = 1 / (long double)cells;
  assert_true(chi_square_fit(counts, p, cells, NULL) > GOODNESS_LEAST_P);
}

/* Each column alone; 8 neighbours together; a column and the same one in the next row. */
static void noise_is_fair_and_independent(void **state) {
  (void)state;
  images x = new_images(2, ROWS);
  memset(x.region, 1, COLS);
  uint8_t *bits = corrupted(&x, VPF_NOISE_REPLACE, 4);
  for (size_t c = 0; c < COLS; c++) {
    size_t counts[2] = {0}, rows[4] = {0};
    for (size_t r = 0; r < ROWS; r++) counts[bits[r * COLS + c]]++;
    for (size_t r = 0; r + 1 < ROWS; r += 2) rows[bits[r * COLS + c] | bits[(r + 1) * COLS + c] << 1]++;
    assert_fair(counts, 2);
    assert_fair(rows, 4);
  }
  for (size_t c = 0; c + 8 <= COLS; c += 5) {
    size_t counts[256] = {0};
    for (size_t r = 0; r < ROWS; r++) {
      size_t cell = 0;
      for (size_t k = 0; k < 8; k++) cell |= (size_t)bits[r * COLS + c + k] << k;
      counts[cell]++;
    }
    assert_fair(counts, 256);
  }
  free(bits);
  free_images(&x);
}

static void another_seed_makes_other_noise(void **state) {
  (void)state;
  images x = new_images(3, ROWS / 100);
  memset(x.region, 1, COLS);
  uint8_t *a = corrupted(&x, VPF_NOISE_REPLACE, 4), *b = corrupted(&x, VPF_NOISE_REPLACE, 5);
  size_t counts[4] = {0};
  for (size_t k = 0; k < ROWS / 100 * COLS; k++) counts[a[k] | b[k] << 1]++;
  assert_fair(counts, 4);
  free(b);
  free(a);
  free_images(&x);
}

/* The noise does not depend on the bits, the region, or where the data were cut. */
static void corruption_of_a_slice_is_the_slice_of_the_corruption(void **state) {
  (void)state;
  images x = new_images(4, 60);
  for (int noise = VPF_NOISE_OR; noise <= VPF_NOISE_REPLACE; noise++) {
    vpf_data *all, *part, *of_part, *part_of_all, *part_of_part;
    assert_ok(vpf_data_corrupt(&all, x.data, x.region, (vpf_noise)noise, 7));
    assert_ok(vpf_data_slice(&part, x.data, 11, 40));
    assert_ok(vpf_data_corrupt(&of_part, part, x.region, (vpf_noise)noise, 7));
    assert_ok(vpf_data_slice(&part_of_all, all, 11, 40));
    assert_same_rows(of_part, part_of_all);
    vpf_data_destroy(part_of_all);
    vpf_data_destroy(of_part);
    assert_ok(vpf_data_slice(&part_of_part, part, 6, 3));
    assert_ok(vpf_data_corrupt(&of_part, part_of_part, x.region, (vpf_noise)noise, 7));
    assert_ok(vpf_data_slice(&part_of_all, all, 17, 3));
    assert_same_rows(of_part, part_of_all);
    vpf_data_destroy(part_of_part);
    vpf_data_destroy(part_of_all);
    /* and the result knows where it begins: corrupted again it is as if it had been corrupted in place */
    vpf_data *twice, *all_twice, *part_of_twice;
    assert_ok(vpf_data_corrupt(&twice, of_part, x.region, (vpf_noise)noise, 8));
    assert_ok(vpf_data_corrupt(&all_twice, all, x.region, (vpf_noise)noise, 8));
    assert_ok(vpf_data_slice(&part_of_twice, all_twice, 17, 3));
    assert_same_rows(twice, part_of_twice);
    vpf_data_destroy(part_of_twice);
    vpf_data_destroy(all_twice);
    vpf_data_destroy(twice);
    vpf_data_destroy(of_part);
    vpf_data_destroy(part);
    vpf_data_destroy(all);
  }
  uint8_t *some = corrupted(&x, VPF_NOISE_REPLACE, 9), region[COLS];
  memcpy(region, x.region, COLS);
  memset(x.region, 1, COLS);
  uint8_t *every = corrupted(&x, VPF_NOISE_REPLACE, 9);
  for (size_t k = 0; k < 60 * COLS; k++)
    if (region[k % COLS]) assert_int_equal(some[k], every[k]);
  free(every);
  free(some);
  free_images(&x);
}

static void the_number_of_threads_changes_no_bit(void **state) {
  (void)state;
  images x = new_images(5, 333);
  static const size_t threads[] = {1, 2, 7};
  uint8_t *first = NULL;
  for (size_t k = 0; k < 3; k++) {
    vpf_set_threads(threads[k]);
    uint8_t *bits = corrupted(&x, VPF_NOISE_REPLACE, 2);
    if (!first) {
      first = bits;
      continue;
    }
    assert_memory_equal(first, bits, 333 * COLS);
    free(bits);
  }
  free(first);
  free_images(&x);
  vpf_set_threads(0);
}

static void bad_input_is_refused(void **state) {
  (void)state;
  images x = new_images(6, 2);
  vpf_data *out = x.data;
  assert_status(vpf_data_corrupt(&out, x.data, x.region, (vpf_noise)2, 1), VPF_ERR_ARGUMENT);
  assert_message_has("noise 2 is neither or (0) nor replace (1)");
  assert_null(out);
  assert_status(vpf_data_corrupt(&out, x.data, NULL, VPF_NOISE_OR, 1), VPF_ERR_ARGUMENT);
  assert_message_has("region is NULL");
  assert_status(vpf_data_corrupt(&out, NULL, x.region, VPF_NOISE_OR, 1), VPF_ERR_ARGUMENT);
  assert_status(vpf_data_corrupt(NULL, x.data, x.region, VPF_NOISE_OR, 1), VPF_ERR_ARGUMENT);
  free_images(&x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_the_region_changes_and_or_keeps_what_is_on),
      cmocka_unit_test(grey_levels_are_not_kept),
      cmocka_unit_test(noise_is_fair_and_independent),
      cmocka_unit_test(another_seed_makes_other_noise),
      cmocka_unit_test(corruption_of_a_slice_is_the_slice_of_the_corruption),
      cmocka_unit_test(the_number_of_threads_changes_no_bit),
      cmocka_unit_test(bad_input_is_refused),
  };
  return cmocka_run_group_tests_name("corrupt", tests, NULL, NULL);
}
