/* SPDX-License-Identifier: MIT */
/* Random numbers of the tests' own: nothing of the library's generator is in them. */
#ifndef VPF_TESTS_DICE_H
#define VPF_TESTS_DICE_H

#include <stddef.h>
#include <stdint.h>

/* SplitMix64 (Steele, Lea and Flood 2014); any state is a seed. */
typedef struct dice {
  uint64_t state;
} dice;

uint64_t dice_bits(dice *d);
double dice_unit(dice *d);                 /* uniform in [0, 1), 53 bits */
size_t dice_below(dice *d, size_t bound);  /* uniform in 0 .. bound-1 */
double dice_normal(dice *d);               /* standard normal, Box-Muller */

/* A cumulated distribution to draw from: by bisection, one dice_unit() a draw. */
typedef struct dice_table {
  size_t count;
  double *below; /* [count + 1]: probability of all cells before k */
} dice_table;

/* p need not be normalised. */
dice_table dice_table_new(const long double *p, size_t count);
void dice_table_free(dice_table *table);
size_t dice_draw(dice *d, const dice_table *table);

#endif
