/* SPDX-License-Identifier: MIT */
/* AVX2. Each kernel adds in the order of its reference, so it gives the same bits; what is won is
 * width, and sums that stay in registers over all selected rows. */
#include <immintrin.h>

#include "num/bits.h"
#include "num/elementary.h"
#include "num/kernels.h"

enum { W = 8 }; /* floats in a vector */

static inline __m256 set1(float x) {
  return _mm256_set1_ps(x);
}

/* The same operations as vpfi_expf(). */
static inline __m256 exp8(__m256 x) {
  const __m256 shifted = _mm256_add_ps(_mm256_mul_ps(x, set1(VPFI_LOG2E)), set1(VPFI_ROUND));
  const __m256 n = _mm256_sub_ps(shifted, set1(VPFI_ROUND));
  const __m256 r = _mm256_sub_ps(_mm256_sub_ps(x, _mm256_mul_ps(n, set1(VPFI_LN2_HI))),
                                 _mm256_mul_ps(n, set1(VPFI_LN2_LO)));
  __m256 p = set1(VPFI_EXP_P0);
  p = _mm256_add_ps(_mm256_mul_ps(p, r), set1(VPFI_EXP_P1));
  p = _mm256_add_ps(_mm256_mul_ps(p, r), set1(VPFI_EXP_P2));
  p = _mm256_add_ps(_mm256_mul_ps(p, r), set1(VPFI_EXP_P3));
  p = _mm256_add_ps(_mm256_mul_ps(p, r), set1(VPFI_EXP_P4));
  p = _mm256_add_ps(_mm256_mul_ps(p, r), set1(VPFI_EXP_P5));
  p = _mm256_add_ps(_mm256_mul_ps(p, _mm256_mul_ps(r, r)), r);
  p = _mm256_add_ps(p, set1(1.0f));
  const __m256i scale = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), scale));
}

/* The same operations as vpfi_logf(). */
static inline __m256 log8(__m256 x) {
  const __m256i sqrt_half = _mm256_set1_epi32((int)VPFI_SQRT_HALF_BITS);
  const __m256i offset = _mm256_sub_epi32(_mm256_castps_si256(x), sqrt_half);
  const __m256 e = _mm256_cvtepi32_ps(_mm256_srai_epi32(offset, 23));
  const __m256i mantissa = _mm256_add_epi32(_mm256_and_si256(offset, _mm256_set1_epi32(0x007fffff)), sqrt_half);
  const __m256 f = _mm256_sub_ps(_mm256_castsi256_ps(mantissa), set1(1.0f));
  const __m256 f2 = _mm256_mul_ps(f, f);
  __m256 p = set1(VPFI_LOG_P0);
  p = _mm256_add_ps(_mm256_mul_ps(p, f), set1(VPFI_LOG_P1));
  p = _mm256_add_ps(_mm256_mul_ps(p, f), set1(VPFI_LOG_P2));
  p = _mm256_add_ps(_mm256_mul_ps(p, f), set1(VPFI_LOG_P3));
  p = _mm256_add_ps(_mm256_mul_ps(p, f), set1(VPFI_LOG_P4));
  p = _mm256_add_ps(_mm256_mul_ps(p, f), set1(VPFI_LOG_P5));
  p = _mm256_add_ps(_mm256_mul_ps(p, f), set1(VPFI_LOG_P6));
  p = _mm256_add_ps(_mm256_mul_ps(p, f), set1(VPFI_LOG_P7));
  p = _mm256_add_ps(_mm256_mul_ps(p, f), set1(VPFI_LOG_P8));
  __m256 y = _mm256_mul_ps(_mm256_mul_ps(p, f), f2);
  y = _mm256_add_ps(y, _mm256_mul_ps(e, set1(VPFI_LN2_LO)));
  y = _mm256_sub_ps(y, _mm256_mul_ps(set1(0.5f), f2));
  return _mm256_add_ps(_mm256_add_ps(f, y), _mm256_mul_ps(e, set1(VPFI_LN2_HI)));
}

/* All ones in lane k where bit k of the byte is set. */
static inline __m256 byte_mask(unsigned byte) {
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  const __m256i set = _mm256_and_si256(_mm256_set1_epi32((int)byte), bit);
  return _mm256_castsi256_ps(_mm256_cmpeq_epi32(set, bit));
}

