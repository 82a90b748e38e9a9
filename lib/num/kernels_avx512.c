/* SPDX-License-Identifier: MIT */
/* AVX-512: as kernels_avx2.c, twice as wide. One vector holds all VPFI_KERNEL_LANES lanes of a sum, so
 * the order of additions is that of the reference here too. */
#include <immintrin.h>

#include "num/bits.h"
#include "num/elementary.h"
#include "num/kernels.h"

enum { W = 16 }; /* floats in a vector */
_Static_assert((int)W == (int)VPFI_KERNEL_LANES, "one vector is all lanes");

static inline __m512 set1(float x) {
  return _mm512_set1_ps(x);
}

/* The lanes j .. j+15 that are below n. */
static inline __mmask16 lanes_below(size_t j, size_t n) {
  const unsigned mask = j + W <= n ? 0xffff : j < n ? (1u << (n - j)) - 1 : 0;
  return (__mmask16)mask;
}

/* The same operations as vpfi_expf(). */
static inline __m512 exp16(__m512 x) {
  const __m512 shifted = _mm512_add_ps(_mm512_mul_ps(x, set1(VPFI_LOG2E)), set1(VPFI_ROUND));
  const __m512 n = _mm512_sub_ps(shifted, set1(VPFI_ROUND));
  const __m512 r =
      _mm512_sub_ps(_mm512_sub_ps(x, _mm512_mul_ps(n, set1(VPFI_LN2_HI))), _mm512_mul_ps(n, set1(VPFI_LN2_LO)));
  __m512 p = set1(VPFI_EXP_P0);
  p = _mm512_add_ps(_mm512_mul_ps(p, r), set1(VPFI_EXP_P1));
  p = _mm512_add_ps(_mm512_mul_ps(p, r), set1(VPFI_EXP_P2));
  p = _mm512_add_ps(_mm512_mul_ps(p, r), set1(VPFI_EXP_P3));
  p = _mm512_add_ps(_mm512_mul_ps(p, r), set1(VPFI_EXP_P4));
  p = _mm512_add_ps(_mm512_mul_ps(p, r), set1(VPFI_EXP_P5));
  p = _mm512_add_ps(_mm512_mul_ps(p, _mm512_mul_ps(r, r)), r);
  p = _mm512_add_ps(p, set1(1.0f));
  const __m512i scale = _mm512_slli_epi32(_mm512_castps_si512(shifted), 23);
  return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(p), scale));
}

/* The same operations as vpfi_logf(). */
static inline __m512 log16(__m512 x) {
  const __m512i sqrt_half = _mm512_set1_epi32((int)VPFI_SQRT_HALF_BITS);
  const __m512i offset = _mm512_sub_epi32(_mm512_castps_si512(x), sqrt_half);
  const __m512 e = _mm512_cvtepi32_ps(_mm512_srai_epi32(offset, 23));
  const __m512i mantissa = _mm512_add_epi32(_mm512_and_si512(offset, _mm512_set1_epi32(0x007fffff)), sqrt_half);
  const __m512 f = _mm512_sub_ps(_mm512_castsi512_ps(mantissa), set1(1.0f));
  const __m512 f2 = _mm512_mul_ps(f, f);
  __m512 p = set1(VPFI_LOG_P0);
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P1));
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P2));
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P3));
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P4));
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P5));
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P6));
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P7));
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P8));
  __m512 y = _mm512_mul_ps(_mm512_mul_ps(p, f), f2);
  y = _mm512_add_ps(y, _mm512_mul_ps(e, set1(VPFI_LN2_LO)));
  y = _mm512_sub_ps(y, _mm512_mul_ps(set1(0.5f), f2));
  return _mm512_add_ps(_mm512_add_ps(f, y), _mm512_mul_ps(e, set1(VPFI_LN2_HI)));
}

enum { MOST = 16 }; /* vectors of a tile */

/* Sums of `vectors` (a constant) stay in registers over all rows. */
static inline __attribute__((always_inline)) void sum_tile(float *z, const float *start, const float *matrix, size_t stride,
                                                           const uint32_t *index, size_t count, const int vectors) {
  __m512 sum[W];
#pragma GCC unroll 16
  for (int v = 0; v < vectors; v++) sum[v] = start ? _mm512_load_ps(start + v * W) : _mm512_setzero_ps();
  for (size_t k = 0; k < count; k++) {
    const float *row = matrix + index[k] * stride;
#pragma GCC unroll 16
    for (int v = 0; v < vectors; v++) sum[v] = _mm512_add_ps(sum[v], _mm512_load_ps(row + v * W));
  }
#pragma GCC unroll 16
  for (int v = 0; v < vectors; v++) _mm512_store_ps(z + v * W, sum[v]);
}

