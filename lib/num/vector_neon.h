/* SPDX-License-Identifier: MIT */
/* The layer of vector operations for NEON (AArch64's Advanced SIMD); vector_avx512.h says what they do and
 * what the numbers are. Many short vectors, of which 32 registers hold much. */
#ifndef VPFI_NUM_VECTOR_NEON_H
#define VPFI_NUM_VECTOR_NEON_H

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>

#include "num/kernels.h"

typedef float vfloat __attribute__((vector_size(16)));
typedef uint32_t vword __attribute__((vector_size(16)));
typedef int32_t vint __attribute__((vector_size(16)));
typedef uint32x4_t vmask; /* all ones in a lane, or none */

enum {
  W = 4,
  TILE_BLOCKS = 4, /* 16 sums leave as many registers for what is added */
  GROUP_BLOCKS = 3,
  ADAM_BLOCKS = 1, /* more is not measured */
  ABREAST = 1, /* two blocks of four vectors are enough that do not wait for each other */
  SWEEP_VECTORS = 4,
  SPREAD_VECTORS = 8,
  SQUARE = 8 /* half of each cache line at a time, where 4 x 4 use a quarter */
};

static inline vfloat v_set1(float x) {
  return vdupq_n_f32(x);
}

static inline vfloat v_load(const float *from) {
  return vld1q_f32(from);
}

static inline void v_store(float *to, vfloat x) {
  vst1q_f32(to, x);
}

static inline void v_store_unaligned(float *to, vfloat x) {
  vst1q_f32(to, x);
}

static inline void v_store_lanes(float *to, unsigned lanes, vfloat x) {
  if ((lanes & 15) == 15) {
    vst1q_f32(to, x);
    return;
  }
  for (int k = 0; k < W; k++)
    if (lanes >> k & 1) to[k] = x[k];
}

static inline vfloat v_sqrt(vfloat x) {
  return vsqrtq_f32(x);
}

static inline vfloat v_abs(vfloat x) {
  return vabsq_f32(x);
}

static inline vfloat v_with_sign(vfloat x, vfloat sign) {
  return (vfloat)((vword)x ^ (vword)sign);
}

static inline vfloat v_select(vmask m, vfloat yes, vfloat no) {
  return vbslq_f32(m, yes, no);
}

/* Comparisons, as vminq_f32() and vmaxq_f32() treat NaN in another way. */
static inline vfloat v_min(vfloat a, vfloat b) {
  return v_select(vcltq_f32(a, b), a, b);
}

static inline vfloat v_max(vfloat a, vfloat b) {
  return v_select(vcgtq_f32(a, b), a, b);
}

/* 1, 2, 4, 8 */
static inline uint32x4_t lane_bits(void) {
  return (uint32x4_t)(vword){1, 2, 4, 8};
}

static inline vmask m_lanes(unsigned bits, int v) {
  return vtstq_u32(vdupq_n_u32(bits >> (W * v)), lane_bits());
}

static inline vmask m_or(vmask a, vmask b) {
  return vorrq_u32(a, b);
}

static inline int m_any(vmask m) {
  return vmaxvq_u32(m) != 0;
}

static inline vmask v_not_below(vfloat a, vfloat b) {
  return vmvnq_u32(vcltq_f32(a, b));
}

static inline vmask v_not_within(vfloat a, vfloat b) {
  return vmvnq_u32(vcleq_f32(a, b));
}

static inline vfloat v_where(vmask m, vfloat x) {
  return vreinterpretq_f32_u32(vandq_u32(m, vreinterpretq_u32_f32(x)));
}

static inline unsigned v_above(const vfloat *a, const vfloat *b, const int vectors) {
  uint32x4_t bits = vdupq_n_u32(0);
  for (int v = vectors - 1; v >= 0; v--)
    bits = vorrq_u32(vshlq_n_u32(bits, W), vandq_u32(vcgtq_f32(a[v], b[v]), lane_bits()));
  return vaddvq_u32(bits);
}

static inline vword w_steps(void) {
  return (vword){0, 1, 2, 3};
}

static inline vword w_load_unaligned(const uint32_t *from) {
  return (vword)vld1q_u32(from);
}

static inline vword w_max(vword a, vword b) {
  return (vword)vmaxq_u32((uint32x4_t)a, (uint32x4_t)b);
}

static inline uint32_t w_largest(vword x) {
  return vmaxvq_u32((uint32x4_t)x);
}

static inline void w_multiply(vword a, uint32_t m, vword *high, vword *low) {
  const uint32x4_t x = (uint32x4_t)a;
  const uint32x4_t first = vreinterpretq_u32_u64(vmull_n_u32(vget_low_u32(x), m));
  const uint32x4_t second = vreinterpretq_u32_u64(vmull_high_n_u32(x, m));
  *low = (vword)vuzp1q_u32(first, second);
  *high = (vword)vuzp2q_u32(first, second);
}

static inline void w_store_by_lanes(uint32_t *to, const vword x[4], size_t count) {
  const uint32x4x4_t all = {{(uint32x4_t)x[0], (uint32x4_t)x[1], (uint32x4_t)x[2], (uint32x4_t)x[3]}};
  (void)count; /* at least W */
  vst4q_u32(to, all);
}

static inline void v_load_transposed(vfloat column[W], const float *from, size_t stride) {
  const float32x4_t a = vld1q_f32(from), b = vld1q_f32(from + stride);
  const float32x4_t c = vld1q_f32(from + 2 * stride), d = vld1q_f32(from + 3 * stride);
  const float32x4_t ab02 = vtrn1q_f32(a, b), ab13 = vtrn2q_f32(a, b);
  const float32x4_t cd02 = vtrn1q_f32(c, d), cd13 = vtrn2q_f32(c, d);
  column[0] = vcombine_f32(vget_low_f32(ab02), vget_low_f32(cd02));
  column[1] = vcombine_f32(vget_low_f32(ab13), vget_low_f32(cd13));
  column[2] = vcombine_f32(vget_high_f32(ab02), vget_high_f32(cd02));
  column[3] = vcombine_f32(vget_high_f32(ab13), vget_high_f32(cd13));
}

#endif
