/* SPDX-License-Identifier: MIT */
/* The layer of vector operations for AVX2; vector_avx512.h says what they do and what the numbers are. Only for files
 * that are compiled for it. */
#ifndef VPFI_NUM_VECTOR_AVX2_H
#define VPFI_NUM_VECTOR_AVX2_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "num/kernels.h"

typedef float vfloat __attribute__((vector_size(32)));
typedef uint32_t vword __attribute__((vector_size(32)));
typedef int32_t vint __attribute__((vector_size(32)));
typedef __m256 vmask; /* all ones in a lane, or none */

enum {
  W = 8,
  TILE_BLOCKS = 7,   /* 14 of 16 registers */
  GROUP_BLOCKS = 4,  /* both sums fill all of them; what is added comes from memory */
  ADAM_BLOCKS = 1,   /* with 3 or 7 blocks, which registers do not hold, 1.1 times as slow */
  ABREAST = 1,       /* two blocks of two vectors are enough that do not wait for each other */
  SWEEP_VECTORS = 1, /* with 2, sweeps of 196 units are 1.07 times as slow, of 784 1.1 times as fast */
  SPREAD_VECTORS = 4,
  SQUARE = 8
};

static inline vfloat v_set1(float x) {
  return _mm256_set1_ps(x);
}

static inline vfloat v_load(const float *from) {
  return _mm256_load_ps(from);
}

static inline void v_store(float *to, vfloat x) {
  _mm256_store_ps(to, x);
}

static inline void v_store_unaligned(float *to, vfloat x) {
  _mm256_storeu_ps(to, x);
}

static inline vmask m_lanes(unsigned bits, int v) {
  const vword bit = {1, 2, 4, 8, 16, 32, 64, 128};
  const __m256i set = _mm256_and_si256(_mm256_set1_epi32((int)(bits >> (W * v))), (__m256i)bit);
  return _mm256_castsi256_ps(_mm256_cmpeq_epi32(set, (__m256i)bit));
}

static inline void v_store_lanes(float *to, unsigned lanes, vfloat x) {
  _mm256_maskstore_ps(to, (__m256i)m_lanes(lanes, 0), x);
}

static inline vfloat v_sqrt(vfloat x) {
  return _mm256_sqrt_ps(x);
}

static inline vfloat v_abs(vfloat x) {
  return _mm256_andnot_ps(v_set1(-0.0f), x);
}

static inline vfloat v_with_sign(vfloat x, vfloat sign) {
  return _mm256_xor_ps(x, sign);
}

static inline vfloat v_min(vfloat a, vfloat b) {
  return _mm256_min_ps(a, b);
}

static inline vfloat v_max(vfloat a, vfloat b) {
  return _mm256_max_ps(a, b);
}

static inline vmask m_or(vmask a, vmask b) {
  return _mm256_or_ps(a, b);
}

static inline int m_any(vmask m) {
  return _mm256_movemask_ps(m) != 0;
}

static inline vmask v_not_below(vfloat a, vfloat b) {
  return _mm256_cmp_ps(a, b, _CMP_NLT_UQ);
}

static inline vmask v_not_within(vfloat a, vfloat b) {
  return _mm256_cmp_ps(a, b, _CMP_NLE_UQ);
}

static inline vfloat v_where(vmask m, vfloat x) {
  return _mm256_and_ps(m, x);
}

static inline vfloat v_select(vmask m, vfloat yes, vfloat no) {
  return _mm256_blendv_ps(no, yes, m);
}

static inline unsigned v_above(const vfloat *a, const vfloat *b, const int vectors) {
  unsigned bits = 0;
  for (int v = 0; v < vectors; v++)
    bits |= (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(a[v], b[v], _CMP_GT_OQ)) << (W * v);
  return bits;
}

static inline vword w_steps(void) {
  return (vword){0, 1, 2, 3, 4, 5, 6, 7};
}

static inline vword w_load_unaligned(const uint32_t *from) {
  return (vword)_mm256_loadu_si256((const __m256i *)(const void *)from);
}

static inline vword w_max(vword a, vword b) {
  return (vword)_mm256_max_epi32((__m256i)a, (__m256i)b);
}

static inline uint32_t w_largest(vword x) {
  uint32_t most = 0;
  for (int k = 0; k < W; k++) most = x[k] > most ? x[k] : most;
  return most;
}

static inline void w_multiply(vword a, uint32_t m, vword *high, vword *low) {
  const __m256i x = (__m256i)a, factor = _mm256_set1_epi32((int)m);
  const __m256i even = _mm256_mul_epu32(x, factor), odd = _mm256_mul_epu32(_mm256_srli_epi64(x, 32), factor);
  *low = (vword)_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
  *high = (vword)_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
}

static inline void w_store_by_lanes(uint32_t *to, const vword x[4], size_t count) {
  const __m256i x0 = (__m256i)x[0], x1 = (__m256i)x[1], x2 = (__m256i)x[2], x3 = (__m256i)x[3];
  const __m256i a = _mm256_unpacklo_epi32(x0, x1), b = _mm256_unpackhi_epi32(x0, x1);
  const __m256i c = _mm256_unpacklo_epi32(x2, x3), d = _mm256_unpackhi_epi32(x2, x3);
  const __m256i b04 = _mm256_unpacklo_epi64(a, c), b15 = _mm256_unpackhi_epi64(a, c);
  const __m256i b26 = _mm256_unpacklo_epi64(b, d), b37 = _mm256_unpackhi_epi64(b, d);
  const __m256i word[4] = {_mm256_permute2x128_si256(b04, b15, 0x20), _mm256_permute2x128_si256(b26, b37, 0x20),
                           _mm256_permute2x128_si256(b04, b15, 0x31), _mm256_permute2x128_si256(b26, b37, 0x31)};
  for (size_t k = 0; k < 4 && 2 * k < count; k++) _mm256_storeu_si256((__m256i *)(void *)(to + k * W), word[k]);
}

static inline void v_load_transposed(vfloat column[W], const float *from, size_t stride) {
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

#endif