/* In as few tiles as registers allow, all about as wide. */
static void sum_rows(float *z, const float *start, const float *matrix, size_t stride, size_t width,
                     const uint32_t *index, size_t count) {
  size_t left = width / W;
  for (size_t tiles = (left + MOST - 1) / MOST; tiles > 0; tiles--) {
    const size_t vectors = (left + tiles - 1) / tiles;
    switch (vectors) {
      case 1: sum_tile(z, start, matrix, stride, index, count, 1); break;
      case 2: sum_tile(z, start, matrix, stride, index, count, 2); break;
      case 3: sum_tile(z, start, matrix, stride, index, count, 3); break;
      case 4: sum_tile(z, start, matrix, stride, index, count, 4); break;
      case 5: sum_tile(z, start, matrix, stride, index, count, 5); break;
      case 6: sum_tile(z, start, matrix, stride, index, count, 6); break;
      case 7: sum_tile(z, start, matrix, stride, index, count, 7); break;
      case 8: sum_tile(z, start, matrix, stride, index, count, 8); break;
      case 9: sum_tile(z, start, matrix, stride, index, count, 9); break;
      case 10: sum_tile(z, start, matrix, stride, index, count, 10); break;
      case 11: sum_tile(z, start, matrix, stride, index, count, 11); break;
      case 12: sum_tile(z, start, matrix, stride, index, count, 12); break;
      case 13: sum_tile(z, start, matrix, stride, index, count, 13); break;
      case 14: sum_tile(z, start, matrix, stride, index, count, 14); break;
      case 15: sum_tile(z, start, matrix, stride, index, count, 15); break;
      default: sum_tile(z, start, matrix, stride, index, count, MOST);
    }
    z += vectors * W;
    matrix += vectors * W;
    if (start) start += vectors * W;
    left -= vectors;
  }
}

/* Sum number k of a selection in columns j .. j + vectors * W - 1, in registers. */
static inline __attribute__((always_inline)) void select_sum(__m512 *sum, const vpfi_selection *s, size_t k, size_t j,
                                                             const int vectors) {
#pragma GCC unroll 16
  for (int v = 0; v < vectors; v++)
    sum[v] = s->start ? _mm512_load_ps(s->start + k * s->start_stride + j + v * W) : _mm512_setzero_ps();
  for (size_t w = 0, words = vpfi_bits_words(s->rows); w < words; w++)
    for (uint64_t rest = s->bits[k * s->words + w]; rest; rest &= rest - 1) {
      const float *row = s->matrix + (64 * w + (size_t)__builtin_ctzll(rest)) * s->stride + j;
#pragma GCC unroll 16
      for (int v = 0; v < vectors; v++) sum[v] = _mm512_add_ps(sum[v], _mm512_load_ps(row + v * W));
    }
}

static inline __attribute__((always_inline)) void select_tile(const vpfi_selection *s, size_t j, const int vectors) {
  for (size_t k = 0; k < s->count; k++) {
    __m512 sum[MOST];
    select_sum(sum, s, k, j, vectors);
#pragma GCC unroll 16
    for (int v = 0; v < vectors; v++) _mm512_store_ps(s->out + k * s->out_stride + j + v * W, sum[v]);
  }
}

static void sum_selected(const vpfi_selection *s) {
  size_t left = s->width / W, j = 0;
  for (size_t tiles = (left + MOST - 1) / MOST; tiles > 0; tiles--) {
    const size_t vectors = (left + tiles - 1) / tiles;
    switch (vectors) {
      case 1: select_tile(s, j, 1); break;
      case 2: select_tile(s, j, 2); break;
      case 3: select_tile(s, j, 3); break;
      case 4: select_tile(s, j, 4); break;
      case 5: select_tile(s, j, 5); break;
      case 6: select_tile(s, j, 6); break;
      case 7: select_tile(s, j, 7); break;
      case 8: select_tile(s, j, 8); break;
      case 9: select_tile(s, j, 9); break;
      case 10: select_tile(s, j, 10); break;
      case 11: select_tile(s, j, 11); break;
      case 12: select_tile(s, j, 12); break;
      case 13: select_tile(s, j, 13); break;
      case 14: select_tile(s, j, 14); break;
      case 15: select_tile(s, j, 15); break;
      default: select_tile(s, j, MOST);
    }
    j += vectors * W;
    left -= vectors;
  }
}

/* The 15 sums of some rows of a group, in one vector of columns: table[on * step ...]. */
static inline void tabulate_group(float *table, size_t step, const float *group, size_t stride, size_t rows) {
  __m512 sum[16];
  for (size_t k = 0; k < VPFI_GROUP; k++) {
    sum[1 << k] = k < rows ? _mm512_load_ps(group + k * stride) : _mm512_setzero_ps();
    for (int on = 1; on < 1 << k; on++) sum[(1 << k) + on] = _mm512_add_ps(sum[on], sum[1 << k]);
  }
#pragma GCC unroll 16
  for (size_t on = 1; on < 16; on++) _mm512_store_ps(table + on * step, sum[on]);
}