enum { MOST = 7 }; /* pairs of vectors of a tile */

/* Sums of `vectors` (a constant) stay in registers over all rows. */
static inline __attribute__((always_inline)) void sum_tile(float *z, const float *start, const float *matrix, size_t stride,
                                                           const uint32_t *index, size_t count, const int vectors) {
  __m256 sum[14];
#pragma GCC unroll 16
  for (int v = 0; v < vectors; v++) sum[v] = start ? _mm256_load_ps(start + v * W) : _mm256_setzero_ps();
  for (size_t k = 0; k < count; k++) {
    const float *row = matrix + index[k] * stride;
#pragma GCC unroll 16
    for (int v = 0; v < vectors; v++) sum[v] = _mm256_add_ps(sum[v], _mm256_load_ps(row + v * W));
  }
#pragma GCC unroll 16
  for (int v = 0; v < vectors; v++) _mm256_store_ps(z + v * W, sum[v]);
}

/* In as few tiles as registers allow, all about as wide; a width is an even number of vectors. */
static void sum_rows(float *z, const float *start, const float *matrix, size_t stride, size_t width,
                     const uint32_t *index, size_t count) {
  size_t left = width / (2 * W);
  for (size_t tiles = (left + MOST - 1) / MOST; tiles > 0; tiles--) {
    const size_t pairs = (left + tiles - 1) / tiles;
    switch (pairs) {
      case 1: sum_tile(z, start, matrix, stride, index, count, 2); break;
      case 2: sum_tile(z, start, matrix, stride, index, count, 4); break;
      case 3: sum_tile(z, start, matrix, stride, index, count, 6); break;
      case 4: sum_tile(z, start, matrix, stride, index, count, 8); break;
      case 5: sum_tile(z, start, matrix, stride, index, count, 10); break;
      case 6: sum_tile(z, start, matrix, stride, index, count, 12); break;
      default: sum_tile(z, start, matrix, stride, index, count, 2 * MOST);
    }
    z += pairs * 2 * W;
    matrix += pairs * 2 * W;
    if (start) start += pairs * 2 * W;
    left -= pairs;
  }
}

/* Columns j .. j + vectors * W - 1. */
static inline __attribute__((always_inline)) void select_tile(const vpfi_selection *s, size_t j, const int vectors) {
  const size_t words = vpfi_bits_words(s->rows);
  for (size_t k = 0; k < s->count; k++) {
    float *to = s->out + k * s->out_stride + j;
    __m256 sum[14];
#pragma GCC unroll 16
    for (int v = 0; v < vectors; v++)
      sum[v] = s->start ? _mm256_load_ps(s->start + k * s->start_stride + j + v * W) : _mm256_setzero_ps();
    for (size_t w = 0; w < words; w++)
      for (uint64_t rest = s->bits[k * s->words + w]; rest; rest &= rest - 1) {
        const float *row = s->matrix + (64 * w + (size_t)__builtin_ctzll(rest)) * s->stride + j;
#pragma GCC unroll 16
        for (int v = 0; v < vectors; v++) sum[v] = _mm256_add_ps(sum[v], _mm256_load_ps(row + v * W));
      }
#pragma GCC unroll 16
    for (int v = 0; v < vectors; v++) _mm256_store_ps(to + v * W, sum[v]);
  }
}

static void sum_selected(const vpfi_selection *s) {
  size_t left = s->width / (2 * W), j = 0;
  for (size_t tiles = (left + MOST - 1) / MOST; tiles > 0; tiles--) {
    const size_t pairs = (left + tiles - 1) / tiles;
    switch (pairs) {
      case 1: select_tile(s, j, 2); break;
      case 2: select_tile(s, j, 4); break;
      case 3: select_tile(s, j, 6); break;
      case 4: select_tile(s, j, 8); break;
      case 5: select_tile(s, j, 10); break;
      case 6: select_tile(s, j, 12); break;
      default: select_tile(s, j, 2 * MOST);
    }
    j += pairs * (2 * W);
    left -= pairs;
  }
}

