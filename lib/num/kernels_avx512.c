/* SPDX-License-Identifier: MIT */
/* AVX-512: as kernels_avx2.c, twice as wide. One vector holds all VPFI_KERNEL_LANES lanes of a sum, so
 * the order of additions is that of the reference here too. */
#include "num/kernels_avx512.h"

#include "num/bits.h"

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
    .sweep = vpfi_avx512_sweep,
    .rates = rates,
    .random = vpfi_avx512_random,
    .thresholds = vpfi_avx512_thresholds,
    .sigmoid = vpfi_avx512_sigmoid,
    .temper = vpfi_avx512_temper,
    .softplus_change = vpfi_avx512_softplus_change,
    .draw = vpfi_avx512_draw,
    .adam = adam,
    .adam_selected = adam_selected,
    .sgd = sgd,
    .transpose = transpose,
    .add_transposed = add_transposed,
};
