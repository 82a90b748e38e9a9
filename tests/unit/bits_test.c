/* SPDX-License-Identifier: MIT */
/* Rows of bits against rows of bytes, one unit at a time, for all lengths up to some words. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "num/bits.h"
#include "support/dice.h"

enum { MOST = 200, WORDS = 4 };

static void random_bytes(dice *d, uint8_t *bytes, size_t n) {
  for (size_t j = 0; j < n; j++) bytes[j] = (uint8_t)dice_below(d, 2);
}

/* The slow way; words beyond the last unit stay 0. */
static void pack_slowly(uint64_t *row, size_t words, const uint8_t *bytes, size_t n) {
  memset(row, 0, words * sizeof *row);
  for (size_t j = 0; j < n; j++)
    if (bytes[j]) row[j / 64] += (uint64_t)1 << (j % 64);
}

static void words_are_enough_and_not_more(void **state) {
  (void)state;
  for (size_t n = 1; n <= 1000; n++) {
    assert_true(64 * vpfi_bits_words(n) >= n);
    assert_true(64 * (vpfi_bits_words(n) - 1) < n);
  }
  assert_int_equal(vpfi_bits_words(0), 0);
}

static void get_and_flip_touch_one_unit(void **state) {
  (void)state;
  dice d = {501};
  uint8_t bytes[MOST];
  uint64_t row[WORDS], wanted[WORDS];
  random_bytes(&d, bytes, MOST);
  pack_slowly(row, WORDS, bytes, MOST);
  for (size_t j = 0; j < MOST; j++) {
    assert_int_equal(vpfi_bits_get(row, j), bytes[j]);
    vpfi_bits_flip(row, j);
    bytes[j] ^= 1;
    pack_slowly(wanted, WORDS, bytes, MOST);
    assert_memory_equal(row, wanted, sizeof row);
  }
}

static void pack_compares_with_the_threshold_and_clears_the_rest(void **state) {
  (void)state;
  dice d = {502};
  for (size_t n = 1; n <= MOST; n++) {
    uint8_t values[MOST], bytes[MOST];
    const uint8_t threshold = n % 3 ? (uint8_t)dice_below(&d, 256) : n % 2 ? 255 : 0;
    for (size_t j = 0; j < n; j++) {
      values[j] = dice_below(&d, 4) ? (uint8_t)dice_below(&d, 256) : threshold;
      bytes[j] = values[j] > threshold;
    }
    uint64_t row[WORDS + 1], wanted[WORDS + 1];
    memset(row, 0xa5, sizeof row);
    const size_t words = vpfi_bits_words(n);
    vpfi_bits_pack(row, values, n, threshold);
    pack_slowly(wanted, words, bytes, n);
    assert_memory_equal(row, wanted, words * sizeof *row);
    assert_true(row[words] == 0xa5a5a5a5a5a5a5a5u);
  }
}

static void count_and_list_find_the_units_that_are_on(void **state) {
  (void)state;
  dice d = {503};
  for (size_t n = 1; n <= MOST; n++) {
    uint8_t bytes[MOST];
    uint64_t row[WORDS];
    for (size_t j = 0; j < n; j++) bytes[j] = n % 5 == 0 ? 1 : n % 5 == 1 ? 0 : (uint8_t)dice_below(&d, 2);
    pack_slowly(row, WORDS, bytes, n);
    uint32_t index[64 * WORDS + 1];
    memset(index, 0xff, sizeof index);
    const size_t words = vpfi_bits_words(n), count = vpfi_bits_list(row, words, index);
    assert_int_equal(count, vpfi_bits_count(row, words));
    size_t k = 0;
    for (size_t j = 0; j < n; j++)
      if (bytes[j]) assert_int_equal(index[k++], j);
    assert_int_equal(k, count);
    assert_true(index[64 * words] == 0xffffffffu);
  }
}

static void groups_are_listed_with_their_bits(void **state) {
  (void)state;
  dice d = {506};
  for (size_t n = 1; n <= MOST; n++) {
    uint8_t bytes[MOST + 4] = {0};
    uint64_t row[WORDS];
    for (size_t j = 0; j < n; j++) bytes[j] = n % 5 == 0 ? 1 : n % 5 == 1 ? 0 : dice_below(&d, 4) == 0;
    pack_slowly(row, WORDS, bytes, n);
    uint32_t index[16 * WORDS + 1];
    memset(index, 0xff, sizeof index);
    const size_t words = vpfi_bits_words(n), count = vpfi_bits_list_groups(row, words, index);
    size_t k = 0;
    for (size_t j = 0; j < n; j += 4) {
      const unsigned on = bytes[j] + 2u * bytes[j + 1] + 4u * bytes[j + 2] + 8u * bytes[j + 3];
      if (on) assert_int_equal(index[k++], j / 4 * 16 + on);
    }
    assert_int_equal(k, count);
    assert_true(index[16 * words] == 0xffffffffu);
  }
}