/* The 16 possible sums of the rows of a group, in one vector of columns: table[on * step ...]. */
static inline void tabulate_group(float *table, size_t step, const float *group, size_t stride, size_t rows) {
  __m256 sum[16];
  for (size_t k = 0; k < VPFI_GROUP; k++) {
    sum[1 << k] = k < rows ? _mm256_load_ps(group + k * stride) : _mm256_setzero_ps();
    for (int on = 1; on < 1 << k; on++) sum[(1 << k) + on] = _mm256_add_ps(sum[on], sum[1 << k]);
  }
  sum[0] = set1(-0.0f);
#pragma GCC unroll 16
  for (size_t on = 0; on < 16; on++) _mm256_store_ps(table + on * step, sum[on]);
}

static void tabulate(float *table, const float *matrix, size_t stride, size_t rows, size_t width) {
  for (size_t row = 0; row < rows; row += VPFI_GROUP, table += 16 * width)
    for (size_t j = 0; j < width; j += W)
      tabulate_group(table + j, width, matrix + row * stride + j, stride, rows - row);
}

enum { TABLES = 10, COLUMNS = 4 }; /* groups and vectors at a time: 20 KiB of a first-level cache of 32 */

/* `vectors` (a constant) of columns, a few groups at a time. */
static inline __attribute__((always_inline)) void sum_grouped_tile(const vpfi_selection *s, size_t j,
                                                                   const int vectors) {
  _Alignas(64) float table[TABLES * 16 * COLUMNS * W];
  size_t left = (s->rows + VPFI_GROUP - 1) / VPFI_GROUP, first = 0;
  const float *start = s->start ? s->start + j : NULL;
  size_t start_stride = s->start_stride;
  for (size_t parts = (left + TABLES - 1) / TABLES; parts > 0; parts--) {
    const size_t groups = (left + parts - 1) / parts;
    for (size_t g = 0; g < groups; g++)
      for (size_t v = 0; v < (size_t)vectors; v++)
        tabulate_group(table + (g * 16 * COLUMNS + v) * W, COLUMNS * W,
                       s->matrix + (first + g) * VPFI_GROUP * s->stride + j + v * W, s->stride,
                       s->rows - (first + g) * VPFI_GROUP);
    for (size_t k = 0; k < s->count; k++) {
      float *to = s->out + k * s->out_stride + j;
      uint64_t on = vpfi_bits_nibbles(s->bits + k * s->words, first, groups);
      __m256 sum[COLUMNS];
      for (int v = 0; v < vectors; v++)
        sum[v] = start ? _mm256_load_ps(start + k * start_stride + v * W) : _mm256_setzero_ps();
      for (const float *t = table; t < table + groups * 16 * COLUMNS * W; t += 16 * COLUMNS * W, on >>= VPFI_GROUP)
        for (int v = 0; v < vectors; v++)
          sum[v] = _mm256_add_ps(sum[v], _mm256_load_ps(t + ((on & 15) * COLUMNS + (size_t)v) * W));
      for (int v = 0; v < vectors; v++) _mm256_store_ps(to + v * W, sum[v]);
    }
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
    __m256 sum[6], group[6];
#pragma GCC unroll 16
    for (int v = 0; v < vectors; v++)
      sum[v] = s->start ? _mm256_load_ps(s->start + k * s->start_stride + j + v * W) : _mm256_setzero_ps();
    for (size_t w = 0; w < words; w++)
      for (uint64_t rest = s->bits[k * s->words + w]; rest;) {
        const unsigned bit = (unsigned)__builtin_ctzll(rest), at = bit & ~3u;
        const float *rows = s->matrix + (64 * w + at) * s->stride + j, *row = rows + (bit - at) * s->stride;
        unsigned on = (unsigned)(rest >> at) & 15;
        rest &= ~((uint64_t)15 << at);
#pragma GCC unroll 16
        for (int v = 0; v < vectors; v++) group[v] = _mm256_load_ps(row + v * W);
        for (on &= on - 1; on; on &= on - 1) {
          row = rows + (unsigned)__builtin_ctz(on) * s->stride;
#pragma GCC unroll 16
          for (int v = 0; v < vectors; v++) group[v] = _mm256_add_ps(group[v], _mm256_load_ps(row + v * W));
        }
#pragma GCC unroll 16
        for (int v = 0; v < vectors; v++) sum[v] = _mm256_add_ps(sum[v], group[v]);
      }
#pragma GCC unroll 16
    for (int v = 0; v < vectors; v++) _mm256_store_ps(to + v * W, sum[v]);
  }
}

