/* SPDX-License-Identifier: MIT */
/* Noise in a region of an image: what is to be filled in again. */
#ifndef VPFI_EVAL_CORRUPT_H
#define VPFI_EVAL_CORRUPT_H

#include <stddef.h>
#include <stdint.h>
#include <vpf/data.h>

/* Rows of `words` words, in place. Row r has the coins of row first_row + r of its data set. Columns
 * whose bit in region is 0 are kept. */
void vpfi_corrupt(uint64_t *bits, size_t rows, size_t words, uint64_t first_row, const uint64_t *region,
                  vpf_noise noise, uint64_t seed, size_t threads);

#endif
