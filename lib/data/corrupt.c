/* SPDX-License-Identifier: MIT */
#include "data/corrupt.h"

#include "base/team.h"
#include "num/rng.h"

typedef struct corrupt_job {
  vpfi_rows *rows;
  const uint64_t *region;
  vpf_noise noise;
  uint64_t stream;
} corrupt_job;

/* Uniform random bits for columns 64 w .. 64 w + 63: the top bit of each column's random word. */
static uint64_t noise_of_word(uint64_t stream, uint64_t row, size_t w) {
  uint32_t random[64];
  uint64_t noise = 0;
  vpfi_rng_fill(stream, 0, row, 64 * w, 64, random);
  for (size_t c = 0; c < 64; c++) noise |= (uint64_t)(random[c] >> 31) << c;
  return noise;
}

static void corrupt_range(void *context, size_t begin, size_t end, size_t thread) {
  const corrupt_job *job = context;
  (void)thread;
  for (size_t row = begin; row < end; row++)
    for (size_t w = 0; w < job->rows->words; w++) {
      uint64_t *bits = job->rows->bits + row * job->rows->words + w;
      const uint64_t region = job->region[w];
      if (!region) continue;
      const uint64_t noise = noise_of_word(job->stream, job->rows->first_row + row, w) & region;
      *bits = (job->noise == VPF_NOISE_OR ? *bits : *bits & ~region) | noise;
    }
}

void vpfi_corrupt(vpfi_rows *rows, const uint64_t *region, vpf_noise noise, uint64_t seed, size_t threads) {
  corrupt_job job = {rows, region, noise, vpfi_rng_stream(seed, VPFI_PURPOSE_CORRUPT, 0)};
  vpfi_parallel_for(rows->rows, threads, corrupt_range, &job);
}
