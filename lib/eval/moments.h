/* SPDX-License-Identifier: MIT */
/* Means and pair correlations of rows of bits, and how similar they are in two sets of rows. */
#ifndef VPFI_EVAL_MOMENTS_H
#define VPFI_EVAL_MOMENTS_H

#include <vpf/evaluate.h>

#include "data/rows.h"

/* mean: [cols], p_i; pair: [cols x cols], p_ij, or NULL; both Eq. (31), from exact counts. VPF_ERR_MEMORY. */
vpf_status vpfi_moments(const vpfi_rows *data, size_t threads, double *mean, double *pair);

/* Both sets must have the same number of columns. Fills in all of *out but struct_size. VPF_ERR_MEMORY. */
vpf_status vpfi_compare_moments(const vpfi_rows *a, const vpfi_rows *b, size_t threads, vpf_moment_comparison *out);

#endif
