/* SPDX-License-Identifier: MIT */
/* How far filled-in images are from the truth. */
#ifndef VPFI_EVAL_RECONSTRUCTION_ERROR_H
#define VPFI_EVAL_RECONSTRUCTION_ERROR_H

#include "data/rows.h"

/* The mean over rows of the sum of |p - level| over the columns whose byte in region is not 0 (NULL: all columns) and,
 * unless out_stderr is NULL, its standard error. probs: [rows x cols]. */
void vpfi_reconstruction_error(const vpfi_rows *truth, const float *probs, const uint8_t *region, double *out_mean,
                               double *out_stderr);

#endif