static void tabulate(float *table, const float *matrix, size_t stride, size_t rows, size_t width) {
  for (size_t row = 0; row < rows; row += VPFI_GROUP, table += 16 * width)
    for (size_t j = 0; j < width; j += W) {
      _mm512_store_ps(table + j, set1(-0.0f));
      tabulate_group(table + j, width, matrix + row * stride + j, stride, rows - row);
    }
}

enum { TABLES = 10 }; /* groups at a time: their tables fill 20 KiB of a first-level cache of 32 */

/* Tables of some groups, and where their sums go. */
typedef struct lookup {
  const float *table;
  size_t groups, first;
  const uint64_t *bits;
  size_t words;
  const float *start;
  size_t start_stride;
  float *out;
  size_t out_stride;
} lookup;

enum { ABREAST = 4 }; /* sums at a time: additions of one wait for each other, those of several do not */

static inline __attribute__((always_inline)) void look_up(const lookup *l, size_t k, const int abreast, const int vectors) {
  uint64_t on[ABREAST];
  __m512 sum[ABREAST][2];
#pragma GCC unroll 4
  for (int i = 0; i < abreast; i++) {
    const size_t row = k + (size_t)i;
    on[i] = vpfi_bits_nibbles(l->bits + row * l->words, l->first, l->groups);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++)
      sum[i][v] = l->start ? _mm512_load_ps(l->start + row * l->start_stride + v * W) : _mm512_setzero_ps();
  }
  for (const float *t = l->table; t < l->table + l->groups * 16 * 2 * W; t += 16 * 2 * W)
#pragma GCC unroll 4
    for (int i = 0; i < abreast; i++) {
      const float *at = t + (on[i] & 15) * 2 * W;
      on[i] >>= VPFI_GROUP;
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v++) sum[i][v] = _mm512_add_ps(sum[i][v], _mm512_load_ps(at + v * W));
    }
#pragma GCC unroll 4
  for (int i = 0; i < abreast; i++)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) _mm512_store_ps(l->out + (k + (size_t)i) * l->out_stride + v * W, sum[i][v]);
}

/* Two vectors of columns (or one), a few groups at a time. */
static inline __attribute__((always_inline)) void sum_grouped_tile(const vpfi_selection *s, size_t j,
                                                                   const int vectors) {
  _Alignas(64) float table[TABLES * 16 * 2 * W];
  for (size_t g = 0; g < TABLES; g++)
    for (size_t v = 0; v < 2; v++) _mm512_store_ps(table + (g * 16 * 2 + v) * W, set1(-0.0f));
  size_t left = (s->rows + VPFI_GROUP - 1) / VPFI_GROUP, first = 0;
  const float *start = s->start ? s->start + j : NULL;
  size_t start_stride = s->start_stride;
  for (size_t parts = (left + TABLES - 1) / TABLES; parts > 0; parts--) {
    const size_t groups = (left + parts - 1) / parts;
    for (size_t g = 0; g < groups; g++)
      for (size_t v = 0; v < (size_t)vectors; v++)
        tabulate_group(table + (g * 16 * 2 + v) * W, 2 * W,
                       s->matrix + (first + g) * VPFI_GROUP * s->stride + j + v * W, s->stride,
                       s->rows - (first + g) * VPFI_GROUP);
    const lookup l = {table, groups, first, s->bits, s->words, start, start_stride, s->out + j, s->out_stride};
    size_t k = 0;
    for (; k + ABREAST <= s->count; k += ABREAST) look_up(&l, k, ABREAST, vectors);
    for (; k < s->count; k++) look_up(&l, k, 1, vectors);
    first += groups;
    left -= groups;
    start = s->out + j;
    start_stride = s->out_stride;
  }
}

