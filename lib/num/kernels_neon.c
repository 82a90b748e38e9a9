/* SPDX-License-Identifier: MIT */
/* AArch64's Advanced SIMD. Each kernel adds in the order of its reference, so it gives the same bits; what is
 * won is width, and sums that stay in registers over all selected rows. A row's width is a number of blocks,
 * each of them four vectors: many short vectors, of which 32 registers hold much. */
#include <arm_neon.h>

#include "num/bits.h"
#include "num/elementary.h"
#include "num/kernels.h"

enum {
  W = 4,                     /* floats in a vector */
  BLOCK = VPFI_KERNEL_LANES, /* floats in a block */
  VECTORS = BLOCK / W,       /* of a block */
  MOST = 4                   /* blocks of a tile: 16 sums leave as many registers for what is added */
};

static inline float32x4_t set1(float x) {
  return vdupq_n_f32(x);
}

/* x, or 0 where the mask is 0. */
static inline float32x4_t where(uint32x4_t mask, float32x4_t x) {
  return vreinterpretq_f32_u32(vandq_u32(mask, vreinterpretq_u32_f32(x)));
}

/* x, or -x if the sign is -0. */
static inline float32x4_t with_sign(float32x4_t x, float32x4_t sign) {
  return vreinterpretq_f32_u32(veorq_u32(vreinterpretq_u32_f32(x), vreinterpretq_u32_f32(sign)));
}

/* a b + c, rounded twice: vmlaq_f32() and vfmaq_f32() may round once. */
static inline float32x4_t times_plus(float32x4_t a, float32x4_t b, float32x4_t c) {
  return vaddq_f32(vmulq_f32(a, b), c);
}

/* The same operations as vpfi_expf(). */
static inline float32x4_t exp4(float32x4_t x) {
  const float32x4_t shifted = times_plus(x, set1(VPFI_LOG2E), set1(VPFI_ROUND));
  const float32x4_t n = vsubq_f32(shifted, set1(VPFI_ROUND));
  const float32x4_t r =
      vsubq_f32(vsubq_f32(x, vmulq_f32(n, set1(VPFI_LN2_HI))), vmulq_f32(n, set1(VPFI_LN2_LO)));
  float32x4_t p = set1(VPFI_EXP_P0);
  p = times_plus(p, r, set1(VPFI_EXP_P1));
  p = times_plus(p, r, set1(VPFI_EXP_P2));
  p = times_plus(p, r, set1(VPFI_EXP_P3));
  p = times_plus(p, r, set1(VPFI_EXP_P4));
  p = times_plus(p, r, set1(VPFI_EXP_P5));
  p = times_plus(p, vmulq_f32(r, r), r);
  p = vaddq_f32(p, set1(1.0f));
  const uint32x4_t scale = vshlq_n_u32(vreinterpretq_u32_f32(shifted), 23);
  return vreinterpretq_f32_u32(vaddq_u32(vreinterpretq_u32_f32(p), scale));
}

/* The same operations as vpfi_logf(). */
static inline float32x4_t log4(float32x4_t x) {
  const uint32x4_t sqrt_half = vdupq_n_u32(VPFI_SQRT_HALF_BITS);
  const uint32x4_t offset = vsubq_u32(vreinterpretq_u32_f32(x), sqrt_half);
  const float32x4_t e = vcvtq_f32_s32(vshrq_n_s32(vreinterpretq_s32_u32(offset), 23));
  const uint32x4_t mantissa = vaddq_u32(vandq_u32(offset, vdupq_n_u32(0x007fffff)), sqrt_half);
  const float32x4_t f = vsubq_f32(vreinterpretq_f32_u32(mantissa), set1(1.0f));
  const float32x4_t f2 = vmulq_f32(f, f);
  float32x4_t p = set1(VPFI_LOG_P0);
  p = times_plus(p, f, set1(VPFI_LOG_P1));
  p = times_plus(p, f, set1(VPFI_LOG_P2));
  p = times_plus(p, f, set1(VPFI_LOG_P3));
  p = times_plus(p, f, set1(VPFI_LOG_P4));
  p = times_plus(p, f, set1(VPFI_LOG_P5));
  p = times_plus(p, f, set1(VPFI_LOG_P6));
  p = times_plus(p, f, set1(VPFI_LOG_P7));
  p = times_plus(p, f, set1(VPFI_LOG_P8));
  float32x4_t y = vmulq_f32(vmulq_f32(p, f), f2);
  y = vaddq_f32(y, vmulq_f32(e, set1(VPFI_LN2_LO)));
  y = vsubq_f32(y, vmulq_f32(set1(0.5f), f2));
  return vaddq_f32(vaddq_f32(f, y), vmulq_f32(e, set1(VPFI_LN2_HI)));
}

