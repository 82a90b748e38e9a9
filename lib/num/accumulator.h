/* SPDX-License-Identifier: MIT */
/* Sums of floats without rounding (a long accumulator, as Kulisch's). Every finite float is a multiple of 2^-149, so a sum
 * is a long integer; its digits have 32 bits each and 31 bits of room for carries, which are only made when it is read. */
#ifndef VPFI_NUM_ACCUMULATOR_H
#define VPFI_NUM_ACCUMULATOR_H

#include <stdbool.h>
#include <stdint.h>

enum { VPFI_DIGITS = 11 }; /* up to 2^200: 2^72 of the largest floats */

/* All zero: the sum 0. */
typedef struct vpfi_accumulator {
  int64_t digit[VPFI_DIGITS]; /* of 2^(32 k - 149) */
} vpfi_accumulator;

/* += x, or -= x. At most 2^30 of these between two calls of vpfi_accumulator_carry(). */
void vpfi_accumulator_add(vpfi_accumulator *sum, float x, bool minus);

/* += more, or -= more, of which vpfi_accumulator_carry() must have been called. */
void vpfi_accumulator_add_sum(vpfi_accumulator *sum, const vpfi_accumulator *more, bool minus);

/* Make carries: digits are then in [0, 2^32), but for the last one, which has the sign. */
void vpfi_accumulator_carry(vpfi_accumulator *sum);

bool vpfi_accumulator_is_negative(const vpfi_accumulator *sum); /* after carries */

/* Whether the sum is in [-2048, 2048); after carries. */
bool vpfi_accumulator_is_small(const vpfi_accumulator *sum);

/* The nearest double, but for an error of 2^-52 of it. */
double vpfi_accumulator_value(const vpfi_accumulator *sum);

#endif
