/* SPDX-License-Identifier: MIT */
#include "base/threads.h"

#ifdef _OPENMP
#include <omp.h>
#endif

size_t vpfi_thread_count(size_t wanted) {
#ifdef _OPENMP
  if (omp_in_parallel()) return 1;
  if (wanted > 0) return wanted;
  const int setting = omp_get_max_threads();
  return setting > 0 ? (size_t)setting : 1;
#else
  (void)wanted;
  return 1;
#endif
}

void vpfi_parallel_for(size_t count, size_t threads, vpfi_range_fn work, void *context) {
  if (threads > count) threads = count;
  if (threads <= 1) {
    if (count > 0) work(context, 0, count, 0);
    return;
  }
#ifdef _OPENMP
  /* One iteration is one range, whatever number of threads OpenMP grants. */
#pragma omp parallel for num_threads((int)threads) schedule(static, 1)
#endif
  for (size_t t = 0; t < threads; t++) work(context, count * t / threads, count * (t + 1) / threads, t);
}