/* 1, 2, 4, 8. */
static inline uint32x4_t lane_bits(void) {
  static const uint32_t bit[W] = {1, 2, 4, 8};
  return vld1q_u32(bit);
}

/* All ones in lane k of vector v of a block where bit W v + k is set. */
static inline uint32x4_t mask(unsigned bits, int v) {
  return vtstq_u32(vdupq_n_u32(bits >> (W * v)), lane_bits());
}

/* Bit k of a block: z_k > t_k. */
static inline unsigned above(const float32x4_t z[VECTORS], const float32x4_t t[VECTORS]) {
  uint32x4_t bits = vdupq_n_u32(0);
#pragma GCC unroll 4
  for (int v = VECTORS - 1; v >= 0; v--)
    bits = vorrq_u32(vshlq_n_u32(bits, W), vandq_u32(vcgtq_f32(z[v], t[v]), lane_bits()));
  return vaddvq_u32(bits);
}

/* Those units of the block from j on that are among the first n. */
static inline unsigned lanes_below(size_t j, size_t n) {
  return j + BLOCK <= n ? 0xffff : j < n ? (1u << (n - j)) - 1 : 0;
}

/* The `vectors` (a constant) of sums of a tile: at their start, with a row added, where they belong. */
static inline __attribute__((always_inline)) void begin_tile(float32x4_t *sum, const float *start, const int vectors) {
#pragma GCC unroll 16
  for (int v = 0; v < vectors; v++) sum[v] = start ? vld1q_f32(start + v * W) : set1(0);
}

static inline __attribute__((always_inline)) void add_tile(float32x4_t *sum, const float *row, const int vectors) {
#pragma GCC unroll 16
  for (int v = 0; v < vectors; v++) sum[v] = vaddq_f32(sum[v], vld1q_f32(row + v * W));
}

static inline __attribute__((always_inline)) void end_tile(float *out, const float32x4_t *sum, const int vectors) {
#pragma GCC unroll 16
  for (int v = 0; v < vectors; v++) vst1q_f32(out + v * W, sum[v]);
}

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
#pragma GCC unroll 4
  for (size_t k = 0; k < VPFI_GROUP; k++) {
    sum[1 << k] = k < rows ? vld1q_f32(group + k * stride) : set1(0);
#pragma GCC unroll 8
    for (int on = 1; on < 1 << k; on++) sum[(1 << k) + on] = vaddq_f32(sum[on], sum[1 << k]);
  }
  sum[0] = set1(-0.0f);
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

/* Units of one block that have flipped: their rows of u are added, or, with their signs changed, subtracted. */
typedef struct flips {
  size_t count;
  const float *row[BLOCK];
  float sign[BLOCK]; /* 0 to add, -0 to subtract */
} flips;

/* Add flip number k to `vectors` (a constant) of fields from j on. */
static inline __attribute__((always_inline)) void add_flip(float32x4_t *field, size_t j, const flips *f, size_t k,
                                                           const int vectors) {
  const float32x4_t sign = set1(f->sign[k]);
#pragma GCC unroll 8
  for (int v = 0; v < vectors; v++) field[v] = vaddq_f32(field[v], with_sign(vld1q_f32(f->row[k] + j + v * W), sign));
}

static inline __attribute__((always_inline)) void spread_tile(float *z, size_t j, const flips *f, const int vectors) {
  float32x4_t field[2 * VECTORS];
  begin_tile(field, z + j, vectors);
  for (size_t k = 0; k < f->count; k++) add_flip(field, j, f, k, vectors);
  end_tile(z + j, field, vectors);
}

static void spread_flips(float *z, size_t from, size_t to, const flips *f) {
  size_t j = from;
  for (; j + 2 * BLOCK <= to; j += 2 * BLOCK) spread_tile(z, j, f, 2 * VECTORS);
  if (j < to) spread_tile(z, j, f, VECTORS);
}

/* The fields of those lanes of a block that are left. */
static inline void tell_fields(float *drawn_with, const float32x4_t field[VECTORS], unsigned left) {
  float told[BLOCK];
  end_tile(left == 0xffff ? drawn_with : told, field, VECTORS);
  if (left == 0xffff) return;
  for (; left; left &= left - 1) drawn_with[__builtin_ctz(left)] = told[__builtin_ctz(left)];
}