/* Without tables, for a few rows of bits. */
static inline __attribute__((always_inline)) void sum_groups_tile(const vpfi_selection *s, size_t j,
                                                                  const int vectors) {
  const size_t words = vpfi_bits_words(s->rows);
  for (size_t k = 0; k < s->count; k++) {
    float *to = s->out + k * s->out_stride + j;
    __m512 sum[13], group[13];
#pragma GCC unroll 16
    for (int v = 0; v < vectors; v++)
      sum[v] = s->start ? _mm512_load_ps(s->start + k * s->start_stride + j + v * W) : _mm512_setzero_ps();
    for (size_t w = 0; w < words; w++)
      for (uint64_t rest = s->bits[k * s->words + w]; rest;) {
        const unsigned bit = (unsigned)__builtin_ctzll(rest), at = bit & ~3u;
        const float *rows = s->matrix + (64 * w + at) * s->stride + j, *row = rows + (bit - at) * s->stride;
        unsigned on = (unsigned)(rest >> at) & 15;
        rest &= ~((uint64_t)15 << at);
#pragma GCC unroll 16
        for (int v = 0; v < vectors; v++) group[v] = _mm512_load_ps(row + v * W);
        for (on &= on - 1; on; on &= on - 1) {
          row = rows + (unsigned)__builtin_ctz(on) * s->stride;
#pragma GCC unroll 16
          for (int v = 0; v < vectors; v++) group[v] = _mm512_add_ps(group[v], _mm512_load_ps(row + v * W));
        }
#pragma GCC unroll 16
        for (int v = 0; v < vectors; v++) sum[v] = _mm512_add_ps(sum[v], group[v]);
      }
#pragma GCC unroll 16
    for (int v = 0; v < vectors; v++) _mm512_store_ps(to + v * W, sum[v]);
  }
}

enum { FEW = 8 }; /* rows of bits for which tables do not pay */

static void sum_grouped(const vpfi_selection *s) {
  size_t j = 0;
  if (s->count < FEW) {
    for (; j + 13 * W <= s->width; j += 13 * W) sum_groups_tile(s, j, 13);
    for (; j + 4 * W <= s->width; j += 4 * W) sum_groups_tile(s, j, 4);
    for (; j < s->width; j += W) sum_groups_tile(s, j, 1);
  }
  for (; j + 2 * W <= s->width; j += 2 * W) sum_grouped_tile(s, j, 2);
  if (j < s->width) sum_grouped_tile(s, j, 1);
}

static void add_row(float *z, const float *row, bool on, size_t width) {
  for (size_t j = 0; j < width; j += W) {
    const __m512 old = _mm512_load_ps(z + j), change = _mm512_load_ps(row + j);
    _mm512_store_ps(z + j, on ? _mm512_add_ps(old, change) : _mm512_sub_ps(old, change));
  }
}

/* Units of one vector that have flipped: their rows of u are added, or, with their signs changed, subtracted. */
typedef struct flips {
  size_t count;
  const float *row[W];
  float sign[W]; /* 0 to add, -0 to subtract: x - y is x + (-y), to the bit */
} flips;

/* `vectors` (a constant) of fields from j on. */
static inline __attribute__((always_inline)) void spread_tile(float *z, size_t j, const flips *f, const int vectors) {
  __m512 field[4];
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) field[v] = _mm512_load_ps(z + j + v * W);
  for (size_t k = 0; k < f->count; k++) {
    const __m512 sign = set1(f->sign[k]);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++)
      field[v] = _mm512_add_ps(field[v], _mm512_xor_ps(_mm512_load_ps(f->row[k] + j + v * W), sign));
  }
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) _mm512_store_ps(z + j + v * W, field[v]);
}

static void spread_flips(float *z, size_t from, size_t to, const flips *f) {
  size_t j = from;
  for (; j + 4 * W <= to; j += 4 * W) spread_tile(z, j, f, 4);
  for (; j < to; j += W) spread_tile(z, j, f, 1);
}

/* Flips within a vector follow each other in a register; what they change in the others waits until the
 * vector is done. Each field gets its changes in the order of the flips either way. */
static void sweep(uint64_t *bits, float *z, const float *t, const float *u, size_t n, size_t width,
                  const uint64_t *clamped, float *drawn_with, bool keep) {
  for (size_t first = 0; first < n; first += W) {
    const __m512 threshold = _mm512_load_ps(t + first);
    __m512 field = _mm512_load_ps(z + first);
    const unsigned shift = first % 64, before = (unsigned)(bits[first / 64] >> shift) & 0xffff;
    unsigned now = before, left = lanes_below(first, n);
    const unsigned drawable = left & ~(clamped ? (unsigned)(clamped[first / 64] >> shift) : 0);
    flips f;
    f.count = 0;
    for (;;) {
      const unsigned on = _mm512_cmp_ps_mask(field, threshold, _CMP_GT_OQ);
      const unsigned change = (on ^ now) & drawable & left;
      if (drawn_with) _mm512_mask_storeu_ps(drawn_with + first, (__mmask16)left, field); /* those before are final */
      if (change == 0) break;
      const unsigned lane = (unsigned)__builtin_ctz(change), bit = change & -change;
      f.row[f.count] = u + (first + lane) * width;
      f.sign[f.count] = vpfi_bits_float((~on >> lane) << 31);
      field = _mm512_add_ps(field, _mm512_xor_ps(_mm512_load_ps(f.row[f.count] + first), set1(f.sign[f.count])));
      f.count++;
      now ^= bit;
      left &= ~(bit | (bit - 1));
    }
    _mm512_store_ps(z + first, field);
    bits[first / 64] ^= (uint64_t)(now ^ before) << shift;
    if (keep) spread_flips(z, 0, first, &f);
    spread_flips(z, first + W, width, &f);
  }
}

