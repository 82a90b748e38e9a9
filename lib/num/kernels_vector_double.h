/* SPDX-License-Identifier: MIT */
/* The kernels in double precision, for exact sums; part of kernels_vector.h. */
#ifndef VPFI_NUM_KERNELS_VECTOR_DOUBLE_H
#define VPFI_NUM_KERNELS_VECTOR_DOUBLE_H

#include "num/elementary.h"
#include "num/kernels.h"
#include "num/vector_math.h"

enum { W2 = W / 2, VECTORS2 = VPFI_KERNEL_LANES / W2 }; /* doubles in a vector; vectors of all lanes */

typedef double vdouble __attribute__((vector_size(8 * W2)));
typedef int64_t vlong __attribute__((vector_size(8 * W2)));
typedef float vhalf __attribute__((vector_size(4 * W2)));

static inline vdouble d_set1(double x) {
  return (vdouble){0} + x;
}

static inline vdouble d_load(const double *from) {
  vdouble v;
  memcpy(&v, __builtin_assume_aligned(from, 8 * W2), sizeof v);
  return v;
}

static inline void d_store(double *to, vdouble v) {
  memcpy(__builtin_assume_aligned(to, 8 * W2), &v, sizeof v);
}

static void add_row_to_doubles(double *z, const float *row, bool on, size_t width) {
  const double sign = on ? 1 : -1;
  for (size_t j = 0; j < width; j += W2) {
    vhalf r;
    memcpy(&r, row + j, sizeof r);
    d_store(z + j, d_load(z + j) + sign * __builtin_convertvector(r, vdouble));
  }
}

/* vpfi_exp_minus() */
static inline vdouble d_exp_minus(vdouble a) {
  const vdouble most = d_set1(VPFI_EXP_MINUS_MOST);
  const vlong small = a < most;
  a = (vdouble)(((vlong)a & small) | ((vlong)most & ~small));
  const vdouble shifted = VPFI_DOUBLE_ROUND - a * VPFI_DOUBLE_LOG2E, n = shifted - VPFI_DOUBLE_ROUND;
  const vdouble r = (-a - n * VPFI_DOUBLE_LN2_HI) - n * VPFI_DOUBLE_LN2_LO;
  vdouble p = d_set1(vpfi_inverse_factorial[14]);
  for (int k = 13; k >= 0; k--) p = p * r + vpfi_inverse_factorial[k];
  return (vdouble)((vlong)p + ((vlong)shifted << 52));
}

static double softplus_sum(const double *z, size_t width) {
  _Alignas(64) double above[VPFI_KERNEL_LANES], product[VPFI_KERNEL_LANES];
  vdouble sum[VECTORS2], factor[VECTORS2];
  double logs = 0;
  for (int v = 0; v < VECTORS2; v++) sum[v] = d_set1(0), factor[v] = d_set1(1);
  for (size_t j = 0; j < width; j += VPFI_KERNEL_LANES) {
    VPFI_UNROLL
    for (int v = 0; v < VECTORS2; v++) {
      const vdouble x = d_load(z + j + v * W2);
      const vlong positive = x > 0;
      sum[v] += (vdouble)((vlong)x & positive);
      factor[v] *= 1 + d_exp_minus((vdouble)((vlong)x & INT64_MAX));
    }
    if ((j + VPFI_KERNEL_LANES) % VPFI_SOFTPLUS_SUM_FLUSH != 0 && j + VPFI_KERNEL_LANES < width) continue;
    for (int v = 0; v < VECTORS2; v++) d_store(product + v * W2, factor[v]);
    for (int v = 0; v < VECTORS2; v++) factor[v] = d_set1(1);
    logs += vpfi_log_of_product(product);
  }
  for (int v = 0; v < VECTORS2; v++) d_store(above + v * W2, sum[v]);
  return vpfi_sum_of_lanes(above) + logs;
}

#endif