enum { FEW = 8 }; /* rows of bits for which tables do not pay */

static void sum_grouped(const vpfi_selection *s) {
  size_t j = 0;
  if (s->count < FEW) {
    for (; j + 6 * W <= s->width; j += 6 * W) sum_groups_tile(s, j, 6);
    for (; j < s->width; j += 2 * W) sum_groups_tile(s, j, 2);
  }
  for (; j + 4 * W <= s->width; j += 4 * W) sum_grouped_tile(s, j, 4);
  if (j < s->width) sum_grouped_tile(s, j, 2);
}

static void add_row(float *z, const float *row, bool on, size_t width) {
  const __m256 sign = on ? _mm256_setzero_ps() : set1(-0.0f); /* a - b is a + (-b), to the bit */
  for (size_t j = 0; j < width; j += W)
    _mm256_store_ps(z + j, _mm256_add_ps(_mm256_load_ps(z + j), _mm256_xor_ps(_mm256_load_ps(row + j), sign)));
}

/* Units of one vector that have flipped: their rows of u are added, or, with their signs changed, subtracted. */
typedef struct flips {
  size_t count;
  const float *row[W];
  float sign[W]; /* 0 to add, -0 to subtract: x - y is x + (-y), to the bit */
} flips;

/* `vectors` (a constant) of fields from j on. */
static inline __attribute__((always_inline)) void spread_tile(float *z, size_t j, const flips *f, const int vectors) {
  __m256 field[4];
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) field[v] = _mm256_load_ps(z + j + v * W);
  for (size_t k = 0; k < f->count; k++) {
    const __m256 sign = set1(f->sign[k]);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++)
      field[v] = _mm256_add_ps(field[v], _mm256_xor_ps(_mm256_load_ps(f->row[k] + j + v * W), sign));
  }
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) _mm256_store_ps(z + j + v * W, field[v]);
}

static void spread_flips(float *z, size_t from, size_t to, const flips *f) {
  size_t j = from;
  for (; j + 4 * W <= to; j += 4 * W) spread_tile(z, j, f, 4);
  for (; j < to; j += W) spread_tile(z, j, f, 1);
}

static inline unsigned lanes_below(size_t j, size_t n) {
  return j + W <= n ? 0xff : j < n ? (1u << (n - j)) - 1 : 0;
}

/* Flips within a vector follow each other in a register; what they change in the others waits until the
 * vector is done. Each field gets its changes in the order of the flips either way. */
static void sweep(uint64_t *bits, float *z, const float *t, const float *u, size_t n, size_t width,
                  const uint64_t *clamped, float *drawn_with, bool keep) {
  for (size_t first = 0; first < n; first += W) {
    const __m256 threshold = _mm256_load_ps(t + first);
    __m256 field = _mm256_load_ps(z + first);
    const unsigned shift = first % 64, before = (unsigned)(bits[first / 64] >> shift) & 0xff;
    unsigned now = before, left = lanes_below(first, n);
    const unsigned drawable = left & ~(clamped ? (unsigned)(clamped[first / 64] >> shift) : 0);
    flips f;
    f.count = 0;
    for (;;) {
      const unsigned on = (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(field, threshold, _CMP_GT_OQ));
      const unsigned change = (on ^ now) & drawable & left;
      if (drawn_with) /* those before are final */
        _mm256_maskstore_ps(drawn_with + first, _mm256_castps_si256(byte_mask(left)), field);
      if (change == 0) break;
      const unsigned lane = (unsigned)__builtin_ctz(change), bit = change & -change;
      f.row[f.count] = u + (first + lane) * width;
      f.sign[f.count] = vpfi_bits_float((~on >> lane) << 31);
      field = _mm256_add_ps(field, _mm256_xor_ps(_mm256_load_ps(f.row[f.count] + first), set1(f.sign[f.count])));
      f.count++;
      now ^= bit;
      left &= ~(bit | (bit - 1));
    }
    _mm256_store_ps(z + first, field);
    bits[first / 64] ^= (uint64_t)(now ^ before) << shift;
    if (keep) spread_flips(z, 0, first, &f);
    spread_flips(z, first + W, width, &f);
  }
}

