/* SPDX-License-Identifier: MIT */
/* Vectors of NEON (AArch64's Advanced SIMD), and the kernels of kernels_neon_sampling.c. */
#ifndef VPFI_NUM_KERNELS_NEON_H
#define VPFI_NUM_KERNELS_NEON_H

#include <arm_neon.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "num/elementary.h"
#include "num/kernels.h"

/* A row's width is a number of blocks, each of them four vectors: many short vectors, of which 32 registers
 * hold much. */
enum {
  W = 4,                     /* floats in a vector */
  BLOCK = VPFI_KERNEL_LANES, /* floats in a block */
  VECTORS = BLOCK / W        /* of a block */
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

/* See vpfi_kernels. */
void vpfi_neon_sweep(uint64_t *bits, float *z, const float *t, const float *u, size_t n, size_t width,
                     const uint64_t *clamped, float *drawn_with, bool keep);
void vpfi_neon_random(uint32_t *out, uint64_t stream, uint32_t pass, uint64_t row, uint32_t first_block,
                      size_t blocks);
void vpfi_neon_thresholds(float *t, const uint32_t *random, size_t width);
void vpfi_neon_sigmoid(float *out, const float *z, float scale, size_t n, size_t width);
void vpfi_neon_temper(float *z, const float *base, const float *f, float beta, size_t width);
double vpfi_neon_softplus_change(const float *base, const float *f, float from, float to, size_t n);
void vpfi_neon_draw(uint64_t *bits, const float *z, const float *t, size_t n);

#endif