/* From every position to every position within a word, all lengths to beyond two words; the
 * neighbours keep their bits. Ends exactly at the last word, so that a read or write beyond is
 * seen by the sanitizer. */
static void copy_moves_bits_from_any_place_to_any_place(void **state) {
  (void)state;
  dice d = {504};
  for (size_t from_bit = 0; from_bit < 130; from_bit += 1 + from_bit % 3)
    for (size_t to_bit = 0; to_bit < 130; to_bit += 1 + to_bit % 5) {
      const size_t n = dice_below(&d, 150), from_n = from_bit + n, to_n = to_bit + n;
      const size_t from_words = vpfi_bits_words(from_n), to_words = vpfi_bits_words(to_n);
      uint64_t *from = calloc(from_words + 1, sizeof *from), *to = calloc(to_words + 1, sizeof *to);
      uint64_t *wanted = calloc(to_words + 1, sizeof *wanted);
      uint8_t source[300], target[300] = {0};
      random_bytes(&d, source, from_n);
      random_bytes(&d, target, to_bit);
      assert_true(from && to && wanted);
      pack_slowly(from + 1, from_words, source, from_n);
      pack_slowly(to + 1, to_words, target, to_n);
      vpfi_bits_copy(to + 1, to_bit, from + 1, from_bit, n);
      memcpy(target + to_bit, source + from_bit, n);
      pack_slowly(wanted + 1, to_words, target, to_n);
      assert_memory_equal(to, wanted, (to_words + 1) * sizeof *to);
      free(wanted);
      free(to);
      free(from);
    }
}

/* What lies behind the copied bits in the source must not come along, what stands in the target
 * must stay. */
static void copy_takes_no_more_than_n_bits(void **state) {
  (void)state;
  for (size_t from_bit = 0; from_bit < 64; from_bit++)
    for (size_t to_bit = 0; to_bit < 64; to_bit++) {
      const uint64_t ones[3] = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
      uint64_t to[3] = {0};
      vpfi_bits_copy(to, to_bit, ones, from_bit, 70);
      assert_int_equal(vpfi_bits_count(to, 3), 70);
      for (size_t j = 0; j < 70; j++) assert_true(vpfi_bits_get(to, to_bit + j));
      uint64_t kept[3] = {to_bit ? UINT64_MAX >> (64 - to_bit) : 0, 0, 0};
      const uint64_t zero[3] = {0};
      vpfi_bits_copy(kept, to_bit, zero, from_bit, 70);
      assert_int_equal(vpfi_bits_count(kept, 3), to_bit);
    }
}

static void transpose_turns_rows_into_units(void **state) {
  (void)state;
  dice d = {505};
  static const size_t rows[] = {1, 2, 40, 63, 64, 65, 127, 128, 130}, units[] = {1, 7, 16, 64, 65, 100, 144};
  for (size_t a = 0; a < sizeof rows / sizeof rows[0]; a++)
    for (size_t b = 0; b < sizeof units / sizeof units[0]; b++) {
      const size_t r = rows[a], u = units[b], words = vpfi_bits_words(u), words_t = vpfi_bits_words(r);
      const size_t padded = (u + 15) / 16 * 16; /* units beyond the last are never on */
      uint64_t *in = calloc(r * words, sizeof *in), *out = malloc(padded * words_t * sizeof *out);
      assert_true(in && out);
      memset(out, 0xa5, padded * words_t * sizeof *out);
      for (size_t i = 0; i < r; i++)
        for (size_t j = 0; j < u; j++)
          if (dice_below(&d, 3) == 0) vpfi_bits_flip(in + i * words, j);
      vpfi_bits_transpose(out, padded, in, words, r);
      for (size_t j = 0; j < padded; j++) {
        for (size_t i = 0; i < r; i++)
          assert_int_equal(vpfi_bits_get(out + j * words_t, i), j < u && vpfi_bits_get(in + i * words, j));
        for (size_t i = r; i < 64 * words_t; i++) assert_false(vpfi_bits_get(out + j * words_t, i));
      }
      free(out);
      free(in);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(words_are_enough_and_not_more),
      cmocka_unit_test(get_and_flip_touch_one_unit),
      cmocka_unit_test(pack_compares_with_the_threshold_and_clears_the_rest),
      cmocka_unit_test(count_and_list_find_the_units_that_are_on),
      cmocka_unit_test(groups_are_listed_with_their_bits),
      cmocka_unit_test(copy_moves_bits_from_any_place_to_any_place),
      cmocka_unit_test(copy_takes_no_more_than_n_bits),
      cmocka_unit_test(transpose_turns_rows_into_units),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
