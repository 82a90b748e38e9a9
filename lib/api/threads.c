/* SPDX-License-Identifier: MIT */
#include <vpf/threads.h>

#include "base/processors.h"

void vpf_set_threads(size_t threads) {
  vpfi_set_threads(threads);
}

size_t vpf_threads(void) {
  return vpfi_thread_count(0);
}
