/* SPDX-License-Identifier: MIT */
/* The kernels over a layer of vector operations, as kernels_vector.h: random numbers, drawing units, and what is made
 * of their fields. */
#ifndef VPFI_NUM_KERNELS_VECTOR_SAMPLING_H
#define VPFI_NUM_KERNELS_VECTOR_SAMPLING_H

#include "num/vector_math.h"

/* ---- Sweeps ---- */

enum { DRAWN = SWEEP_VECTORS * W }; /* units that are drawn before the others hear of it */

/* Those of them that have flipped: their rows of u are added, or, with their signs changed, subtracted. */
typedef struct flips {
  size_t count;
  const float *row[DRAWN];
  float sign[DRAWN]; /* 0 to add, -0 to subtract: x - y is x + (-y), to the bit */
} flips;

/* Add flip number k to `vectors` (a constant) of fields from j on. */
VPFI_INLINE void add_flip(vfloat *field, size_t j, const flips *f, size_t k, const int vectors) {
  const vfloat sign = v_set1(f->sign[k]);
  VPFI_UNROLL
  for (int v = 0; v < vectors; v++) field[v] += v_with_sign(v_load(f->row[k] + j + v * W), sign);
}

VPFI_INLINE void spread_tile(float *z, size_t j, const flips *f, const int vectors) {
  vfloat field[SPREAD_VECTORS];
  load_tile(field, z + j, vectors);
  for (size_t k = 0; k < f->count; k++) add_flip(field, j, f, k, vectors);
  store_tile(z + j, field, vectors);
}

static void spread_flips(float *z, size_t from, size_t to, const flips *f) {
  size_t j = from;
  for (; j + SPREAD_VECTORS * W <= to; j += SPREAD_VECTORS * W) spread_tile(z, j, f, SPREAD_VECTORS);
  for (; j < to; j += DRAWN) spread_tile(z, j, f, SWEEP_VECTORS);
}

/* Flips of units that are drawn together follow each other in registers; what they change in the others waits until
 * all of those are drawn. Each field gets its changes in the order of the flips either way. */
static void sweep(uint64_t *bits, float *z, const float *t, const float *u, size_t n, size_t width,
                  const uint64_t *clamped, float *drawn_with, bool keep) {
  for (size_t first = 0; first < n; first += DRAWN) {
    vfloat field[SWEEP_VECTORS], threshold[SWEEP_VECTORS];
    load_tile(field, z + first, SWEEP_VECTORS);
    load_tile(threshold, t + first, SWEEP_VECTORS);
    const unsigned shift = first % 64, before = (unsigned)(bits[first / 64] >> shift) & ((1u << DRAWN) - 1);
    unsigned now = before, left = lanes_below(first, n, DRAWN);
    const unsigned drawable = left & ~(clamped ? (unsigned)(clamped[first / 64] >> shift) : 0);
    flips f;
    f.count = 0;
    for (;;) {
      const unsigned on = v_above(field, threshold, SWEEP_VECTORS), change = (on ^ now) & drawable & left;
      for (int v = 0; drawn_with && v < SWEEP_VECTORS; v++) /* those before are final */
        v_store_lanes(drawn_with + first + v * W, left >> (W * v), field[v]);
      if (change == 0) break;
      const unsigned lane = (unsigned)__builtin_ctz(change), bit = change & -change;
      f.row[f.count] = u + (first + lane) * width;
      f.sign[f.count] = vpfi_bits_float((~on >> lane) << 31);
      add_flip(field, first, &f, f.count, SWEEP_VECTORS);
      f.count++;
      now ^= bit;
      left &= ~(bit | (bit - 1));
    }
    store_tile(z + first, field, SWEEP_VECTORS);
    bits[first / 64] ^= (uint64_t)(now ^ before) << shift;
    if (keep) spread_flips(z, 0, first, &f);
    spread_flips(z, first + DRAWN, width, &f);
  }
}

static void draw(uint64_t *bits, const float *z, const float *t, size_t n) {
  for (size_t first = 0; first < n; first += 64) {
    const size_t left = n - first;
    uint64_t word = 0;
    for (size_t j = 0; j < 64 && j < left; j += BLOCK) {
      vfloat field[VECTORS], threshold[VECTORS];
      load_tile(field, z + first + j, VECTORS);
      load_tile(threshold, t + first + j, VECTORS);
      word |= (uint64_t)v_above(field, threshold, VECTORS) << j;
    }
    bits[first / 64] = left < 64 ? word & (((uint64_t)1 << left) - 1) : word;
  }
}

/* ---- Random numbers ---- */

/* Philox4x32-10 (Salmon et al. 2011) of W counters, word k of each in x[k], as Random123 computes it in
 * vpfi_rng_block(). */