static bool rates(float *gain, size_t stride, const uint64_t *bits, size_t words, size_t first, size_t n, size_t width,
                  size_t rows, double *flow) {
  const __m512 half = set1(0.5f), minus_half = set1(-0.5f), limit = set1(VPFI_FIELD_LIMIT);
  __m512 lane = _mm512_setzero_ps();
  unsigned beyond = 0;
  for (size_t r = 0; r < rows; r++, gain += stride, bits += words)
    for (size_t j = 0; j < width; j += W) {
      const __m512 field = _mm512_load_ps(gain + j);
      const __mmask16 real = lanes_below(j, n);
      const __mmask16 on = (__mmask16)(j < n ? bits[(first + j) / 64] >> ((first + j) % 64) : 0);
      const __m512 alpha = _mm512_mask_blend_ps(on, half, minus_half);
      const __m512 delta = _mm512_maskz_mov_ps(real, exp16(_mm512_mul_ps(alpha, field)));
      beyond |= _mm512_mask_cmp_ps_mask(real, _mm512_abs_ps(field), limit, _CMP_NLE_UQ);
      _mm512_store_ps(gain + j, _mm512_maskz_mul_ps(real, alpha, delta));
      lane = _mm512_add_ps(lane, delta);
    }
  float sums[W];
  _mm512_storeu_ps(sums, lane);
  *flow = 0;
  for (size_t k = 0; k < W; k++) *flow += (double)sums[k];
  return beyond == 0;
}

/* high and low halves of the products of sixteen lanes with m */
static inline void multiply(__m512i a, uint32_t m, __m512i *high, __m512i *low) {
  const __m512i factor = _mm512_set1_epi32((int)m);
  const __m512i even = _mm512_mul_epu32(a, factor), odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), factor);
  *low = _mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32));
  *high = _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd);
}

/* The four words of sixteen counters from block on, word k of each in x[k]: Philox4x32-10 (Salmon et
 * al. 2011), as Random123 computes it in vpfi_rng_block(). */
static inline void philox16(__m512i x[4], uint64_t stream, uint32_t pass, uint64_t row, uint32_t block) {
  const __m512i step = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  uint32_t k0 = (uint32_t)stream, k1 = (uint32_t)(stream >> 32);
  __m512i c0 = _mm512_add_epi32(_mm512_set1_epi32((int)block), step), c1 = _mm512_set1_epi32((int)pass),
          c2 = _mm512_set1_epi32((int)(uint32_t)row), c3 = _mm512_set1_epi32((int)(uint32_t)(row >> 32));
  for (int round = 0; round < 10; round++) {
    __m512i high0, low0, high1, low1;
    multiply(c0, 0xd2511f53u, &high0, &low0);
    multiply(c2, 0xcd9e8d57u, &high1, &low1);
    c0 = _mm512_xor_si512(_mm512_xor_si512(high1, c1), _mm512_set1_epi32((int)k0));
    c1 = low1;
    c2 = _mm512_xor_si512(_mm512_xor_si512(high0, c3), _mm512_set1_epi32((int)k1));
    c3 = low0;
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  x[0] = c0, x[1] = c1, x[2] = c2, x[3] = c3;
}

static void random_words(uint32_t *out, uint64_t stream, uint32_t pass, uint64_t row, uint32_t first_block,
                         size_t blocks) {
  for (size_t b = 0; b < blocks; b += 16) {
    __m512i x[4];
    philox16(x, stream, pass, row, first_block + (uint32_t)b);
    /* Counter after counter: within each quarter first, then the quarters into their order. */
    const __m512i low01 = _mm512_unpacklo_epi32(x[0], x[1]), high01 = _mm512_unpackhi_epi32(x[0], x[1]);
    const __m512i low23 = _mm512_unpacklo_epi32(x[2], x[3]), high23 = _mm512_unpackhi_epi32(x[2], x[3]);
    const __m512i c0 = _mm512_unpacklo_epi64(low01, low23), c1 = _mm512_unpackhi_epi64(low01, low23);
    const __m512i c2 = _mm512_unpacklo_epi64(high01, high23), c3 = _mm512_unpackhi_epi64(high01, high23);
    /* cN holds counters N, N+4, N+8, N+12 */
    const __m512i a = _mm512_shuffle_i32x4(c0, c1, 0x88), d = _mm512_shuffle_i32x4(c0, c1, 0xdd);
    const __m512i e = _mm512_shuffle_i32x4(c2, c3, 0x88), f = _mm512_shuffle_i32x4(c2, c3, 0xdd);
    /* a: 0 8 1 9, d: 4 12 5 13, e: 2 10 3 11, f: 6 14 7 15 */
    const __m512i word[4] = {_mm512_shuffle_i32x4(a, e, 0x88), _mm512_shuffle_i32x4(d, f, 0x88),
                             _mm512_shuffle_i32x4(a, e, 0xdd), _mm512_shuffle_i32x4(d, f, 0xdd)};
    for (size_t k = 0; k < 4 && b + 4 * k < blocks; k++) _mm512_storeu_si512(out + 4 * b + k * W, word[k]);
  }
}

static void thresholds(float *t, const uint32_t *random, size_t width) {
  const __m512i most = _mm512_set1_epi32(INT32_MAX);
  for (size_t j = 0; j < width; j += W) {
    const __m512i k = _mm512_srli_epi32(_mm512_loadu_si512(random + j), 1);
    const __m512 on = _mm512_add_ps(_mm512_cvtepi32_ps(k), set1(0.5f));
    const __m512 off = _mm512_add_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(most, k)), set1(0.5f));
    _mm512_store_ps(t + j, log16(_mm512_div_ps(on, off)));
  }
}

