/* SPDX-License-Identifier: MIT */
/* Vectors of AVX-512, and the kernels of kernels_avx512_sampling.c. Only for files that are compiled for it. */
#ifndef VPFI_NUM_KERNELS_AVX512_H
#define VPFI_NUM_KERNELS_AVX512_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "num/elementary.h"
#include "num/kernels.h"

enum { W = 16 }; /* floats in a vector */
_Static_assert((int)W == (int)VPFI_KERNEL_LANES, "one vector is all lanes");

static inline __m512 set1(float x) {
  return _mm512_set1_ps(x);
}

/* The lanes j .. j+15 that are below n. */
static inline __mmask16 lanes_below(size_t j, size_t n) {
  const unsigned mask = j + W <= n ? 0xffff : j < n ? (1u << (n - j)) - 1 : 0;
  return (__mmask16)mask;
}

/* The same operations as vpfi_expf(). */
static inline __m512 exp16(__m512 x) {
  const __m512 shifted = _mm512_add_ps(_mm512_mul_ps(x, set1(VPFI_LOG2E)), set1(VPFI_ROUND));
  const __m512 n = _mm512_sub_ps(shifted, set1(VPFI_ROUND));
  const __m512 r =
      _mm512_sub_ps(_mm512_sub_ps(x, _mm512_mul_ps(n, set1(VPFI_LN2_HI))), _mm512_mul_ps(n, set1(VPFI_LN2_LO)));
  __m512 p = set1(VPFI_EXP_P0);
  p = _mm512_add_ps(_mm512_mul_ps(p, r), set1(VPFI_EXP_P1));
  p = _mm512_add_ps(_mm512_mul_ps(p, r), set1(VPFI_EXP_P2));
  p = _mm512_add_ps(_mm512_mul_ps(p, r), set1(VPFI_EXP_P3));
  p = _mm512_add_ps(_mm512_mul_ps(p, r), set1(VPFI_EXP_P4));
  p = _mm512_add_ps(_mm512_mul_ps(p, r), set1(VPFI_EXP_P5));
  p = _mm512_add_ps(_mm512_mul_ps(p, _mm512_mul_ps(r, r)), r);
  p = _mm512_add_ps(p, set1(1.0f));
  const __m512i scale = _mm512_slli_epi32(_mm512_castps_si512(shifted), 23);
  return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(p), scale));
}

/* The same operations as vpfi_logf(). */
static inline __m512 log16(__m512 x) {
  const __m512i sqrt_half = _mm512_set1_epi32((int)VPFI_SQRT_HALF_BITS);
  const __m512i offset = _mm512_sub_epi32(_mm512_castps_si512(x), sqrt_half);
  const __m512 e = _mm512_cvtepi32_ps(_mm512_srai_epi32(offset, 23));
  const __m512i mantissa = _mm512_add_epi32(_mm512_and_si512(offset, _mm512_set1_epi32(0x007fffff)), sqrt_half);
  const __m512 f = _mm512_sub_ps(_mm512_castsi512_ps(mantissa), set1(1.0f));
  const __m512 f2 = _mm512_mul_ps(f, f);
  __m512 p = set1(VPFI_LOG_P0);
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P1));
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P2));
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P3));
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P4));
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P5));
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P6));
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P7));
  p = _mm512_add_ps(_mm512_mul_ps(p, f), set1(VPFI_LOG_P8));
  __m512 y = _mm512_mul_ps(_mm512_mul_ps(p, f), f2);
  y = _mm512_add_ps(y, _mm512_mul_ps(e, set1(VPFI_LN2_LO)));
  y = _mm512_sub_ps(y, _mm512_mul_ps(set1(0.5f), f2));
  return _mm512_add_ps(_mm512_add_ps(f, y), _mm512_mul_ps(e, set1(VPFI_LN2_HI)));
}

/* See vpfi_kernels. */
void vpfi_avx512_sweep(uint64_t *bits, float *z, const float *t, const float *u, size_t n, size_t width,
                       const uint64_t *clamped, float *drawn_with, bool keep);
void vpfi_avx512_random(uint32_t *out, uint64_t stream, uint32_t pass, uint64_t row, uint32_t first_block,
                        size_t blocks);
void vpfi_avx512_thresholds(float *t, const uint32_t *random, size_t width);
void vpfi_avx512_sigmoid(float *out, const float *z, float scale, size_t n, size_t width);
void vpfi_avx512_temper(float *z, const float *base, const float *f, float beta, size_t width);
double vpfi_avx512_softplus_change(const float *base, const float *f, float from, float to, size_t n);
void vpfi_avx512_draw(uint64_t *bits, const float *z, const float *t, size_t n);

#endif
