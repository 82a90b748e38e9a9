/* SPDX-License-Identifier: MIT */
/* The layer of vector operations that kernels_vector.h is written over, for AVX-512. The same names are in
 * vector_avx2.h and vector_neon.h. Only for files that are compiled for it.
 *
 * Vectors are the compiler's own, so + - * / and, of words, & ^ << >> are written as operators. Here is what has no
 * operator, or has better instructions than the compiler would choose. */
#ifndef VPFI_NUM_VECTOR_AVX512_H
#define VPFI_NUM_VECTOR_AVX512_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "num/kernels.h"

typedef float vfloat __attribute__((vector_size(64)));
typedef uint32_t vword __attribute__((vector_size(64)));
typedef int32_t vint __attribute__((vector_size(64)));
typedef __mmask16 vmask; /* of lanes */

/* How much the registers hold; beside it, what another number costs where that was measured (Zen 4). A block is
 * VPFI_KERNEL_LANES floats. */
enum {
  W = 16,             /* floats in a vector */
  TILE_BLOCKS = 16,   /* of sums in 32 registers; 8: gradients 1.1 times as slow */
  GROUP_BLOCKS = 13,  /* the same with a second sum beside each; 4: single rows up to 1.4 times as slow */
  ADAM_BLOCKS = 8,    /* the same beside what Adam needs; 1, which is the step after the sums: 1.15 times as slow */
  ABREAST = 4,        /* rows of bits at a time, as additions to one sum wait for each other; 1: 1.05 times as slow */
  SWEEP_VECTORS = 1,  /* of units drawn before the others hear of it */
  SPREAD_VECTORS = 4, /* of fields in registers while they do */
  SQUARE = 16         /* rows and columns transposed together */
};

static inline vfloat v_set1(float x) {
  return _mm512_set1_ps(x);
}

static inline vfloat v_load(const float *from) {
  return _mm512_load_ps(from);
}

static inline void v_store(float *to, vfloat x) {
  _mm512_store_ps(to, x);
}

static inline void v_store_unaligned(float *to, vfloat x) {
  _mm512_storeu_ps(to, x);
}

/* Only lanes whose bit is set; to need not be aligned. */
static inline void v_store_lanes(float *to, unsigned lanes, vfloat x) {
  _mm512_mask_storeu_ps(to, (__mmask16)lanes, x);
}

static inline vfloat v_sqrt(vfloat x) {
  return _mm512_sqrt_ps(x);
}

static inline vfloat v_abs(vfloat x) {
  return _mm512_abs_ps(x);
}

/* x, or -x where sign is -0. */
static inline vfloat v_with_sign(vfloat x, vfloat sign) {
  return _mm512_xor_ps(x, sign);
}

/* a < b ? a : b and a > b ? a : b, so b for NaN. */
static inline vfloat v_min(vfloat a, vfloat b) {
  return _mm512_min_ps(a, b);
}

static inline vfloat v_max(vfloat a, vfloat b) {
  return _mm512_max_ps(a, b);
}

/* The lanes whose bits are set in the W bits of a block that are for its vector number v. */
static inline vmask m_lanes(unsigned bits, int v) {
  (void)v;
  return (vmask)bits;
}

static inline vmask m_or(vmask a, vmask b) {
  return a | b;
}

static inline int m_any(vmask m) {
  return m != 0;
}

/* !(a < b) and !(a <= b): NaN is too. */
static inline vmask v_not_below(vfloat a, vfloat b) {
  return _mm512_cmp_ps_mask(a, b, _CMP_NLT_UQ);
}

static inline vmask v_not_within(vfloat a, vfloat b) {
  return _mm512_cmp_ps_mask(a, b, _CMP_NLE_UQ);
}

/* x, or 0 where the mask is not set. */
static inline vfloat v_where(vmask m, vfloat x) {
  return _mm512_maskz_mov_ps(m, x);
}

static inline vfloat v_select(vmask m, vfloat yes, vfloat no) {
  return _mm512_mask_blend_ps(m, no, yes);
}