static inline void philox_ten_rounds(vword x[4], uint64_t key) {
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int round = 0; round < 10; round++) {
    vword high0, low0, high1, low1;
    w_multiply(x[0], 0xd2511f53u, &high0, &low0);
    w_multiply(x[2], 0xcd9e8d57u, &high1, &low1);
    x[0] = high1 ^ x[1] ^ k0;
    x[1] = low1;
    x[2] = high0 ^ x[3] ^ k1;
    x[3] = low0;
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
}

static void random_words(uint32_t *out, uint64_t stream, uint32_t pass, uint64_t row, uint32_t first_block,
                         size_t blocks) {
  const vword zero = {0};
  for (size_t b = 0; b < blocks; b += W) {
    vword x[4] = {w_steps() + (first_block + (uint32_t)b), zero + pass, zero + (uint32_t)row,
                  zero + (uint32_t)(row >> 32)};
    philox_ten_rounds(x, stream);
    w_store_by_lanes(out + 4 * b, x, blocks - b);
  }
}

static void thresholds(float *t, const uint32_t *random, size_t width) {
  for (size_t j = 0; j < width; j += W) {
    const vint k = (vint)(w_load_unaligned(random + j) >> 1);
    const vfloat on = __builtin_convertvector(k, vfloat) + 0.5f;
    const vfloat off = __builtin_convertvector(INT32_MAX - k, vfloat) + 0.5f;
    v_store(t + j, v_log(on / off));
  }
}

/* ---- Of fields ---- */

static void sigmoid(float *out, const float *z, float scale, size_t n, size_t width) {
  const vfloat most = v_set1(87.0f), least = v_set1(-87.0f), sign = v_set1(-0.0f);
  for (size_t j = 0; j < width; j += W) {
    /* z comes second, so that NaN stays, as in the comparisons of vpfi_sigmoidf() */
    const vfloat bounded = v_max(least, v_min(most, v_load(z + j)));
    v_store(out + j, scale * (1.0f / (1.0f + v_exp(v_with_sign(bounded, sign)))));
  }
  for (size_t j = n; j < width; j++) out[j] = 0;
}

static void temper(float *z, const float *base, const float *f, float beta, size_t width) {
  for (size_t j = 0; j < width; j += BLOCK) {
    VPFI_UNROLL
    for (int v = 0; v < VECTORS; v++) v_store(z + j + v * W, v_load(base + j + v * W) + beta * v_load(f + j + v * W));
  }
}

/* W of softplus_lane in kernels_reference.c. */
typedef struct softplus_lanes {
  vfloat above, product_b, product_a;
} softplus_lanes;

static inline vfloat softplus_factor(vfloat z) {
  return 1.0f + v_exp(v_with_sign(v_min(v_abs(z), v_set1(87.0f)), v_set1(-0.0f)));
}

/* Lanes that do not exist gather 0 and factors of 1. */
static inline void softplus_add(softplus_lanes *lane, vfloat a, vfloat b, vmask exists) {
  const vfloat zero = {0}, one = v_set1(1.0f);
  lane->above += v_where(exists, v_max(b, zero) - v_max(a, zero));
  lane->product_b *= v_select(exists, softplus_factor(b), one);
  lane->product_a *= v_select(exists, softplus_factor(a), one);
}

static void clear_lanes(softplus_lanes lane[VECTORS]) {
  for (int v = 0; v < VECTORS; v++) lane[v] = (softplus_lanes){v_set1(0), v_set1(1.0f), v_set1(1.0f)};
}

static double flush_lanes(softplus_lanes lane[VECTORS]) {
  double sum = 0;
  for (int v = 0; v < VECTORS; v++) {
    _Alignas(64) float part[W];
    v_store(part, lane[v].above + (v_log(lane[v].product_b) - v_log(lane[v].product_a)));
    for (int k = 0; k < W; k++) sum += (double)part[k];
  }
  clear_lanes(lane);
  return sum;
}

static double softplus_change(const float *base, const float *f, float from, float to, size_t n) {
  softplus_lanes lane[VECTORS];
  clear_lanes(lane);
  double sum = 0;
  for (size_t j = 0; j < n; j += BLOCK) {
    const unsigned real = lanes_below(j, n, BLOCK);
    VPFI_UNROLL
    for (int v = 0; v < VECTORS; v++) {
      const vfloat base_v = v_load(base + j + v * W), f_v = v_load(f + j + v * W);
      softplus_add(&lane[v], base_v + from * f_v, base_v + to * f_v, m_existing(real, v));
    }
    if ((j + BLOCK) % VPFI_SOFTPLUS_FLUSH == 0 && j + BLOCK <= n) sum += flush_lanes(lane);
  }
  return sum + flush_lanes(lane);
}

#endif