/* Flips within a block follow each other in registers; what they change in the others waits until the block
 * is done. Each field gets its changes in the order of the flips either way. */
static void sweep(uint64_t *bits, float *z, const float *t, const float *u, size_t n, size_t width,
                  const uint64_t *clamped, float *drawn_with, bool keep) {
  for (size_t first = 0; first < n; first += BLOCK) {
    float32x4_t field[VECTORS], threshold[VECTORS];
    begin_tile(field, z + first, VECTORS);
    begin_tile(threshold, t + first, VECTORS);
    const unsigned shift = first % 64, before = (unsigned)(bits[first / 64] >> shift) & 0xffff;
    unsigned now = before, left = lanes_below(first, n);
    const unsigned drawable = left & ~(clamped ? (unsigned)(clamped[first / 64] >> shift) : 0);
    flips f;
    f.count = 0;
    for (;;) {
      const unsigned on = above(field, threshold), change = (on ^ now) & drawable & left;
      if (drawn_with) tell_fields(drawn_with + first, field, left); /* those before are final */
      if (change == 0) break;
      const unsigned lane = (unsigned)__builtin_ctz(change), bit = change & -change;
      f.row[f.count] = u + (first + lane) * width;
      f.sign[f.count] = vpfi_bits_float((~on >> lane) << 31);
      add_flip(field, first, &f, f.count, VECTORS);
      f.count++;
      now ^= bit;
      left &= ~(bit | (bit - 1));
    }
    end_tile(z + first, field, VECTORS);
    bits[first / 64] ^= (uint64_t)(now ^ before) << shift;
    if (keep) spread_flips(z, 0, first, &f);
    spread_flips(z, first + BLOCK, width, &f);
  }
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

/* high and low halves of the products of four lanes with m */
static inline void multiply(uint32x4_t a, uint32_t m, uint32x4_t *high, uint32x4_t *low) {
  const uint32x4_t first = vreinterpretq_u32_u64(vmull_n_u32(vget_low_u32(a), m));
  const uint32x4_t second = vreinterpretq_u32_u64(vmull_high_n_u32(a, m));
  *low = vuzp1q_u32(first, second);
  *high = vuzp2q_u32(first, second);
}

/* Philox4x32-10 (Salmon et al. 2011) of four counters, word k of each in val[k], as Random123 computes it in
 * vpfi_rng_block(). */
static inline uint32x4x4_t philox_ten_rounds(uint32x4x4_t c, uint64_t key) {
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int round = 0; round < 10; round++) {
    uint32x4_t high0, low0, high1, low1;
    multiply(c.val[0], 0xd2511f53u, &high0, &low0);
    multiply(c.val[2], 0xcd9e8d57u, &high1, &low1);
    c.val[0] = veorq_u32(veorq_u32(high1, c.val[1]), vdupq_n_u32(k0));
    c.val[1] = low1;
    c.val[2] = veorq_u32(veorq_u32(high0, c.val[3]), vdupq_n_u32(k1));
    c.val[3] = low0;
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  return c;
}

static void random_words(uint32_t *out, uint64_t stream, uint32_t pass, uint64_t row, uint32_t first_block,
                         size_t blocks) {
  static const uint32_t steps[W] = {0, 1, 2, 3};
  const uint32x4_t step = vld1q_u32(steps);
  for (size_t b = 0; b < blocks; b += W) {
    const uint32x4x4_t counter = {{vaddq_u32(vdupq_n_u32(first_block + (uint32_t)b), step), vdupq_n_u32(pass),
                                   vdupq_n_u32((uint32_t)row), vdupq_n_u32((uint32_t)(row >> 32))}};
    vst4q_u32(out + 4 * b, philox_ten_rounds(counter, stream)); /* counter after counter */
  }
}

static void thresholds(float *t, const uint32_t *random, size_t width) {
  const uint32x4_t most = vdupq_n_u32(INT32_MAX);
  for (size_t j = 0; j < width; j += W) {
    const uint32x4_t k = vshrq_n_u32(vld1q_u32(random + j), 1);
    const float32x4_t on = vaddq_f32(vcvtq_f32_u32(k), set1(0.5f));
    const float32x4_t off = vaddq_f32(vcvtq_f32_u32(vsubq_u32(most, k)), set1(0.5f));
    vst1q_f32(t + j, log4(vdivq_f32(on, off)));
  }
}

/* vminq_f32() and vmaxq_f32() would do for numbers; the comparisons are those of vpfi_sigmoidf(). */
static inline float32x4_t sigmoid4(float32x4_t z) {
  const float32x4_t one = set1(1.0f), most = set1(87.0f), least = set1(-87.0f);
  const float32x4_t bounded = vbslq_f32(vcgtq_f32(z, most), most, vbslq_f32(vcltq_f32(z, least), least, z));
  return vdivq_f32(one, vaddq_f32(one, exp4(vnegq_f32(bounded))));
}

static void sigmoid(float *out, const float *z, float scale, size_t n, size_t width) {
  for (size_t j = 0; j < width; j += BLOCK) {
    const unsigned real = lanes_below(j, n);
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) {
      const float32x4_t mean = sigmoid4(vld1q_f32(z + j + v * W));
      vst1q_f32(out + j + v * W, where(mask(real, v), vmulq_f32(set1(scale), mean)));
    }
  }
}

