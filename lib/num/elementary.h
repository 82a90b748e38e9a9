/* SPDX-License-Identifier: MIT */
/* exp and log from IEEE basic operations only, so that every computer gets the same bits
 * (a libm may differ from one release to the next). No branches: they vectorise as they stand, and
 * the SIMD kernels repeat them operation by operation.
 *
 * Single precision: range reduction and coefficients of Cephes (S. L. Moshier; expf.c, logf.c),
 * relative error below 2e-7 for exp, 2e-7 for log away from 1 (tests/unit/elementary_test.c). */
#ifndef VPFI_NUM_ELEMENTARY_H
#define VPFI_NUM_ELEMENTARY_H

#include <float.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

_Static_assert(FLT_EVAL_METHOD == 0, "floats have to be computed as floats, or results differ from those of other computers");

static inline uint32_t vpfi_float_bits(float x) {
  uint32_t u;
  memcpy(&u, &x, sizeof u);
  return u;
}

static inline float vpfi_bits_float(uint32_t u) {
  float x;
  memcpy(&x, &u, sizeof x);
  return x;
}

/* Shared with the SIMD kernels. */
#define VPFI_LOG2E 1.44269504088896341f
#define VPFI_LN2_HI 0.693359375f     /* few bits: n * LN2_HI is exact */
#define VPFI_LN2_LO (-2.12194440e-4f)
#define VPFI_ROUND 12582912.0f       /* 1.5 * 2^23: adding it rounds to an integer, in the low bits */
#define VPFI_EXP_P0 1.9875691500e-4f
#define VPFI_EXP_P1 1.3981999507e-3f
#define VPFI_EXP_P2 8.3334519073e-3f
#define VPFI_EXP_P3 4.1665795894e-2f
#define VPFI_EXP_P4 1.6666665459e-1f
#define VPFI_EXP_P5 5.0000001201e-1f

/* exp(x) for |x| <= 87; beyond, and for NaN, some number (callers check the range).
 * x = n ln2 + r, exp(x) = 2^n exp(r), |r| <= ln2/2. */
static inline float vpfi_expf(float x) {
  const float shifted = x * VPFI_LOG2E + VPFI_ROUND;
  const float n = shifted - VPFI_ROUND;
  const float r = (x - n * VPFI_LN2_HI) - n * VPFI_LN2_LO;
  float p = VPFI_EXP_P0;
  p = p * r + VPFI_EXP_P1;
  p = p * r + VPFI_EXP_P2;
  p = p * r + VPFI_EXP_P3;
  p = p * r + VPFI_EXP_P4;
  p = p * r + VPFI_EXP_P5;
  p = p * (r * r) + r;
  p = p + 1.0f;
  return vpfi_bits_float(vpfi_float_bits(p) + (vpfi_float_bits(shifted) << 23));
}

#define VPFI_LOG_P0 7.0376836292e-2f
#define VPFI_LOG_P1 (-1.1514610310e-1f)
#define VPFI_LOG_P2 1.1676998740e-1f
#define VPFI_LOG_P3 (-1.2420140846e-1f)
#define VPFI_LOG_P4 1.4249322787e-1f
#define VPFI_LOG_P5 (-1.6668057665e-1f)
#define VPFI_LOG_P6 2.0000714765e-1f
#define VPFI_LOG_P7 (-2.4999993993e-1f)
#define VPFI_LOG_P8 3.3333331174e-1f
#define VPFI_SQRT_HALF_BITS 0x3f3504f3u

/* log(x) for normal positive x. x = 2^e m with m in [sqrt(1/2), sqrt(2)). */
static inline float vpfi_logf(float x) {
  const uint32_t offset = vpfi_float_bits(x) - VPFI_SQRT_HALF_BITS;
  const int32_t exponent = (int32_t)offset >> 23;
  const float e = (float)exponent;
  const float f = vpfi_bits_float((offset & 0x007fffffu) + VPFI_SQRT_HALF_BITS) - 1.0f;
  const float f2 = f * f;
  float p = VPFI_LOG_P0;
  p = p * f + VPFI_LOG_P1;
  p = p * f + VPFI_LOG_P2;
  p = p * f + VPFI_LOG_P3;
  p = p * f + VPFI_LOG_P4;
  p = p * f + VPFI_LOG_P5;
  p = p * f + VPFI_LOG_P6;
  p = p * f + VPFI_LOG_P7;
  p = p * f + VPFI_LOG_P8;
  float y = p * f * f2;
  y = y + e * VPFI_LN2_LO;
  y = y - 0.5f * f2;
  return (f + y) + e * VPFI_LN2_HI;
}

/* 1 / (1 + exp(-z)); beyond |z| = 87 the float result no longer changes. */
static inline float vpfi_sigmoidf(float z) {
  const float bounded = z > 87.0f ? 87.0f : z < -87.0f ? -87.0f : z;
  return 1.0f / (1.0f + vpfi_expf(-bounded));
}

/* Double precision, shared with the SIMD kernels as above. */
#define VPFI_DOUBLE_LOG2E 1.4426950408889634
#define VPFI_DOUBLE_LN2_HI 0x1.62e42fee00000p-1 /* 33 bits: n * LN2_HI is exact */
#define VPFI_DOUBLE_LN2_LO 0x1.a39ef35793c76p-33
#define VPFI_DOUBLE_ROUND 6755399441055744.0 /* 1.5 * 2^52: adding it rounds to an integer, in the low bits */
#define VPFI_EXP_MINUS_MOST 708.0
extern const double vpfi_inverse_factorial[15];

/* exp(-a), a >= 0; beyond 708, where it is 3e-308, it stays at that. */
static inline double vpfi_exp_minus(double a) {
  const double bounded = a < VPFI_EXP_MINUS_MOST ? a : VPFI_EXP_MINUS_MOST;
  const double shifted = VPFI_DOUBLE_ROUND - bounded * VPFI_DOUBLE_LOG2E;
  const double n = shifted - VPFI_DOUBLE_ROUND;
  const double r = (-bounded - n * VPFI_DOUBLE_LN2_HI) - n * VPFI_DOUBLE_LN2_LO;
  double p = vpfi_inverse_factorial[14];
  for (int k = 13; k >= 0; k--) p = p * r + vpfi_inverse_factorial[k];
  uint64_t bits, power;
  memcpy(&bits, &p, sizeof bits);
  memcpy(&power, &shifted, sizeof power);
  bits += power << 52;
  memcpy(&p, &bits, sizeof p);
  return p;
}

/* For the few places outside the kernels. */
double vpfi_log(double x);      /* normal positive x */
double vpfi_exp(double x);      /* 0 below -708; infinity above 709 */
double vpfi_softplus(double x); /* log(1 + exp(x)) without overflow */

/* sum_j log(1 + exp(z_j)): max(z_j, 0) goes into a sum, and the rest is a product of factors in (1, 2], so that 512
 * units need only one logarithm. */
double vpfi_sum_softplus(const double *z, size_t n);

/* That of a bit which is 1 with probability p in [0, 1]: -p log p - (1-p) log(1-p). A p or 1-p that is not 0 must be
 * normal. */
double vpfi_entropy(double p);

#endif
