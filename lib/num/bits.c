/* SPDX-License-Identifier: MIT */
#include "num/bits.h"

#include <string.h>

size_t vpfi_bits_count(const uint64_t *row, size_t words) {
  size_t count = 0;
  for (size_t w = 0; w < words; w++) count += (size_t)__builtin_popcountll(row[w]);
  return count;
}

size_t vpfi_bits_list(const uint64_t *row, size_t words, uint32_t *index) {
  size_t count = 0;
  for (size_t w = 0; w < words; w++)
    for (uint64_t rest = row[w]; rest; rest &= rest - 1)
      index[count++] = (uint32_t)(64 * w) + (uint32_t)__builtin_ctzll(rest);
  return count;
}

void vpfi_bits_copy(uint64_t *to, size_t to_bit, const uint64_t *from, size_t from_bit, size_t n) {
  while (n > 0) { /* as many bits as both words have left */
    const size_t from_left = 64 - from_bit % 64, to_left = 64 - to_bit % 64;
    size_t take = from_left < to_left ? from_left : to_left;
    if (take > n) take = n;
    uint64_t chunk = from[from_bit / 64] >> (from_bit % 64);
    if (take < 64) chunk &= ((uint64_t)1 << take) - 1;
    to[to_bit / 64] |= chunk << (to_bit % 64);
    from_bit += take;
    to_bit += take;
    n -= take;
  }
}

void vpfi_bits_pack(uint64_t *row, const uint8_t *values, size_t n, uint8_t threshold) {
  memset(row, 0, vpfi_bits_words(n) * sizeof *row);
  for (size_t j = 0; j < n; j++) row[j / 64] |= (uint64_t)(values[j] > threshold) << (j % 64);
}

void vpfi_bits_transpose(uint64_t *units, size_t n_units, const uint64_t *rows, size_t words, size_t n_rows) {
  const size_t words_t = vpfi_bits_words(n_rows);
  memset(units, 0, n_units * words_t * sizeof *units);
  for (size_t r = 0; r < n_rows; r++) {
    const uint64_t bit = (uint64_t)1 << (r % 64);
    uint64_t *column = units + r / 64;
    for (size_t w = 0; w < words; w++)
      for (uint64_t rest = rows[r * words + w]; rest; rest &= rest - 1)
        column[(64 * w + (size_t)__builtin_ctzll(rest)) * words_t] |= bit;
  }
}
