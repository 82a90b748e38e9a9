/* SPDX-License-Identifier: MIT */
#include "thread_count.h"

#ifdef _OPENMP
#include <omp.h>
#endif

void use_threads(size_t threads) {
#ifdef _OPENMP
  if (threads > 0) omp_set_num_threads((int)threads);
#else
  (void)threads;
#endif
}
