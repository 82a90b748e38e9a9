/* SPDX-License-Identifier: MIT */
#include "num/kernels.h"

#include <stdlib.h>
#include <string.h>

#ifdef VPFI_HAVE_X86_KERNELS
static bool has_avx512(void) { /* what lib/CMakeLists.txt compiles kernels_avx512.c for */
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}
#endif

const vpfi_kernels *vpfi_kernels_available(size_t k) {
  if (k == 0) return &vpfi_kernels_reference;
#ifdef VPFI_HAVE_X86_KERNELS
  if (k == 1 && __builtin_cpu_supports("avx2")) return &vpfi_kernels_avx2;
  if (k == 2 && __builtin_cpu_supports("avx2") && has_avx512()) return &vpfi_kernels_avx512;
#endif
#ifdef VPFI_HAVE_NEON_KERNELS
  if (k == 1) return &vpfi_kernels_neon; /* AArch64 always has it */
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
