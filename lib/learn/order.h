/* SPDX-License-Identifier: MIT */
/* The order of the rows in an epoch. */
#ifndef VPFI_LEARN_ORDER_H
#define VPFI_LEARN_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* order[0..rows) = 0, 1, 2, ... or, if shuffled, a permutation that depends only on seed and epoch. */
void vpfi_order_fill(size_t *order, size_t rows, bool shuffle, uint64_t seed, uint64_t epoch);

#endif
