/* SPDX-License-Identifier: MIT */
/* NEON: sums, rates and steps. Each kernel adds in the order of its reference, so it gives the same bits; what
 * is won is width, and sums that stay in registers over all selected rows. */
#include "num/kernels_neon.h"

#include "num/bits.h"

enum { MOST = 4 }; /* blocks of a tile: 16 sums leave as many registers for what is added */

/* Columns j .. j + blocks * BLOCK - 1 (blocks a constant) of all sums, each of which stays in registers over its
 * rows: those of the index or, if that is NULL, of the bits. */
static inline __attribute__((always_inline)) void sum_tile(const vpfi_selection *s, const uint32_t *index, size_t indices,
                                                           size_t j, const int blocks) {
  const size_t words = vpfi_bits_words(s->rows);
  const float *matrix = s->matrix + j;
  for (size_t k = 0; k < s->count; k++) {
    float32x4_t sum[MOST * VECTORS];
    begin_tile(sum, s->start ? s->start + k * s->start_stride + j : NULL, blocks * VECTORS);
    for (size_t i = 0; i < indices; i++) add_tile(sum, matrix + index[i] * s->stride, blocks * VECTORS);
    for (size_t w = 0; w < words && !index; w++)
      for (uint64_t rest = s->bits[k * s->words + w]; rest; rest &= rest - 1)
        add_tile(sum, matrix + (64 * w + (size_t)__builtin_ctzll(rest)) * s->stride, blocks * VECTORS);
    end_tile(s->out + k * s->out_stride + j, sum, blocks * VECTORS);
  }
}

/* In as few tiles as registers allow, all about as wide. */
static inline __attribute__((always_inline)) void sum_tiles(const vpfi_selection *s, const uint32_t *index,
                                                            size_t indices) {
  size_t left = s->width / BLOCK, j = 0;
  for (size_t tiles = (left + MOST - 1) / MOST; tiles > 0; tiles--) {
    const size_t blocks = (left + tiles - 1) / tiles;
    switch (blocks) {
      case 1: sum_tile(s, index, indices, j, 1); break;
      case 2: sum_tile(s, index, indices, j, 2); break;
      case 3: sum_tile(s, index, indices, j, 3); break;
      default: sum_tile(s, index, indices, j, MOST);
    }
    j += blocks * BLOCK;
    left -= blocks;
  }
}

static void sum_selected(const vpfi_selection *selection) {
  sum_tiles(selection, NULL, 0);
}

static void sum_rows(float *z, const float *start, const float *matrix, size_t stride, size_t width,
                     const uint32_t *index, size_t count) {
  const vpfi_selection all = {.out = z, .start = start, .count = 1, .matrix = matrix, .stride = stride, .width = width};
  sum_tiles(&all, index, count); /* no rows of bits */
}

/* The 16 possible sums of the rows of a group, in one vector of columns: table[on * step ...]. */
static inline void tabulate_group(float *table, size_t step, const float *group, size_t stride, size_t rows) {
  float32x4_t sum[16];
  sum[0] = set1(-0.0f);
#pragma GCC unroll 16
  for (unsigned on = 1; on < 16; on++) { /* its last row, alone or added to those before */
    const unsigned k = on & 8 ? 3 : on & 4 ? 2 : on & 2 ? 1 : 0, last = 1u << k;
    sum[on] = on > last ? vaddq_f32(sum[on - last], sum[last]) : k < rows ? vld1q_f32(group + k * stride) : set1(0);
  }
#pragma GCC unroll 16
  for (size_t on = 0; on < 16; on++) vst1q_f32(table + on * step, sum[on]);
}

static void tabulate(float *table, const float *matrix, size_t stride, size_t rows, size_t width) {
  for (size_t row = 0; row < rows; row += VPFI_GROUP, table += 16 * width)
    for (size_t j = 0; j < width; j += W)
      tabulate_group(table + j, width, matrix + row * stride + j, stride, rows - row);
}

enum { TABLES = 10, COLUMNS = 2 * BLOCK }; /* groups and columns at a time: 20 KiB of a first-level cache of 32 or more */

