/* SPDX-License-Identifier: MIT */
/* Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011), from Random123.
 *
 * Every number is a pure function of (seed; purpose, time, pass, row, unit), so results cannot
 * depend on threads, batches, slices or the order of calls. Seed, purpose and time (epoch, call)
 * are hashed by Philox itself into a 64-bit *stream*, the key of the draws; pass (which draw of a
 * unit), row and unit are the counter:
 *
 *   key     = stream (64 bits)
 *   counter = | unit / 4 (32) | pass (32) | row (64) |   ->  four words, for units 4u .. 4u+3  */
#ifndef VPFI_NUM_RNG_H
#define VPFI_NUM_RNG_H

#include <stddef.h>
#include <stdint.h>

/* Part of the results: numbers never move. */
typedef enum vpfi_purpose {
  VPFI_PURPOSE_INIT = 1,
  VPFI_PURPOSE_SHUFFLE = 2,
  VPFI_PURPOSE_ESTEP = 3,
  VPFI_PURPOSE_GIBBS = 4,
  VPFI_PURPOSE_GENERATE = 5,
  VPFI_PURPOSE_RECONSTRUCT = 6,
  VPFI_PURPOSE_NEGATIVE = 7,
  VPFI_PURPOSE_PARTICLES = 8,
  VPFI_PURPOSE_AIS = 9,
  VPFI_PURPOSE_CORRUPT = 10,
  VPFI_PURPOSE_EXACT = 11,
  VPFI_PURPOSE_JUMP = 12,
  VPFI_PURPOSE_BOUND = 13,
  VPFI_PURPOSE_LADDER = 14,
  VPFI_PURPOSE_EXCHANGE = 15,
  VPFI_PURPOSE_PARTNER = 16,
  VPFI_PURPOSE_TEMPER = 17
} vpfi_purpose;

uint64_t vpfi_rng_stream(uint64_t seed, vpfi_purpose purpose, uint64_t time);

/* Four words of the counter above. */
void vpfi_rng_block(uint64_t stream, uint32_t pass, uint64_t row, uint32_t block, uint32_t out[4]);

/* Words for `count` (a multiple of 4) units from first_unit (a multiple of 4). */
void vpfi_rng_fill(uint64_t stream, uint32_t pass, uint64_t row, size_t first_unit, size_t count, uint32_t *out);

/* A standard normal variate, by Marsaglia's polar method: needs only sqrt and our own log. */
double vpfi_rng_normal(uint64_t stream, uint64_t row, size_t unit);

/* Uniform in (0, 1), from the first 53 of 64 random bits. */
double vpfi_rng_unit(uint32_t high, uint32_t low);

/* An integer in [0, bound), bound > 0; biased by less than bound / 2^64. */
uint64_t vpfi_rng_below(uint64_t stream, uint64_t index, uint64_t bound);

#endif
