/* SPDX-License-Identifier: MIT */
/* Means and pair correlations of rows of bits, and how much alike two sets of them are. */
#ifndef VPFI_EVAL_MOMENTS_H
#define VPFI_EVAL_MOMENTS_H

#include <stddef.h>
#include <stdint.h>
#include <vpf/status.h>

/* mean: [cols], p_i; pair: [cols x cols], p_ij, or NULL. From exact counts. Rows of bits are `words`
 * long. VPF_ERR_MEMORY. */
vpf_status vpfi_moments(const uint64_t *bits, size_t words, size_t rows, size_t cols, size_t threads, double *mean,
                        double *pair);

/* Put the entries i < j of a matrix [n x n] at its beginning, row after row. Returns their number. */
size_t vpfi_pack_pairs(double *matrix, size_t n);

/* c_ij = p_ij - p_i p_j, in place, of packed pairs. */
void vpfi_connect_pairs(double *pairs, const double *mean, size_t n);

/* Pearson's correlation of two lists and the root mean square of their differences. NaN where not
 * defined: the correlation of fewer than two values or of equal ones, the mean of none. */
void vpfi_compare_lists(const double *a, const double *b, size_t count, double *pearson, double *rms);

#endif