/* `blocks` (a constant) of columns, a few groups at a time. */
static inline __attribute__((always_inline)) void sum_grouped_tile(const vpfi_selection *s, size_t j, const int blocks) {
  float table[TABLES * 16 * COLUMNS] __attribute__((aligned(64)));
  size_t left = (s->rows + VPFI_GROUP - 1) / VPFI_GROUP, first = 0;
  const float *start = s->start ? s->start + j : NULL;
  size_t start_stride = s->start_stride;
  for (size_t parts = (left + TABLES - 1) / TABLES; parts > 0; parts--) {
    const size_t groups = (left + parts - 1) / parts;
    for (size_t g = 0; g < groups; g++)
      for (size_t c = 0; c < (size_t)blocks * BLOCK; c += W)
        tabulate_group(table + g * 16 * COLUMNS + c, COLUMNS, s->matrix + (first + g) * VPFI_GROUP * s->stride + j + c,
                       s->stride, s->rows - (first + g) * VPFI_GROUP);
    for (size_t k = 0; k < s->count; k++) {
      uint64_t on = vpfi_bits_nibbles(s->bits + k * s->words, first, groups);
      float32x4_t sum[2 * VECTORS];
      begin_tile(sum, start ? start + k * start_stride : NULL, blocks * VECTORS);
      for (const float *t = table; t < table + groups * 16 * COLUMNS; t += 16 * COLUMNS, on >>= VPFI_GROUP)
        add_tile(sum, t + (on & 15) * COLUMNS, blocks * VECTORS);
      end_tile(s->out + k * s->out_stride + j, sum, blocks * VECTORS);
    }
    first += groups;
    left -= groups;
    start = s->out + j;
    start_stride = s->out_stride;
  }
}

/* Without tables, for a few rows of bits. */
static inline __attribute__((always_inline)) void sum_groups_tile(const vpfi_selection *s, size_t j, const int blocks) {
  const size_t words = vpfi_bits_words(s->rows);
  for (size_t k = 0; k < s->count; k++) {
    float32x4_t sum[3 * VECTORS], group[3 * VECTORS];
    begin_tile(sum, s->start ? s->start + k * s->start_stride + j : NULL, blocks * VECTORS);
    for (size_t w = 0; w < words; w++)
      for (uint64_t rest = s->bits[k * s->words + w]; rest;) {
        const unsigned bit = (unsigned)__builtin_ctzll(rest), at = bit & ~3u;
        const float *rows = s->matrix + (64 * w + at) * s->stride + j;
        unsigned on = (unsigned)(rest >> at) & 15;
        rest &= ~((uint64_t)15 << at);
        begin_tile(group, rows + (bit - at) * s->stride, blocks * VECTORS);
        for (on &= on - 1; on; on &= on - 1)
          add_tile(group, rows + (unsigned)__builtin_ctz(on) * s->stride, blocks * VECTORS);
#pragma GCC unroll 12
        for (int v = 0; v < blocks * VECTORS; v++) sum[v] = vaddq_f32(sum[v], group[v]);
      }
    end_tile(s->out + k * s->out_stride + j, sum, blocks * VECTORS);
  }
}

enum { FEW = 8 }; /* rows of bits for which tables do not pay */

static void sum_grouped(const vpfi_selection *s) {
  size_t j = 0;
  if (s->count < FEW) {
    for (; j + 3 * BLOCK <= s->width; j += 3 * BLOCK) sum_groups_tile(s, j, 3);
    for (; j < s->width; j += BLOCK) sum_groups_tile(s, j, 1);
  }
  for (; j + 2 * BLOCK <= s->width; j += 2 * BLOCK) sum_grouped_tile(s, j, 2);
  if (j < s->width) sum_grouped_tile(s, j, 1);
}

static void add_row(float *z, const float *row, bool on, size_t width) {
  const float32x4_t sign = set1(on ? 0.0f : -0.0f); /* a - b is a + (-b), to the bit */
  for (size_t j = 0; j < width; j += W) vst1q_f32(z + j, vaddq_f32(vld1q_f32(z + j), with_sign(vld1q_f32(row + j), sign)));
}

