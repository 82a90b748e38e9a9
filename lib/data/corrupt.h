/* SPDX-License-Identifier: MIT */
/* Noise in a region of an image, for filling in to restore. */
#ifndef VPFI_DATA_CORRUPT_H
#define VPFI_DATA_CORRUPT_H

#include <vpf/data.h>

#include "data/rows.h"

/* Works in place. Row r gets the noise of row first_row + r of its data set. region: one row of bits; columns whose bit
 * is 0 are left alone. */
void vpfi_corrupt(vpfi_rows *rows, const uint64_t *region, vpf_noise noise, uint64_t seed, size_t threads);

#endif
