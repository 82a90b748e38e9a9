/* SPDX-License-Identifier: MIT */
#include "num/rng.h"

#include <Random123/philox.h>
#include <assert.h>
#include <math.h>

#include "num/elementary.h"

static philox4x32_ctr_t philox(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint64_t key) {
  const philox4x32_ctr_t counter = {{c0, c1, c2, c3}};
  const philox4x32_key_t k = {{(uint32_t)key, (uint32_t)(key >> 32)}};
  return philox4x32(counter, k);
}

uint64_t vpfi_rng_stream(uint64_t seed, vpfi_purpose purpose, uint64_t time) {
  /* The second word separates stream keys from every draw made with a seed as key directly. */
  const philox4x32_ctr_t r = philox((uint32_t)purpose, 0x76706673u, (uint32_t)time, (uint32_t)(time >> 32), seed);
  return (uint64_t)r.v[1] << 32 | r.v[0];
}

void vpfi_rng_block(uint64_t stream, uint32_t pass, uint64_t row, uint32_t block, uint32_t out[4]) {
  const philox4x32_ctr_t r = philox(block, pass, (uint32_t)row, (uint32_t)(row >> 32), stream);
  for (int k = 0; k < 4; k++) out[k] = r.v[k];
}

void vpfi_rng_fill(uint64_t stream, uint32_t pass, uint64_t row, size_t first_unit, size_t count, uint32_t *out) {
  assert(first_unit % 4 == 0 && count % 4 == 0);
  for (size_t u = 0; u < count; u += 4)
    vpfi_rng_block(stream, pass, row, (uint32_t)((first_unit + u) / 4), out + u);
}

double vpfi_rng_normal(uint64_t stream, uint64_t row, size_t unit) {
  for (uint32_t attempt = 0;; attempt++) {
    uint32_t word[4];
    vpfi_rng_block(stream, attempt, row, (uint32_t)unit, word);
    for (int k = 0; k < 4; k += 2) { /* odd multiples of 2^-32 in (-1, 1): s is never 0 */
      const double x = ((double)word[k] + 0.5) * 0x1p-31 - 1.0;
      const double y = ((double)word[k + 1] + 0.5) * 0x1p-31 - 1.0;
      const double s = x * x + y * y;
      if (s < 1.0) return x * sqrt(-2.0 * vpfi_log(s) / s);
    }
  }
}

double vpfi_rng_unit(uint32_t high, uint32_t low) {
  const uint64_t bits = (uint64_t)high << 32 | low;
  return ((double)(bits >> 11) + 0.5) * 0x1p-53;
}

uint64_t vpfi_rng_below(uint64_t stream, uint64_t index, uint64_t bound) {
  __extension__ typedef unsigned __int128 wide;
  uint32_t word[4];
  vpfi_rng_block(stream, 0, index, 0, word);
  const uint64_t r = (uint64_t)word[1] << 32 | word[0];
  return (uint64_t)((wide)r * bound >> 64);
}
