/* SPDX-License-Identifier: MIT */
/* Rows of bits against arrays of bytes. */
#include "support/fixture.h"

#include <string.h>

#include "num/bits.h"
#include "support/dice.h"

enum { MOST = 300, WORDS = (MOST + 63) / 64 };

static void packing_listing_and_counting_agree_with_bytes(void **state) {
  (void)state;
  dice d = {1};
  for (size_t n = 1; n <= MOST; n++) {
    uint8_t values[MOST];
    uint64_t row[WORDS];
    uint32_t index[64 * WORDS];
    const uint8_t threshold = (uint8_t)dice_below(&d, 256);
    for (size_t j = 0; j < n; j++) values[j] = (uint8_t)dice_below(&d, 256);
    memset(row, 0xff, sizeof row); /* what is not written must show */
    vpfi_bits_pack(row, values, n, threshold);
    size_t count = 0;
    const size_t listed = vpfi_bits_list(row, vpfi_bits_words(n), index);
    for (size_t j = 0; j < 64 * vpfi_bits_words(n); j++) {
      const bool on = j < n && values[j] > threshold;
      assert_int_equal(vpfi_bits_get(row, j), on);
      if (on) assert_int_equal(index[count++], j);
    }
    assert_int_equal(listed, count);
    assert_int_equal(vpfi_bits_count(row, vpfi_bits_words(n)), count);
    vpfi_bits_flip(row, n - 1);
    assert_int_equal(vpfi_bits_get(row, n - 1), !(values[n - 1] > threshold));
  }
}

static void any_stretch_is_copied_to_any_position(void **state) {
  (void)state;
  dice d = {2};
  for (int k = 0; k < 5000; k++) {
    uint64_t from[WORDS], to[WORDS] = {0};
    for (size_t w = 0; w < WORDS; w++) from[w] = dice_bits(&d);
    const size_t n = dice_below(&d, MOST), from_bit = dice_below(&d, MOST - n + 1), to_bit = dice_below(&d, MOST - n + 1);
    vpfi_bits_copy(to, to_bit, from, from_bit, n);
    for (size_t j = 0; j < 64 * WORDS; j++)
      assert_int_equal(vpfi_bits_get(to, j),
                       j >= to_bit && j < to_bit + n && vpfi_bits_get(from, from_bit + j - to_bit));
  }
}

static void transposing_swaps_rows_and_units(void **state) {
  (void)state;
  dice d = {3};
  for (int k = 0; k < 200; k++) {
    const size_t units = 1 + dice_below(&d, 140), rows = 1 + dice_below(&d, 140);
    const size_t words = vpfi_bits_words(units), words_t = vpfi_bits_words(rows);
    uint64_t in[140 * 3] = {0}, out[140 * 3];
    for (size_t r = 0; r < rows; r++)
      for (size_t j = 0; j < units; j++)
        if (dice_bits(&d) & 1) vpfi_bits_flip(in + r * words, j);
    memset(out, 0xff, sizeof out);
    vpfi_bits_transpose(out, units, in, words, rows);
    for (size_t j = 0; j < units; j++)
      for (size_t r = 0; r < 64 * words_t; r++)
        assert_int_equal(vpfi_bits_get(out + j * words_t, r), r < rows && vpfi_bits_get(in + r * words, j));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(packing_listing_and_counting_agree_with_bytes),
      cmocka_unit_test(any_stretch_is_copied_to_any_position),
      cmocka_unit_test(transposing_swaps_rows_and_units),
  };
  return cmocka_run_group_tests_name("bits", tests, NULL, NULL);
}
