/* SPDX-License-Identifier: MIT */
#include "num/blas.h"

#include <cblas.h>

void vpfi_product_nt(const float *a, const float *b, float *c, size_t rows, size_t cols, size_t inner) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)cols, (int)inner, 1.0f, a, (int)inner, b,
              (int)inner, 0.0f, c, (int)cols);
}