static void temper(float *z, const float *base, const float *f, float beta, size_t width) {
  for (size_t j = 0; j < width; j += W) vst1q_f32(z + j, times_plus(set1(beta), vld1q_f32(f + j), vld1q_f32(base + j)));
}

/* Four lanes of softplus_lane in kernels_reference.c. */
typedef struct softplus4 {
  float32x4_t above, product_b, product_a;
} softplus4;

static inline float32x4_t softplus_factor(float32x4_t z) {
  const float32x4_t size = vabsq_f32(z), most = set1(87.0f);
  return vaddq_f32(set1(1.0f), exp4(vnegq_f32(vbslq_f32(vcltq_f32(size, most), size, most))));
}

static inline float32x4_t positive(float32x4_t x) {
  return where(vcgtq_f32(x, set1(0)), x);
}

/* Lanes that do not exist (mask 0) gather 0 and factors of 1. */
static inline void softplus_add(softplus4 *lane, float32x4_t a, float32x4_t b, uint32x4_t exists) {
  const float32x4_t one = set1(1.0f);
  lane->above = vaddq_f32(lane->above, where(exists, vsubq_f32(positive(b), positive(a))));
  lane->product_b = vmulq_f32(lane->product_b, vbslq_f32(exists, softplus_factor(b), one));
  lane->product_a = vmulq_f32(lane->product_a, vbslq_f32(exists, softplus_factor(a), one));
}

static void clear_lanes(softplus4 lane[VECTORS]) {
  for (int v = 0; v < VECTORS; v++) lane[v] = (softplus4){set1(0), set1(1.0f), set1(1.0f)};
}

static double flush_lanes(softplus4 lane[VECTORS]) {
  double sum = 0;
  for (int v = 0; v < VECTORS; v++) {
    float part[W];
    const float32x4_t logs = vsubq_f32(log4(lane[v].product_b), log4(lane[v].product_a));
    vst1q_f32(part, vaddq_f32(lane[v].above, logs));
    for (int k = 0; k < W; k++) sum += (double)part[k];
  }
  clear_lanes(lane);
  return sum;
}

static double softplus_change(const float *base, const float *f, float from, float to, size_t n) {
  softplus4 lane[VECTORS];
  clear_lanes(lane);
  double sum = 0;
  for (size_t j = 0; j < n; j += BLOCK) {
    const unsigned real = lanes_below(j, n);
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) {
      const float32x4_t base_v = vld1q_f32(base + j + v * W), f_v = vld1q_f32(f + j + v * W);
      softplus_add(&lane[v], times_plus(set1(from), f_v, base_v), times_plus(set1(to), f_v, base_v), mask(real, v));
    }
    if ((j + BLOCK) % VPFI_SOFTPLUS_FLUSH == 0 && j + BLOCK <= n) sum += flush_lanes(lane);
  }
  return sum + flush_lanes(lane);
}

static void draw(uint64_t *bits, const float *z, const float *t, size_t n) {
  for (size_t first = 0; first < n; first += 64) {
    uint64_t word = 0;
    for (size_t j = first; j < first + 64 && j < n; j += BLOCK) {
      float32x4_t field[VECTORS], threshold[VECTORS];
      begin_tile(field, z + j, VECTORS);
      begin_tile(threshold, t + j, VECTORS);
      word |= (uint64_t)(above(field, threshold) & lanes_below(j, n)) << (j - first);
    }
    bits[first / 64] = word;
  }
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
