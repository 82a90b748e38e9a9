/* SPDX-License-Identifier: MIT */
/* Over any layer of vector operations, which is included before: blocks of lanes, tiles of sums, exp and log. */
#ifndef VPFI_NUM_VECTOR_MATH_H
#define VPFI_NUM_VECTOR_MATH_H

#include "num/elementary.h"
#include "num/kernels.h"

/* For functions with arguments that are constants where they are called. */
#define VPFI_INLINE static inline __attribute__((always_inline))

/* Before a loop of a few turns, a constant number: what it works on can then stay in registers. Where a sanitizer
 * looks after each access, clang would take minutes over that. */
#ifndef __clang__
#define VPFI_UNROLL _Pragma("GCC unroll 16")
#elif __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#define VPFI_UNROLL
#else
#define VPFI_UNROLL _Pragma("clang loop unroll(full)")
#endif

/* The width of a row is a number of blocks, one lane of a sum each. */
enum {
  BLOCK = VPFI_KERNEL_LANES, /* floats in a block */
  VECTORS = BLOCK / W,       /* of a block */
  ALL_LANES = (1 << BLOCK) - 1
};

/* Those units of the `lanes` from j on that are among the first n. */
static inline unsigned lanes_below(size_t j, size_t n, unsigned lanes) {
  return j + lanes <= n ? (1u << lanes) - 1 : j < n ? (1u << (n - j)) - 1 : 0;
}

/* m_lanes() of such units of a block. Mostly all exist, and that mask is a constant. */
VPFI_INLINE vmask m_existing(unsigned real, int v) {
  return real == ALL_LANES ? m_lanes(ALL_LANES, v) : m_lanes(real, v);
}

/* A tile: `vectors` (a constant) side by side, in registers. */
VPFI_INLINE void load_tile(vfloat *x, const float *from, const int vectors) {
  VPFI_UNROLL
  for (int v = 0; v < vectors; v++) x[v] = v_load(from + v * W);
}

VPFI_INLINE void store_tile(float *to, const vfloat *x, const int vectors) {
  VPFI_UNROLL
  for (int v = 0; v < vectors; v++) v_store(to + v * W, x[v]);
}

VPFI_INLINE void add_tile(vfloat *x, const float *row, const int vectors) {
  VPFI_UNROLL
  for (int v = 0; v < vectors; v++) x[v] += v_load(row + v * W);
}

/* The same operations as vpfi_expf(). */
static inline vfloat v_exp(vfloat x) {
  const vfloat shifted = x * VPFI_LOG2E + VPFI_ROUND;
  const vfloat n = shifted - VPFI_ROUND;
  const vfloat r = (x - n * VPFI_LN2_HI) - n * VPFI_LN2_LO;
  vfloat p = v_set1(VPFI_EXP_P0);
  p = p * r + VPFI_EXP_P1;
  p = p * r + VPFI_EXP_P2;
  p = p * r + VPFI_EXP_P3;
  p = p * r + VPFI_EXP_P4;
  p = p * r + VPFI_EXP_P5;
  p = p * (r * r) + r;
  p = p + 1.0f;
  return (vfloat)((vword)p + ((vword)shifted << 23));
}

/* The same operations as vpfi_logf(). */
static inline vfloat v_log(vfloat x) {
  const vword offset = (vword)x - VPFI_SQRT_HALF_BITS;
  const vfloat e = __builtin_convertvector((vint)offset >> 23, vfloat);
  const vfloat f = (vfloat)((offset & 0x007fffffu) + VPFI_SQRT_HALF_BITS) - 1.0f;
  const vfloat f2 = f * f;
  vfloat p = v_set1(VPFI_LOG_P0);
  p = p * f + VPFI_LOG_P1;
  p = p * f + VPFI_LOG_P2;
  p = p * f + VPFI_LOG_P3;
  p = p * f + VPFI_LOG_P4;
  p = p * f + VPFI_LOG_P5;
  p = p * f + VPFI_LOG_P6;
  p = p * f + VPFI_LOG_P7;
  p = p * f + VPFI_LOG_P8;
  vfloat y = p * f * f2;
  y = y + e * VPFI_LN2_LO;
  y = y - 0.5f * f2;
  return (f + y) + e * VPFI_LN2_HI;
}

#endif
