/* SPDX-License-Identifier: MIT */
/* The kernels for AVX-512. */
#include "num/vector_avx512.h"

#include "num/kernels_vector.h"

const vpfi_kernels vpfi_kernels_avx512 = {.name = "avx512", VPFI_VECTOR_KERNELS};
