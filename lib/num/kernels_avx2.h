/* SPDX-License-Identifier: MIT */
/* Vectors of AVX2, and the kernels of kernels_avx2_sampling.c. Only for files that are compiled for it. */
#ifndef VPFI_NUM_KERNELS_AVX2_H
#define VPFI_NUM_KERNELS_AVX2_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "num/elementary.h"
#include "num/kernels.h"

enum { W = 8 }; /* floats in a vector */

static inline __m256 set1(float x) {
  return _mm256_set1_ps(x);
}

/* The same operations as vpfi_expf(). */
static inline __m256 exp8(__m256 x) {
  const __m256 shifted = _mm256_add_ps(_mm256_mul_ps(x, set1(VPFI_LOG2E)), set1(VPFI_ROUND));
  const __m256 n = _mm256_sub_ps(shifted, set1(VPFI_ROUND));
  const __m256 r = _mm256_sub_ps(_mm256_sub_ps(x, _mm256_mul_ps(n, set1(VPFI_LN2_HI))),
                                 _mm256_mul_ps(n, set1(VPFI_LN2_LO)));
  __m256 p = set1(VPFI_EXP_P0);
  p = _mm256_add_ps(_mm256_mul_ps(p, r), set1(VPFI_EXP_P1));
  p = _mm256_add_ps(_mm256_mul_ps(p, r), set1(VPFI_EXP_P2));
  p = _mm256_add_ps(_mm256_mul_ps(p, r), set1(VPFI_EXP_P3));
  p = _mm256_add_ps(_mm256_mul_ps(p, r), set1(VPFI_EXP_P4));
  p = _mm256_add_ps(_mm256_mul_ps(p, r), set1(VPFI_EXP_P5));
  p = _mm256_add_ps(_mm256_mul_ps(p, _mm256_mul_ps(r, r)), r);
  p = _mm256_add_ps(p, set1(1.0f));
  const __m256i scale = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), scale));
}

/* The same operations as vpfi_logf(). */
static inline __m256 log8(__m256 x) {
  const __m256i sqrt_half = _mm256_set1_epi32((int)VPFI_SQRT_HALF_BITS);
  const __m256i offset = _mm256_sub_epi32(_mm256_castps_si256(x), sqrt_half);
  const __m256 e = _mm256_cvtepi32_ps(_mm256_srai_epi32(offset, 23));
  const __m256i mantissa = _mm256_add_epi32(_mm256_and_si256(offset, _mm256_set1_epi32(0x007fffff)), sqrt_half);
  const __m256 f = _mm256_sub_ps(_mm256_castsi256_ps(mantissa), set1(1.0f));
  const __m256 f2 = _mm256_mul_ps(f, f);
  __m256 p = set1(VPFI_LOG_P0);
  p = _mm256_add_ps(_mm256_mul_ps(p, f), set1(VPFI_LOG_P1));
  p = _mm256_add_ps(_mm256_mul_ps(p, f), set1(VPFI_LOG_P2));
  p = _mm256_add_ps(_mm256_mul_ps(p, f), set1(VPFI_LOG_P3));
  p = _mm256_add_ps(_mm256_mul_ps(p, f), set1(VPFI_LOG_P4));
  p = _mm256_add_ps(_mm256_mul_ps(p, f), set1(VPFI_LOG_P5));
  p = _mm256_add_ps(_mm256_mul_ps(p, f), set1(VPFI_LOG_P6));
  p = _mm256_add_ps(_mm256_mul_ps(p, f), set1(VPFI_LOG_P7));
  p = _mm256_add_ps(_mm256_mul_ps(p, f), set1(VPFI_LOG_P8));
  __m256 y = _mm256_mul_ps(_mm256_mul_ps(p, f), f2);
  y = _mm256_add_ps(y, _mm256_mul_ps(e, set1(VPFI_LN2_LO)));
  y = _mm256_sub_ps(y, _mm256_mul_ps(set1(0.5f), f2));
  return _mm256_add_ps(_mm256_add_ps(f, y), _mm256_mul_ps(e, set1(VPFI_LN2_HI)));
}

/* All ones in lane k where bit k of the byte is set. */
static inline __m256 byte_mask(unsigned byte) {
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  const __m256i set = _mm256_and_si256(_mm256_set1_epi32((int)byte), bit);
  return _mm256_castsi256_ps(_mm256_cmpeq_epi32(set, bit));
}

static inline unsigned lanes_below(size_t j, size_t n) {
  return j + W <= n ? 0xff : j < n ? (1u << (n - j)) - 1 : 0;
}

/* See vpfi_kernels. */
void vpfi_avx2_sweep(uint64_t *bits, float *z, const float *t, const float *u, size_t n, size_t width,
                     const uint64_t *clamped, float *drawn_with, bool keep);
void vpfi_avx2_random(uint32_t *out, uint64_t stream, uint32_t pass, uint64_t row, uint32_t first_block,
                      size_t blocks);
void vpfi_avx2_thresholds(float *t, const uint32_t *random, size_t width);
void vpfi_avx2_sigmoid(float *out, const float *z, float scale, size_t n, size_t width);
void vpfi_avx2_temper(float *z, const float *base, const float *f, float beta, size_t width);
double vpfi_avx2_softplus_change(const float *base, const float *f, float from, float to, size_t n);
void vpfi_avx2_draw(uint64_t *bits, const float *z, const float *t, size_t n);

#endif