static bool rates(float *gain, size_t stride, const uint64_t *bits, size_t words, size_t first, size_t n, size_t width,
                  size_t rows, double *flow) {
  const __m256 half = set1(0.5f), sign = set1(-0.0f), limit = set1(VPFI_FIELD_LIMIT);
  __m256 lane[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()}, beyond = _mm256_setzero_ps();
  for (size_t r = 0; r < rows; r++, gain += stride, bits += words)
    for (size_t j = 0; j < width; j += W) {
      const __m256 field = _mm256_load_ps(gain + j);
      const unsigned on = j < n ? (unsigned)(bits[(first + j) / 64] >> ((first + j) % 64)) & 0xff : 0;
      const __m256 alpha = _mm256_xor_ps(half, _mm256_and_ps(byte_mask(on), sign));
      const __m256 exists = byte_mask(lanes_below(j, n));
      const __m256 delta = _mm256_and_ps(exp8(_mm256_mul_ps(alpha, field)), exists);
      const __m256 too_large = _mm256_cmp_ps(_mm256_andnot_ps(sign, field), limit, _CMP_NLE_UQ);
      beyond = _mm256_or_ps(beyond, _mm256_and_ps(too_large, exists));
      _mm256_store_ps(gain + j, _mm256_and_ps(_mm256_mul_ps(alpha, delta), exists));
      lane[j / W % 2] = _mm256_add_ps(lane[j / W % 2], delta);
    }
  float sums[VPFI_KERNEL_LANES];
  _mm256_storeu_ps(sums, lane[0]);
  _mm256_storeu_ps(sums + W, lane[1]);
  *flow = 0;
  for (size_t k = 0; k < VPFI_KERNEL_LANES; k++) *flow += (double)sums[k];
  return _mm256_movemask_ps(beyond) == 0;
}

/* The four words of eight counters, word k of each in x[k]. */
typedef struct philox8 {
  __m256i x[4];
} philox8;

/* high and low halves of the products of eight lanes with m */
static inline void multiply(__m256i a, uint32_t m, __m256i *high, __m256i *low) {
  const __m256i factor = _mm256_set1_epi32((int)m);
  const __m256i even = _mm256_mul_epu32(a, factor), odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), factor);
  *low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
  *high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
}

/* Philox4x32-10 (Salmon et al. 2011), as Random123 computes it in vpfi_rng_block(). */
static inline philox8 philox_ten_rounds(philox8 c, uint64_t key) {
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int round = 0; round < 10; round++) {
    __m256i high0, low0, high1, low1;
    multiply(c.x[0], 0xd2511f53u, &high0, &low0);
    multiply(c.x[2], 0xcd9e8d57u, &high1, &low1);
    c.x[0] = _mm256_xor_si256(_mm256_xor_si256(high1, c.x[1]), _mm256_set1_epi32((int)k0));
    c.x[1] = low1;
    c.x[2] = _mm256_xor_si256(_mm256_xor_si256(high0, c.x[3]), _mm256_set1_epi32((int)k1));
    c.x[3] = low0;
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  return c;
}

/* Eight counters from block on: 32 words, counter after counter. */
static inline void philox_blocks(__m256i out[4], uint64_t stream, uint32_t pass, uint64_t row, uint32_t block) {
  const __m256i step = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const philox8 counter = {{_mm256_add_epi32(_mm256_set1_epi32((int)block), step), _mm256_set1_epi32((int)pass),
                            _mm256_set1_epi32((int)(uint32_t)row), _mm256_set1_epi32((int)(uint32_t)(row >> 32))}};
  const philox8 r = philox_ten_rounds(counter, stream);
  const __m256i a = _mm256_unpacklo_epi32(r.x[0], r.x[1]), b = _mm256_unpackhi_epi32(r.x[0], r.x[1]);
  const __m256i c = _mm256_unpacklo_epi32(r.x[2], r.x[3]), d = _mm256_unpackhi_epi32(r.x[2], r.x[3]);
  const __m256i b04 = _mm256_unpacklo_epi64(a, c), b15 = _mm256_unpackhi_epi64(a, c);
  const __m256i b26 = _mm256_unpacklo_epi64(b, d), b37 = _mm256_unpackhi_epi64(b, d);
  out[0] = _mm256_permute2x128_si256(b04, b15, 0x20);
  out[1] = _mm256_permute2x128_si256(b26, b37, 0x20);
  out[2] = _mm256_permute2x128_si256(b04, b15, 0x31);
  out[3] = _mm256_permute2x128_si256(b26, b37, 0x31);
}