static void sigmoid(float *out, const float *z, float scale, size_t n, size_t width) {
  const __m512 one = set1(1.0f), most = set1(87.0f), least = set1(-87.0f);
  for (size_t j = 0; j < width; j += W) {
    /* min and max return their second operand for NaN, as the comparisons of vpfi_sigmoidf() do */
    const __m512 bounded = _mm512_max_ps(least, _mm512_min_ps(most, _mm512_load_ps(z + j)));
    const __m512 minus = _mm512_xor_ps(bounded, set1(-0.0f));
    const __m512 mean = _mm512_div_ps(one, _mm512_add_ps(one, exp16(minus)));
    _mm512_store_ps(out + j, _mm512_maskz_mul_ps(lanes_below(j, n), set1(scale), mean));
  }
}

static void temper(float *z, const float *base, const float *f, float beta, size_t width) {
  for (size_t j = 0; j < width; j += W)
    _mm512_store_ps(z + j, _mm512_add_ps(_mm512_load_ps(base + j), _mm512_mul_ps(set1(beta), _mm512_load_ps(f + j))));
}

static inline __m512 softplus_factor(__m512 z) {
  const __m512 size = _mm512_min_ps(_mm512_abs_ps(z), set1(87.0f));
  return _mm512_add_ps(set1(1.0f), exp16(_mm512_xor_ps(size, set1(-0.0f))));
}

/* All lanes of softplus_lane in kernels_reference.c. */
typedef struct softplus16 {
  __m512 above, product_b, product_a;
} softplus16;

static double flush_lanes(softplus16 *lane) {
  float part[W];
  double sum = 0;
  const __m512 logs = _mm512_sub_ps(log16(lane->product_b), log16(lane->product_a));
  _mm512_storeu_ps(part, _mm512_add_ps(lane->above, logs));
  for (int k = 0; k < W; k++) sum += (double)part[k];
  *lane = (softplus16){_mm512_setzero_ps(), set1(1.0f), set1(1.0f)};
  return sum;
}

static double softplus_change(const float *base, const float *f, float from, float to, size_t n) {
  const __m512 start = set1(from), end = set1(to), zero = _mm512_setzero_ps();
  softplus16 lane = {zero, set1(1.0f), set1(1.0f)};
  double sum = 0;
  for (size_t j = 0; j < n; j += W) {
    const __mmask16 real = lanes_below(j, n);
    const __m512 fj = _mm512_load_ps(f + j), b0 = _mm512_load_ps(base + j);
    const __m512 a = _mm512_add_ps(b0, _mm512_mul_ps(start, fj)), b = _mm512_add_ps(b0, _mm512_mul_ps(end, fj));
    const __m512 above = _mm512_sub_ps(_mm512_max_ps(b, zero), _mm512_max_ps(a, zero));
    lane.above = _mm512_mask_add_ps(lane.above, real, lane.above, above);
    lane.product_b = _mm512_mask_mul_ps(lane.product_b, real, lane.product_b, softplus_factor(b));
    lane.product_a = _mm512_mask_mul_ps(lane.product_a, real, lane.product_a, softplus_factor(a));
    if ((j + W) % VPFI_SOFTPLUS_FLUSH == 0 && j + W <= n) sum += flush_lanes(&lane);
  }
  return sum + flush_lanes(&lane);
}

static void draw(uint64_t *bits, const float *z, const float *t, size_t n) {
  for (size_t first = 0; first < n; first += 64) {
    uint64_t word = 0;
    for (size_t j = first; j < first + 64 && j < n; j += W) {
      const __mmask16 on = _mm512_cmp_ps_mask(_mm512_load_ps(z + j), _mm512_load_ps(t + j), _CMP_GT_OQ);
      word |= (uint64_t)(on & lanes_below(j, n)) << (j - first);
    }
    bits[first / 64] = word;
  }
}

