/* SPDX-License-Identifier: MIT */
#include "num/kernels.h"

#include <stdlib.h>
#include <string.h>

const vpfi_kernels *vpfi_kernels_available(size_t k) {
  if (k == 0) return &vpfi_kernels_reference;
#ifdef VPFI_HAVE_AVX2
  if (k == 1 && __builtin_cpu_supports("avx2")) return &vpfi_kernels_avx2;
#endif
  return NULL;
}

const vpfi_kernels *vpfi_kernels_best(void) {
  const char *wanted = getenv("VPF_KERNELS");
  const vpfi_kernels *best = &vpfi_kernels_reference;
  for (size_t k = 0; vpfi_kernels_available(k); k++) {
    best = vpfi_kernels_available(k);
    if (wanted && strcmp(wanted, best->name) == 0) return best;
  }
  return best;
}
