/* SPDX-License-Identifier: MIT */
/* The kernels for AVX2. */
#include "num/vector_avx2.h"

#include "num/kernels_vector.h"

const vpfi_kernels vpfi_kernels_avx2 = {.name = "avx2", VPFI_VECTOR_KERNELS};
