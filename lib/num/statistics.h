/* SPDX-License-Identifier: MIT */
/* Means and errors of a few numbers; sums in the order of the array. */
#ifndef VPFI_NUM_STATISTICS_H
#define VPFI_NUM_STATISTICS_H

#include <stddef.h>

double vpfi_mean(const double *values, size_t count);

/* The sample standard deviation; 0 for one value. */
double vpfi_deviation(const double *values, size_t count);

/* The standard error of the mean; 0 for one value. */
double vpfi_standard_error(const double *values, size_t count);

/* The standard deviation within groups, of values `stride` apart whose group numbers ascend; where no group has two
 * values, that of all. */
double vpfi_group_deviation(const double *values, size_t stride, const size_t *group, size_t count);

/* The standard error of the mean, where each group always has this many of the values. A group of one counts as if it
 * varied about the mean of all. */
double vpfi_group_error(const double *values, const size_t *group, size_t count);

/* The log odds of something seen `on` times of `of`, with half a time added for either, so that nothing is impossible. */
double vpfi_log_odds_of_count(double on, double of);

#endif
