/* SPDX-License-Identifier: MIT */
/* NEON: random numbers, drawing units, and what is made of their fields. */
#include "num/kernels_neon.h"

/* Bit k of a block: z_k > t_k. */
static inline unsigned above(const float32x4_t z[VECTORS], const float32x4_t t[VECTORS]) {
  uint32x4_t bits = vdupq_n_u32(0);
#pragma GCC unroll 4
  for (int v = VECTORS - 1; v >= 0; v--)
    bits = vorrq_u32(vshlq_n_u32(bits, W), vandq_u32(vcgtq_f32(z[v], t[v]), lane_bits()));
  return vaddvq_u32(bits);
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
void vpfi_neon_sweep(uint64_t *bits, float *z, const float *t, const float *u, size_t n, size_t width,
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

void vpfi_neon_random(uint32_t *out, uint64_t stream, uint32_t pass, uint64_t row, uint32_t first_block,
                      size_t blocks) {
  static const uint32_t steps[W] = {0, 1, 2, 3};
  const uint32x4_t step = vld1q_u32(steps);
  for (size_t b = 0; b < blocks; b += W) {
    const uint32x4x4_t counter = {{vaddq_u32(vdupq_n_u32(first_block + (uint32_t)b), step), vdupq_n_u32(pass),
                                   vdupq_n_u32((uint32_t)row), vdupq_n_u32((uint32_t)(row >> 32))}};
    vst4q_u32(out + 4 * b, philox_ten_rounds(counter, stream)); /* counter after counter */
  }
}

void vpfi_neon_thresholds(float *t, const uint32_t *random, size_t width) {
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

void vpfi_neon_sigmoid(float *out, const float *z, float scale, size_t n, size_t width) {
  for (size_t j = 0; j < width; j += BLOCK) {
    const unsigned real = lanes_below(j, n);
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) {
      const float32x4_t mean = sigmoid4(vld1q_f32(z + j + v * W));
      vst1q_f32(out + j + v * W, where(mask(real, v), vmulq_f32(set1(scale), mean)));
    }
  }
}

void vpfi_neon_temper(float *z, const float *base, const float *f, float beta, size_t width) {
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

double vpfi_neon_softplus_change(const float *base, const float *f, float from, float to, size_t n) {
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

void vpfi_neon_draw(uint64_t *bits, const float *z, const float *t, size_t n) {
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
