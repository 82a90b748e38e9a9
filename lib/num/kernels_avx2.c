/* SPDX-License-Identifier: MIT */
/* AVX2. Each kernel adds in the order of its reference, so it gives the same bits; what is won is
 * width, and sums that stay in registers over all selected rows. */
#include "num/kernels_avx2.h"

#include "num/bits.h"

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
    .sweep = vpfi_avx2_sweep,
    .rates = rates,
    .random = vpfi_avx2_random,
    .thresholds = vpfi_avx2_thresholds,
    .sigmoid = vpfi_avx2_sigmoid,
    .temper = vpfi_avx2_temper,
    .softplus_change = vpfi_avx2_softplus_change,
    .draw = vpfi_avx2_draw,
    .adam = adam,
    .adam_selected = adam_selected,
    .sgd = sgd,
    .transpose = transpose,
    .add_transposed = add_transposed,
};