/* Sixteen rows of `from`, as columns. */
static inline void load_transposed16(__m512 column[W], const float *from, size_t stride) {
  __m512 r[W], s[W];
  for (int k = 0; k < W; k++) r[k] = _mm512_loadu_ps(from + (size_t)k * stride);
  for (int k = 0; k < W; k += 2) {
    s[k] = _mm512_unpacklo_ps(r[k], r[k + 1]);
    s[k + 1] = _mm512_unpackhi_ps(r[k], r[k + 1]);
  }
  for (int k = 0; k < W; k += 4) { /* r[k + c]: columns c, c+4, c+8, c+12 of rows k .. k+3 */
    r[k] = _mm512_shuffle_ps(s[k], s[k + 2], 0x44);
    r[k + 1] = _mm512_shuffle_ps(s[k], s[k + 2], 0xee);
    r[k + 2] = _mm512_shuffle_ps(s[k + 1], s[k + 3], 0x44);
    r[k + 3] = _mm512_shuffle_ps(s[k + 1], s[k + 3], 0xee);
  }
  for (int c = 0; c < 4; c++) {
    const __m512 a = _mm512_shuffle_f32x4(r[c], r[c + 4], 0x88), b = _mm512_shuffle_f32x4(r[c], r[c + 4], 0xdd);
    const __m512 d = _mm512_shuffle_f32x4(r[c + 8], r[c + 12], 0x88), e = _mm512_shuffle_f32x4(r[c + 8], r[c + 12], 0xdd);
    column[c] = _mm512_shuffle_f32x4(a, d, 0x88);
    column[c + 4] = _mm512_shuffle_f32x4(b, e, 0x88);
    column[c + 8] = _mm512_shuffle_f32x4(a, d, 0xdd);
    column[c + 12] = _mm512_shuffle_f32x4(b, e, 0xdd);
  }
}

static void add_transposed(float *to, size_t to_stride, const float *from, size_t from_stride, size_t rows,
                           size_t cols) {
  for (size_t i = 0; i < rows; i += W)
    for (size_t j = 0; j < cols; j += W) {
      __m512 column[W];
      load_transposed16(column, from + i * from_stride + j, from_stride);
      for (size_t k = 0; k < W; k++) {
        float *at = to + (j + k) * to_stride + i;
        _mm512_store_ps(at, _mm512_add_ps(_mm512_load_ps(at), column[k]));
      }
    }
}

static inline __m512 without_denormals(__m512 moment) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(_mm512_abs_ps(moment), set1(1e-30f), _CMP_NLT_UQ), moment);
}

static inline __m512i larger(__m512i peak, __m512 x) {
  return _mm512_max_epi32(peak, _mm512_castps_si512(_mm512_abs_ps(x)));
}

static float largest(__m512i peak) {
  return vpfi_bits_float((uint32_t)_mm512_reduce_max_epi32(peak));
}

/* What a step needs in registers. */
typedef struct adam16 {
  __m512 scale, decay, rate, beta1, keep1, beta2, keep2, epsilon;
  __m512i peak;
} adam16;

static inline adam16 adam_begin(const vpfi_update *u) {
  return (adam16){set1(u->scale), set1(u->decay), set1(u->rate),    set1(u->beta1),        set1(u->keep1),
                  set1(u->beta2), set1(u->keep2), set1(u->epsilon), _mm512_setzero_si512()};
}

static inline void adam_step(adam16 *a, float *w, float *m, float *v, __m512 sum) {
  const __m512 old = _mm512_load_ps(w);
  const __m512 g = _mm512_add_ps(_mm512_mul_ps(a->scale, sum), _mm512_mul_ps(a->decay, old));
  const __m512 m1 =
      without_denormals(_mm512_add_ps(_mm512_mul_ps(a->beta1, _mm512_load_ps(m)), _mm512_mul_ps(a->keep1, g)));
  const __m512 v1 = without_denormals(
      _mm512_add_ps(_mm512_mul_ps(a->beta2, _mm512_load_ps(v)), _mm512_mul_ps(a->keep2, _mm512_mul_ps(g, g))));
  const __m512 step = _mm512_div_ps(_mm512_mul_ps(a->rate, m1), _mm512_add_ps(_mm512_sqrt_ps(v1), a->epsilon));
  const __m512 w1 = _mm512_sub_ps(old, step);
  _mm512_store_ps(m, m1);
  _mm512_store_ps(v, v1);
  _mm512_store_ps(w, w1);
  a->peak = larger(larger(larger(a->peak, v1), m1), w1);
}

