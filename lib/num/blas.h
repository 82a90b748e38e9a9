/* SPDX-License-Identifier: MIT */
/* The one dense product of real matrices that libvpf needs, from whatever CBLAS is linked. */
#ifndef VPFI_NUM_BLAS_H
#define VPFI_NUM_BLAS_H

#include <stddef.h>

/* c = a b^T: a [rows x inner], b [cols x inner], c [rows x cols], contiguous; sizes below 2^31.
 * The last bits depend on the BLAS. */
void vpfi_product_nt(const float *a, const float *b, float *c, size_t rows, size_t cols, size_t inner);

#endif