static bool rates(float *gain, size_t stride, const uint64_t *bits, size_t words, size_t first, size_t n, size_t width,
                  size_t rows, double *flow) {
  const float32x4_t half = set1(0.5f), limit = set1(VPFI_FIELD_LIMIT);
  float32x4_t lane[VECTORS] = {set1(0), set1(0), set1(0), set1(0)};
  uint32x4_t beyond = vdupq_n_u32(0);
  for (size_t r = 0; r < rows; r++, gain += stride, bits += words)
    for (size_t j = 0; j < width; j += BLOCK) {
      const unsigned real = lanes_below(j, n);
      const unsigned on = real ? (unsigned)(bits[(first + j) / 64] >> ((first + j) % 64)) : 0;
#pragma GCC unroll 4
      for (int v = 0; v < VECTORS; v++) {
        float *at = gain + j + v * W;
        const uint32x4_t exists = mask(real, v);
        const float32x4_t field = vld1q_f32(at), alpha = with_sign(half, where(mask(on, v), set1(-0.0f)));
        const float32x4_t delta = where(exists, exp4(vmulq_f32(alpha, field)));
        beyond = vorrq_u32(beyond, vbicq_u32(exists, vcleq_f32(vabsq_f32(field), limit)));
        vst1q_f32(at, where(exists, vmulq_f32(alpha, delta)));
        lane[v] = vaddq_f32(lane[v], delta);
      }
    }
  float sums[BLOCK];
  end_tile(sums, lane, VECTORS);
  *flow = 0;
  for (size_t k = 0; k < BLOCK; k++) *flow += (double)sums[k];
  return vmaxvq_u32(beyond) == 0;
}

static inline float32x4_t without_denormals(float32x4_t moment) {
  return where(vmvnq_u32(vcltq_f32(vabsq_f32(moment), set1(1e-30f))), moment);
}

static inline uint32x4_t larger(uint32x4_t peak, float32x4_t x) {
  return vmaxq_u32(peak, vreinterpretq_u32_f32(vabsq_f32(x)));
}

/* scale sum + decay w */
static inline float32x4_t gradient(const vpfi_update *update, const float *sum, float32x4_t w) {
  return times_plus(set1(update->scale), vld1q_f32(sum), vmulq_f32(set1(update->decay), w));
}

static float adam(const vpfi_parameters *p, const float *sum, size_t sum_stride, const vpfi_update *update) {
  const float32x4_t rate = set1(update->rate), epsilon = set1(update->epsilon);
  const float32x4_t beta1 = set1(update->beta1), keep1 = set1(update->keep1);
  const float32x4_t beta2 = set1(update->beta2), keep2 = set1(update->keep2);
  uint32x4_t peak = vdupq_n_u32(0);
  for (size_t row = 0; row < p->rows; row++, sum += sum_stride) {
    float *w = p->w + row * p->stride, *m = p->m + row * p->stride, *v = p->v + row * p->stride;
    for (size_t k = 0; k < p->cols; k += W) {
      const float32x4_t old = vld1q_f32(w + k), g = gradient(update, sum + k, old);
      const float32x4_t m1 = without_denormals(times_plus(beta1, vld1q_f32(m + k), vmulq_f32(keep1, g)));
      const float32x4_t v1 = without_denormals(times_plus(beta2, vld1q_f32(v + k), vmulq_f32(keep2, vmulq_f32(g, g))));
      const float32x4_t w1 = vsubq_f32(old, vdivq_f32(vmulq_f32(rate, m1), vaddq_f32(vsqrtq_f32(v1), epsilon)));
      vst1q_f32(m + k, m1);
      vst1q_f32(v + k, v1);
      vst1q_f32(w + k, w1);
      peak = larger(larger(larger(peak, v1), m1), w1);
    }
  }
  return vpfi_bits_float(vmaxvq_u32(peak));
}

/* Registers do not hold both: one after the other. */
static float adam_selected(const vpfi_parameters *p, const vpfi_selection *sum, const vpfi_update *update) {
  sum_selected(sum);
  return adam(p, sum->out, sum->out_stride, update);
}

