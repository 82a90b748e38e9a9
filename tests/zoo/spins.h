/* SPDX-License-Identifier: MIT */
/* Machines of spins s = -1, +1 in the library's units y = 0, 1, where s = 2y - 1, and what is known of Ising's. */
#ifndef VPF_TESTS_ZOO_SPINS_H
#define VPF_TESTS_ZOO_SPINS_H

#include <vpf.h>

#include "support/dice.h"

/* E(s) = -sum_{i<j} J_ij s_i s_j - sum_i h_i s_i, for J [n x n], symmetric with zero diagonal, and h [n] or NULL.
 * Multiplied out, E(s) = E(y) + c with w_ij = 4 J_ij, b_i = 2 h_i - 2 sum_j J_ij and
 * c = -sum_{i<j} J_ij + sum_i h_i, so that log Z of the units is log Z of the spins plus c. */
vpf_model *spins_visible(size_t n, const double *j, const double *h, double *out_c);

/* E(v, h) = -sum_ij W_ij v_i h_j - sum_i a_i v_i of spins; W is [n x m], a [n] or NULL. */
vpf_model *spins_rbm(size_t n, size_t m, const double *w, const double *a);

/* Adds k to the couplings [L^2 x L^2] of the bonds of the L x L torus. */
void spins_torus(size_t side, double k, double *j);

/* log Z of the L x L torus, without a field, of coupling K > 0 (Kaufman 1949, Eq. (67)). */
double spins_kaufman(size_t side, double k);
/* The same by enumeration in long double, for L = 3 or 4. */
double spins_enumerate(size_t side, double k);

/* log Z of n spins with J_ij = w sum over 1 .. 3 patterns [p x n] of x_i x_j. Spins that the patterns do not tell apart are
 * counted together. */
double spins_patterns(size_t n, size_t p, const double *pattern, double w);

/* count states [count x L^2] of the torus, 0 or 1, by clusters (Wolff 1989). To be freed. */
uint8_t *spins_wolff(dice *d, size_t side, double k, size_t count);

#endif