/* Bit k: a_k > b_k, over some vectors (a constant). */
static inline unsigned v_above(const vfloat *a, const vfloat *b, const int vectors) {
  unsigned bits = 0;
  for (int v = 0; v < vectors; v++) bits |= (unsigned)_mm512_cmp_ps_mask(a[v], b[v], _CMP_GT_OQ) << (W * v);
  return bits;
}

/* 0, 1, 2, ... */
static inline vword w_steps(void) {
  return (vword){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
}

static inline vword w_load_unaligned(const uint32_t *from) {
  return (vword)_mm512_loadu_si512(from);
}

/* Of words below 2^31. */
static inline vword w_max(vword a, vword b) {
  return (vword)_mm512_max_epi32((__m512i)a, (__m512i)b);
}

static inline uint32_t w_largest(vword x) {
  return (uint32_t)_mm512_reduce_max_epi32((__m512i)x);
}

/* The halves of the products with m. */
static inline void w_multiply(vword a, uint32_t m, vword *high, vword *low) {
  const __m512i x = (__m512i)a, factor = _mm512_set1_epi32((int)m);
  const __m512i even = _mm512_mul_epu32(x, factor), odd = _mm512_mul_epu32(_mm512_srli_epi64(x, 32), factor);
  *low = (vword)_mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32));
  *high = (vword)_mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd);
}

/* The first `count` (a multiple of 4; at most W) of W times four words, x[0..3] of a lane side by side. */
static inline void w_store_by_lanes(uint32_t *to, const vword x[4], size_t count) {
  const __m512i x0 = (__m512i)x[0], x1 = (__m512i)x[1], x2 = (__m512i)x[2], x3 = (__m512i)x[3];
  /* Within each quarter first, then the quarters into their order. */
  const __m512i low01 = _mm512_unpacklo_epi32(x0, x1), high01 = _mm512_unpackhi_epi32(x0, x1);
  const __m512i low23 = _mm512_unpacklo_epi32(x2, x3), high23 = _mm512_unpackhi_epi32(x2, x3);
  const __m512i c0 = _mm512_unpacklo_epi64(low01, low23), c1 = _mm512_unpackhi_epi64(low01, low23);
  const __m512i c2 = _mm512_unpacklo_epi64(high01, high23), c3 = _mm512_unpackhi_epi64(high01, high23);
  /* cN holds lanes N, N+4, N+8, N+12 */
  const __m512i a = _mm512_shuffle_i32x4(c0, c1, 0x88), d = _mm512_shuffle_i32x4(c0, c1, 0xdd);
  const __m512i e = _mm512_shuffle_i32x4(c2, c3, 0x88), f = _mm512_shuffle_i32x4(c2, c3, 0xdd);
  /* a: 0 8 1 9, d: 4 12 5 13, e: 2 10 3 11, f: 6 14 7 15 */
  const __m512i word[4] = {_mm512_shuffle_i32x4(a, e, 0x88), _mm512_shuffle_i32x4(d, f, 0x88),
                           _mm512_shuffle_i32x4(a, e, 0xdd), _mm512_shuffle_i32x4(d, f, 0xdd)};
  for (size_t k = 0; k < 4 && 4 * k < count; k++) _mm512_storeu_si512(to + k * W, word[k]);
}

/* W rows of `from`, which need not be aligned, as columns. */
static inline void v_load_transposed(vfloat column[W], const float *from, size_t stride) {
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
    const __m512 d = _mm512_shuffle_f32x4(r[c + 8], r[c + 12], 0x88);
    const __m512 e = _mm512_shuffle_f32x4(r[c + 8], r[c + 12], 0xdd);
    column[c] = _mm512_shuffle_f32x4(a, d, 0x88);
    column[c + 4] = _mm512_shuffle_f32x4(b, e, 0x88);
    column[c + 8] = _mm512_shuffle_f32x4(a, d, 0xdd);
    column[c + 12] = _mm512_shuffle_f32x4(b, e, 0xdd);
  }
}

#endif
