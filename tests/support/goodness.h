/* SPDX-License-Identifier: MIT */
/* Tests of fit. They return p-values: the chance of a deviation at least as large if the library
 * is right. Seeds are fixed, so a test passes always or never. */
#ifndef VPF_TESTS_GOODNESS_H
#define VPF_TESTS_GOODNESS_H

#include <stddef.h>

/* Below this a test fails. All programs together make some hundreds of such tests, so a right
 * library fails with other seeds about once in a thousand times. What a wrong one must do to be
 * found: with N draws over c cells, N sum (q-p)^2/p above about c/7 + 6 sqrt(2 c) + 30. */
#define GOODNESS_LEAST_P 1e-6

/* P(chi-square with df degrees of freedom > x), to about 1e-10. */
double chi_square_tail(double x, double df);

/* P(|standard normal| > |z|). */
double normal_two_sided(double z);

/* Kolmogorov's asymptotic tail for the largest distance d between an empirical distribution
 * function of n draws and the right one. */
double kolmogorov_tail(double d, size_t n);

/* Pearson's chi-square of counts against probabilities p, which sum to 1 (checked). Cells of
 * expectation below 5 are put together; 0 for a count where p is 0. *degrees may be NULL. */
double chi_square_fit(const size_t *counts, const long double *p, size_t cells, size_t *degrees);

#endif