static void random_words(uint32_t *out, uint64_t stream, uint32_t pass, uint64_t row, uint32_t first_block,
                         size_t blocks) {
  for (size_t b = 0; b < blocks; b += 8) {
    __m256i word[4];
    philox_blocks(word, stream, pass, row, first_block + (uint32_t)b);
    const int vectors = blocks - b < 8 ? 2 : 4;
    for (int k = 0; k < vectors; k++) _mm256_storeu_si256((__m256i *)(void *)(out + 4 * b + (size_t)k * W), word[k]);
  }
}

static void thresholds(float *t, const uint32_t *random, size_t width) {
  const __m256i most = _mm256_set1_epi32(INT32_MAX);
  for (size_t j = 0; j < width; j += W) {
    const __m256i k = _mm256_srli_epi32(_mm256_loadu_si256((const __m256i *)(const void *)(random + j)), 1);
    const __m256 on = _mm256_add_ps(_mm256_cvtepi32_ps(k), set1(0.5f));
    const __m256 off = _mm256_add_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(most, k)), set1(0.5f));
    _mm256_store_ps(t + j, log8(_mm256_div_ps(on, off)));
  }
}

static void sigmoid(float *out, const float *z, float scale, size_t n, size_t width) {
  const __m256 one = set1(1.0f), sign = set1(-0.0f), most = set1(87.0f), least = set1(-87.0f);
  for (size_t j = 0; j < width; j += W) {
    /* min and max return their second operand for NaN, as the comparisons of vpfi_sigmoidf() do */
    const __m256 bounded = _mm256_max_ps(least, _mm256_min_ps(most, _mm256_load_ps(z + j)));
    const __m256 mean = _mm256_div_ps(one, _mm256_add_ps(one, exp8(_mm256_xor_ps(bounded, sign))));
    const unsigned real = j + W <= n ? 0xff : j < n ? (1u << (n - j)) - 1 : 0;
    _mm256_store_ps(out + j, _mm256_and_ps(_mm256_mul_ps(set1(scale), mean), byte_mask(real)));
  }
}

static void temper(float *z, const float *base, const float *f, float beta, size_t width) {
  for (size_t j = 0; j < width; j += W)
    _mm256_store_ps(z + j, _mm256_add_ps(_mm256_load_ps(base + j), _mm256_mul_ps(set1(beta), _mm256_load_ps(f + j))));
}

/* Eight lanes of softplus_lane in kernels_reference.c. */
typedef struct softplus8 {
  __m256 above, product_b, product_a;
} softplus8;

static inline __m256 softplus_factor(__m256 z) {
  const __m256 sign = set1(-0.0f);
  const __m256 size = _mm256_min_ps(_mm256_andnot_ps(sign, z), set1(87.0f));
  return _mm256_add_ps(set1(1.0f), exp8(_mm256_xor_ps(size, sign)));
}

/* Lanes that do not exist (mask 0) gather 0 and factors of 1. */
static inline void softplus_add(softplus8 *lane, __m256 base, __m256 f, __m256 from, __m256 to, __m256 exists) {
  const __m256 zero = _mm256_setzero_ps(), one = set1(1.0f);
  const __m256 a = _mm256_add_ps(base, _mm256_mul_ps(from, f)), b = _mm256_add_ps(base, _mm256_mul_ps(to, f));
  const __m256 above = _mm256_sub_ps(_mm256_max_ps(b, zero), _mm256_max_ps(a, zero));
  lane->above = _mm256_add_ps(lane->above, _mm256_and_ps(above, exists));
  lane->product_b = _mm256_mul_ps(lane->product_b, _mm256_blendv_ps(one, softplus_factor(b), exists));
  lane->product_a = _mm256_mul_ps(lane->product_a, _mm256_blendv_ps(one, softplus_factor(a), exists));
}

