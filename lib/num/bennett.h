/* SPDX-License-Identifier: MIT */
/* Bennett's acceptance ratio (Bennett 1976): how two normalizers differ, from samples of both distributions. */
#ifndef VPFI_NUM_BENNETT_H
#define VPFI_NUM_BENNETT_H

#include <stddef.h>

/* log (Z_1 / Z_0), Eq. (37a). forward: [n], log p1*(x) - log p0*(x) of samples x of p0, p* being p without its normalizer;
 * reverse: [m], log p0*(x) - log p1*(x) of samples of p1. n and m are at least 1. */
double vpfi_bennett(const double *forward, size_t n, const double *reverse, size_t m);

/* By how much each sample moves that estimate, to first order, Eq. (43). If all samples are independent, the standard
 * error is the root of the sum of the squares; of correlated ones, those of a group are added before they are squared.
 * All infinite if the samples of one side have no part in the estimate. of_forward: [n], of_reverse: [m]. */
void vpfi_bennett_influence(const double *forward, size_t n, const double *reverse, size_t m, double log_ratio,
                            double *of_forward, double *of_reverse);

#endif
