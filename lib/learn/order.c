/* SPDX-License-Identifier: MIT */
#include "learn/order.h"

#include "num/rng.h"

/* Fisher-Yates. */
void vpfi_order_fill(size_t *order, size_t rows, bool shuffle, uint64_t seed, uint64_t epoch) {
  for (size_t r = 0; r < rows; r++) order[r] = r;
  if (!shuffle) return;
  const uint64_t stream = vpfi_rng_stream(seed, VPFI_PURPOSE_SHUFFLE, epoch);
  for (size_t left = rows; left > 1; left--) {
    const size_t pick = (size_t)vpfi_rng_below(stream, left, left);
    const size_t kept = order[left - 1];
    order[left - 1] = order[pick];
    order[pick] = kept;
  }
}