static double flush_lanes(softplus8 lane[2]) {
  double sum = 0;
  for (int half = 0; half < 2; half++) {
    float part[W];
    const __m256 logs = _mm256_sub_ps(log8(lane[half].product_b), log8(lane[half].product_a));
    _mm256_storeu_ps(part, _mm256_add_ps(lane[half].above, logs));
    for (int k = 0; k < W; k++) sum += (double)part[k];
    lane[half] = (softplus8){_mm256_setzero_ps(), set1(1.0f), set1(1.0f)};
  }
  return sum;
}

static double softplus_change(const float *base, const float *f, float from, float to, size_t n) {
  const __m256 start = set1(from), end = set1(to), all = byte_mask(0xff);
  softplus8 lane[2] = {{_mm256_setzero_ps(), set1(1.0f), set1(1.0f)}, {_mm256_setzero_ps(), set1(1.0f), set1(1.0f)}};
  double sum = 0;
  for (size_t j = 0; j < n; j += W) {
    const __m256 exists = j + W <= n ? all : byte_mask((1u << (n - j)) - 1);
    softplus_add(&lane[j / W % 2], _mm256_load_ps(base + j), _mm256_load_ps(f + j), start, end, exists);
    if ((j + W) % VPFI_SOFTPLUS_FLUSH == 0 && j + W <= n) sum += flush_lanes(lane);
  }
  return sum + flush_lanes(lane);
}

static void draw(uint64_t *bits, const float *z, const float *t, size_t n) {
  for (size_t first = 0; first < n; first += 64) {
    const size_t left = n - first;
    uint64_t word = 0;
    for (size_t j = 0; j < 64 && j < left; j += W) {
      const __m256 on = _mm256_cmp_ps(_mm256_load_ps(z + first + j), _mm256_load_ps(t + first + j), _CMP_GT_OQ);
      word |= (uint64_t)(unsigned)_mm256_movemask_ps(on) << j;
    }
    bits[first / 64] = left < 64 ? word & (((uint64_t)1 << left) - 1) : word;
  }
}

static inline void load_transposed8(__m256 column[W], const float *from, size_t stride) {
  __m256 r[W], s[W];
  for (int k = 0; k < W; k++) r[k] = _mm256_loadu_ps(from + (size_t)k * stride);
  for (int k = 0; k < W; k += 2) {
    s[k] = _mm256_unpacklo_ps(r[k], r[k + 1]);
    s[k + 1] = _mm256_unpackhi_ps(r[k], r[k + 1]);
  }
  for (int k = 0; k < W; k += 4) {
    r[k] = _mm256_shuffle_ps(s[k], s[k + 2], 0x44);
    r[k + 1] = _mm256_shuffle_ps(s[k], s[k + 2], 0xee);
    r[k + 2] = _mm256_shuffle_ps(s[k + 1], s[k + 3], 0x44);
    r[k + 3] = _mm256_shuffle_ps(s[k + 1], s[k + 3], 0xee);
  }
  for (int k = 0; k < 4; k++) {
    column[k] = _mm256_permute2f128_ps(r[k], r[k + 4], 0x20);
    column[k + 4] = _mm256_permute2f128_ps(r[k], r[k + 4], 0x31);
  }
}

static void add_transposed(float *to, size_t to_stride, const float *from, size_t from_stride, size_t rows,
                           size_t cols) {
  for (size_t i = 0; i < rows; i += W)
    for (size_t j = 0; j < cols; j += W) {
      __m256 column[W];
      load_transposed8(column, from + i * from_stride + j, from_stride);
      for (size_t k = 0; k < W; k++) {
        float *at = to + (j + k) * to_stride + i;
        _mm256_store_ps(at, _mm256_add_ps(_mm256_load_ps(at), column[k]));
      }
    }
}

static inline __m256 magnitude(__m256 x) {
  return _mm256_andnot_ps(set1(-0.0f), x);
}

static inline __m256 without_denormals(__m256 moment) {
  return _mm256_andnot_ps(_mm256_cmp_ps(magnitude(moment), set1(1e-30f), _CMP_LT_OQ), moment);
}

static inline __m256i larger(__m256i peak, __m256 x) {
  return _mm256_max_epi32(peak, _mm256_castps_si256(magnitude(x)));
}