static float sgd(const vpfi_parameters *p, const float *sum, size_t sum_stride, const vpfi_update *update) {
  const float32x4_t rate = set1(update->rate), momentum = set1(update->momentum);
  uint32x4_t peak = vdupq_n_u32(0);
  for (size_t row = 0; row < p->rows; row++, sum += sum_stride) {
    float *w = p->w + row * p->stride, *m = p->m + row * p->stride;
    for (size_t k = 0; k < p->cols; k += W) {
      const float32x4_t old = vld1q_f32(w + k), g = gradient(update, sum + k, old);
      const float32x4_t m1 = without_denormals(times_plus(momentum, vld1q_f32(m + k), g));
      const float32x4_t w1 = vsubq_f32(old, vmulq_f32(rate, m1));
      vst1q_f32(m + k, m1);
      vst1q_f32(w + k, w1);
      peak = larger(larger(peak, m1), w1);
    }
  }
  return vpfi_bits_float(vmaxvq_u32(peak));
}

static inline void load_transposed4(float32x4_t column[W], const float *from, size_t stride) {
  const float32x4_t a = vld1q_f32(from), b = vld1q_f32(from + stride);
  const float32x4_t c = vld1q_f32(from + 2 * stride), d = vld1q_f32(from + 3 * stride);
  const float32x4_t ab02 = vtrn1q_f32(a, b), ab13 = vtrn2q_f32(a, b);
  const float32x4_t cd02 = vtrn1q_f32(c, d), cd13 = vtrn2q_f32(c, d);
  column[0] = vcombine_f32(vget_low_f32(ab02), vget_low_f32(cd02));
  column[1] = vcombine_f32(vget_low_f32(ab13), vget_low_f32(cd13));
  column[2] = vcombine_f32(vget_high_f32(ab02), vget_high_f32(cd02));
  column[3] = vcombine_f32(vget_high_f32(ab13), vget_high_f32(cd13));
}

enum { SQUARE = 8 }; /* in squares of 8 x 8: half of each cache line at a time, where 4 x 4 use a quarter */

static inline __attribute__((always_inline)) void transpose_squares(float *to, size_t to_stride, const float *from,
                                                                    size_t from_stride, size_t rows, size_t cols,
                                                                    const bool add) {
  for (size_t i = 0; i < rows; i += SQUARE)
    for (size_t j = 0; j < cols; j += SQUARE)
      for (size_t part = 0; part < SQUARE * SQUARE / (W * W); part++) {
        const size_t row = i + part % 2 * W, col = j + part / 2 * W;
        float32x4_t column[W];
        load_transposed4(column, from + row * from_stride + col, from_stride);
        for (size_t k = 0; k < W; k++) {
          float *at = to + (col + k) * to_stride + row;
          vst1q_f32(at, add ? vaddq_f32(vld1q_f32(at), column[k]) : column[k]);
        }
      }
}

static void transpose(float *to, size_t to_stride, const float *from, size_t from_stride, size_t rows,
                      size_t cols) {
  transpose_squares(to, to_stride, from, from_stride, rows, cols, false);
}

static void add_transposed(float *to, size_t to_stride, const float *from, size_t from_stride, size_t rows,
                           size_t cols) {
  transpose_squares(to, to_stride, from, from_stride, rows, cols, true);
}

const vpfi_kernels vpfi_kernels_neon = {
    .name = "neon",
    .sum_rows = sum_rows,
    .sum_selected = sum_selected,
    .sum_grouped = sum_grouped,
    .tabulate = tabulate,
    .add_row = add_row,
    .sweep = vpfi_neon_sweep,
    .rates = rates,
    .random = vpfi_neon_random,
    .thresholds = vpfi_neon_thresholds,
    .sigmoid = vpfi_neon_sigmoid,
    .temper = vpfi_neon_temper,
    .softplus_change = vpfi_neon_softplus_change,
    .draw = vpfi_neon_draw,
    .adam = adam,
    .adam_selected = adam_selected,
    .sgd = sgd,
    .transpose = transpose,
    .add_transposed = add_transposed,
};
