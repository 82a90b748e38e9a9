/* SPDX-License-Identifier: MIT */
/* The kernels for NEON. */
#include "num/vector_neon.h"

#include "num/kernels_vector.h"

const vpfi_kernels vpfi_kernels_neon = {.name = "neon", VPFI_VECTOR_KERNELS};