static float largest(__m256i peak) {
  int32_t lane[W], most = 0;
  _mm256_storeu_si256((__m256i *)(void *)lane, peak);
  for (int k = 0; k < W; k++) most = lane[k] > most ? lane[k] : most;
  return vpfi_bits_float((uint32_t)most);
}

static float adam(const vpfi_parameters *p, const float *sum, size_t sum_stride, const vpfi_update *update) {
  const __m256 scale = set1(update->scale), decay = set1(update->decay), rate = set1(update->rate);
  const __m256 beta1 = set1(update->beta1), keep1 = set1(update->keep1);
  const __m256 beta2 = set1(update->beta2), keep2 = set1(update->keep2), epsilon = set1(update->epsilon);
  __m256i peak = _mm256_setzero_si256();
  for (size_t row = 0; row < p->rows; row++, sum += sum_stride) {
    float *w = p->w + row * p->stride, *m = p->m + row * p->stride, *v = p->v + row * p->stride;
    for (size_t k = 0; k < p->cols; k += W) {
      const __m256 old = _mm256_load_ps(w + k);
      const __m256 g = _mm256_add_ps(_mm256_mul_ps(scale, _mm256_load_ps(sum + k)), _mm256_mul_ps(decay, old));
      const __m256 m1 = without_denormals(
          _mm256_add_ps(_mm256_mul_ps(beta1, _mm256_load_ps(m + k)), _mm256_mul_ps(keep1, g)));
      const __m256 v1 = without_denormals(
          _mm256_add_ps(_mm256_mul_ps(beta2, _mm256_load_ps(v + k)), _mm256_mul_ps(keep2, _mm256_mul_ps(g, g))));
      const __m256 step = _mm256_div_ps(_mm256_mul_ps(rate, m1), _mm256_add_ps(_mm256_sqrt_ps(v1), epsilon));
      const __m256 w1 = _mm256_sub_ps(old, step);
      _mm256_store_ps(m + k, m1);
      _mm256_store_ps(v + k, v1);
      _mm256_store_ps(w + k, w1);
      peak = larger(larger(larger(peak, v1), m1), w1);
    }
  }
  return largest(peak);
}

/* Registers do not hold both: one after the other. */
static float adam_selected(const vpfi_parameters *p, const vpfi_selection *sum, const vpfi_update *update) {
  sum_selected(sum);
  return adam(p, sum->out, sum->out_stride, update);
}

static float sgd(const vpfi_parameters *p, const float *sum, size_t sum_stride, const vpfi_update *update) {
  const __m256 scale = set1(update->scale), decay = set1(update->decay), rate = set1(update->rate);
  const __m256 momentum = set1(update->momentum);
  __m256i peak = _mm256_setzero_si256();
  for (size_t row = 0; row < p->rows; row++, sum += sum_stride) {
    float *w = p->w + row * p->stride, *m = p->m + row * p->stride;
    for (size_t k = 0; k < p->cols; k += W) {
      const __m256 old = _mm256_load_ps(w + k);
      const __m256 g = _mm256_add_ps(_mm256_mul_ps(scale, _mm256_load_ps(sum + k)), _mm256_mul_ps(decay, old));
      const __m256 m1 = without_denormals(_mm256_add_ps(_mm256_mul_ps(momentum, _mm256_load_ps(m + k)), g));
      const __m256 w1 = _mm256_sub_ps(old, _mm256_mul_ps(rate, m1));
      _mm256_store_ps(m + k, m1);
      _mm256_store_ps(w + k, w1);
      peak = larger(larger(peak, m1), w1);
    }
  }
  return largest(peak);
}

static void transpose(float *to, size_t to_stride, const float *from, size_t from_stride, size_t rows,
                      size_t cols) {
  for (size_t i = 0; i < rows; i += W)
    for (size_t j = 0; j < cols; j += W) {
      __m256 column[W];
      load_transposed8(column, from + i * from_stride + j, from_stride);
      for (size_t k = 0; k < W; k++) _mm256_store_ps(to + (j + k) * to_stride + i, column[k]);
    }
}

const vpfi_kernels vpfi_kernels_avx2 = {
    .name = "avx2",
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