static float adam(const vpfi_parameters *p, const float *sum, size_t sum_stride, const vpfi_update *update) {
  adam16 a = adam_begin(update);
  for (size_t row = 0; row < p->rows; row++, sum += sum_stride)
    for (size_t k = 0, at = row * p->stride; k < p->cols; k += W)
      adam_step(&a, p->w + at + k, p->m + at + k, p->v + at + k, _mm512_load_ps(sum + k));
  return largest(a.peak);
}

/* Columns j .. j + vectors * W - 1. The sums never leave their registers, and the divisions of one row run beside
 * the additions of the next. */
static inline __attribute__((always_inline)) void adam_tile(adam16 *a, const vpfi_parameters *p, const vpfi_selection *s,
                                                            size_t j, const int vectors) {
  for (size_t k = 0; k < s->count; k++) {
    const size_t at = k * p->stride + j;
    __m512 sum[8];
    select_sum(sum, s, k, j, vectors);
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) adam_step(a, p->w + at + v * W, p->m + at + v * W, p->v + at + v * W, sum[v]);
  }
}

static float adam_selected(const vpfi_parameters *p, const vpfi_selection *s, const vpfi_update *update) {
  adam16 a = adam_begin(update);
  size_t left = s->width / W, j = 0;
  for (size_t tiles = (left + 7) / 8; tiles > 0; tiles--) {
    const size_t vectors = (left + tiles - 1) / tiles;
    switch (vectors) {
      case 1: adam_tile(&a, p, s, j, 1); break;
      case 2: adam_tile(&a, p, s, j, 2); break;
      case 3: adam_tile(&a, p, s, j, 3); break;
      case 4: adam_tile(&a, p, s, j, 4); break;
      case 5: adam_tile(&a, p, s, j, 5); break;
      case 6: adam_tile(&a, p, s, j, 6); break;
      case 7: adam_tile(&a, p, s, j, 7); break;
      default: adam_tile(&a, p, s, j, 8);
    }
    j += vectors * W;
    left -= vectors;
  }
  return largest(a.peak);
}

static float sgd(const vpfi_parameters *p, const float *sum, size_t sum_stride, const vpfi_update *update) {
  const __m512 scale = set1(update->scale), decay = set1(update->decay), rate = set1(update->rate);
  const __m512 momentum = set1(update->momentum);
  __m512i peak = _mm512_setzero_si512();
  for (size_t row = 0; row < p->rows; row++, sum += sum_stride) {
    float *w = p->w + row * p->stride, *m = p->m + row * p->stride;
    for (size_t k = 0; k < p->cols; k += W) {
      const __m512 old = _mm512_load_ps(w + k);
      const __m512 g = _mm512_add_ps(_mm512_mul_ps(scale, _mm512_load_ps(sum + k)), _mm512_mul_ps(decay, old));
      const __m512 m1 = without_denormals(_mm512_add_ps(_mm512_mul_ps(momentum, _mm512_load_ps(m + k)), g));
      const __m512 w1 = _mm512_sub_ps(old, _mm512_mul_ps(rate, m1));
      _mm512_store_ps(m + k, m1);
      _mm512_store_ps(w + k, w1);
      peak = larger(larger(peak, m1), w1);
    }
  }
  return largest(peak);
}

/* Rows and columns are multiples of 8, not of 16: whole blocks, and the rest one by one. */
static void transpose(float *to, size_t to_stride, const float *from, size_t from_stride, size_t rows,
                      size_t cols) {
  const size_t whole_rows = rows / W * W, whole_cols = cols / W * W;
  for (size_t i = 0; i < whole_rows; i += W)
    for (size_t j = 0; j < whole_cols; j += W) {
      __m512 column[W];
      load_transposed16(column, from + i * from_stride + j, from_stride);
      for (size_t k = 0; k < W; k++) _mm512_storeu_ps(to + (j + k) * to_stride + i, column[k]);
    }
  for (size_t j = 0; j < cols; j++)
    for (size_t i = j < whole_cols ? whole_rows : 0; i < rows; i++) to[j * to_stride + i] = from[i * from_stride + j];
}

const vpfi_kernels vpfi_kernels_avx512 = {
    .name = "avx512",
    .sum_rows = sum_rows,
    .sum_selected = sum_selected,
    .sum_grouped = sum_grouped,
    .tabulate = tabulate,
    .add_row = add_row,
    .sweep = sweep,
    .rates = rates,
    .random = random_words,
    .thresholds = thresholds,
    .sigmoid = sigmoid,
    .temper = temper,
    .softplus_change = softplus_change,
    .draw = draw,
    .adam = adam,
    .adam_selected = adam_selected,
    .sgd = sgd,
    .transpose = transpose,
    .add_transposed = add_transposed,
};
