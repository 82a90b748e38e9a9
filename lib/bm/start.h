/* SPDX-License-Identifier: MIT */
/* Where learning starts: biases that fit the data before any weight does. */
#ifndef VPFI_BM_START_H
#define VPFI_BM_START_H

#include "bm/params.h"
#include "data/rows.h"

/* Choose all biases, given the weights, so that each unit's field is the log odds of its mean where its neighbours are at
 * theirs: of a visible unit its mean over the rows, counted as (ones + 1/2) / (rows + 1); of a hidden unit 1/2.
 * VPF_ERR_OVERFLOW if one is no finite float, naming layer and unit; VPF_ERR_MEMORY. params are then unchanged. */
vpf_status vpfi_start_biases(vpfi_params *params, const vpfi_shape *shape, const vpfi_rows *visible);

#endif
