/* SPDX-License-Identifier: MIT */
#include "num/bits.h"

#include <string.h>

/* Pairs, nibbles, bytes, their sum: without an instruction for it the compiler's builtin is a call. */
size_t vpfi_bits_count(const uint64_t *row, size_t words) {
  uint64_t count = 0;
  for (size_t w = 0; w < words; w++) {
    uint64_t x = row[w];
    x -= x >> 1 & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    count += x * 0x0101010101010101u >> 56;
  }
  return (size_t)count;
}

size_t vpfi_bits_list(const uint64_t *row, size_t words, uint32_t *index) {
  size_t count = 0;
  for (size_t w = 0; w < words; w++)
    for (uint64_t rest = row[w]; rest; rest &= rest - 1)
      index[count++] = (uint32_t)(64 * w) + (uint32_t)__builtin_ctzll(rest);
  return count;
}

size_t vpfi_bits_list_groups(const uint64_t *row, size_t words, uint32_t *index) {
  size_t count = 0;
  for (size_t w = 0; w < words; w++)
    for (uint64_t rest = row[w]; rest;) {
      const unsigned at = (unsigned)__builtin_ctzll(rest) & ~3u;
      index[count++] = (uint32_t)(256 * w) + 4 * at + (uint32_t)(rest >> at & 15);
      rest &= ~((uint64_t)15 << at);
    }
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

/* Halves of halves change places (Warren, Hacker's Delight, section 7-3). */
static void transpose64(uint64_t square[64]) {
  uint64_t mask = 0x00000000ffffffffu;
  for (unsigned size = 32; size > 0; size /= 2, mask ^= mask << size)
    for (unsigned k = 0; k < 64; k = (k + size + 1) & ~size) {
      const uint64_t change = (square[k] >> size ^ square[k + size]) & mask;
      square[k] ^= change << size;
      square[k + size] ^= change;
    }
}

void vpfi_bits_transpose_square(uint64_t *units, size_t unit_words, size_t n_units, const uint64_t *rows,
                                size_t row_words, size_t n_rows) {
  uint64_t square[64] = {0};
  for (size_t r = 0; r < n_rows; r++) square[r] = rows[r * row_words];
  transpose64(square);
  for (size_t u = 0; u < n_units; u++) units[u * unit_words] = square[u];
}

void vpfi_bits_transpose(uint64_t *units, size_t n_units, const uint64_t *rows, size_t words, size_t n_rows) {
  const size_t words_t = vpfi_bits_words(n_rows);
  for (size_t u = 0; u < n_units; u += 64)
    for (size_t r = 0; r < n_rows; r += 64)
      vpfi_bits_transpose_square(units + u * words_t + r / 64, words_t, n_units - u < 64 ? n_units - u : 64,
                                 rows + r * words + u / 64, words, n_rows - r < 64 ? n_rows - r : 64);
}
