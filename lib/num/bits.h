/* SPDX-License-Identifier: MIT */
/* Rows of bits: unit j of a row is bit j % 64 of word j / 64. Bits beyond the last unit are 0. */
#ifndef VPFI_NUM_BITS_H
#define VPFI_NUM_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline size_t vpfi_bits_words(size_t n) {
  return (n + 63) / 64;
}

static inline bool vpfi_bits_get(const uint64_t *row, size_t j) {
  return row[j / 64] >> (j % 64) & 1;
}

static inline void vpfi_bits_flip(uint64_t *row, size_t j) {
  row[j / 64] ^= (uint64_t)1 << (j % 64);
}

/* At least the `groups` (at most 16) groups of four units from group `first` on, lowest first. */
static inline uint64_t vpfi_bits_nibbles(const uint64_t *row, size_t first, size_t groups) {
  const size_t word = first / 16, shift = 4 * (first % 16);
  uint64_t on = row[word] >> shift;
  if (shift > 0 && first % 16 + groups > 16) on |= row[word + 1] << (64 - shift);
  return on;
}

/* Number of units that are on. */
size_t vpfi_bits_count(const uint64_t *row, size_t words);

/* The units that are on, in ascending order; index must hold 64 * words. Returns their number. */
size_t vpfi_bits_list(const uint64_t *row, size_t words, uint32_t *index);

/* The groups of 4 units of which some are on, in ascending order, as 16 * group + their bits; index must
 * hold 16 * words. Returns their number. */
size_t vpfi_bits_list_groups(const uint64_t *row, size_t words, uint32_t *index);

/* Copy n bits from position from_bit of `from` to position to_bit of `to`, which must be 0 there. */
void vpfi_bits_copy(uint64_t *to, size_t to_bit, const uint64_t *from, size_t from_bit, size_t n);

/* Bit j = values[j] > threshold. */
void vpfi_bits_pack(uint64_t *row, const uint8_t *values, size_t n, uint8_t threshold);

/* Bit r of units[j * unit_words] = bit j of rows[r * row_words], j < n_units, r < n_rows, both at most 64; the rest of
 * that word is 0. */
void vpfi_bits_transpose_square(uint64_t *units, size_t unit_words, size_t n_units, const uint64_t *rows,
                                size_t row_words, size_t n_rows);

/* units: [units x words of rows], bit r of unit j = bit j of row r. Rows are `words` long. */
void vpfi_bits_transpose(uint64_t *units, size_t n_units, const uint64_t *rows, size_t words, size_t n_rows);

#endif
