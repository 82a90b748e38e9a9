/* SPDX-License-Identifier: MIT */
#include "num/blas.h"

#include <cblas.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/forks.h"

static atomic_uint first_use; /* vpfi_forks() + 1; 0: not yet */

/* Whether BLAS has been used in this process, and not only in a parent of it: a BLAS that works with GNU's OpenMP waits for
 * ever in the child for threads that are no longer there. */
static bool is_usable(void) {
  const unsigned now = vpfi_forks() + 1;
  unsigned first = 0;
  return atomic_compare_exchange_strong(&first_use, &first, now) || first == now;
}

void vpfi_product_nt(const float *a, const float *b, float *c, size_t rows, size_t cols, size_t inner) {
  if (is_usable()) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)cols, (int)inner, 1.0f, a, (int)inner, b,
                (int)inner, 0.0f, c, (int)cols);
    return;
  }
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < cols; j++) {
      const float *x = a + i * inner, *y = b + j * inner;
      float sum[8] = {0}; /* of every eighth product */
      for (size_t k = 0; k < inner; k++) sum[k % 8] += x[k] * y[k];
      c[i * cols + j] = ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
    }
}
