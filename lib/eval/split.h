/* SPDX-License-Identifier: MIT */
/* Which layers of a machine with one energy can be summed over in closed form.
 *
 * Layers of one parity are joined only to layers of the other. Given those, their units are independent
 * (where they have no U), and the sum over them is a product: prod_j (1 + exp(z_j)). */
#ifndef VPFI_EVAL_SPLIT_H
#define VPFI_EVAL_SPLIT_H

#include "bm/shape.h"

typedef struct vpfi_split {
  size_t first;    /* layers below this one are given */
  size_t parity;   /* layers of this parity, from `first` on, are summed in closed form; 2: none */
  size_t explicit_units; /* units of the other layers from `first` on */
} vpfi_split;

/* The split with the fewest explicit units. */
vpfi_split vpfi_split_choose(const vpfi_shape *shape, size_t first);

static inline bool vpfi_split_is_summed(const vpfi_split *split, size_t layer) {
  return layer >= split->first && layer % 2 == split->parity;
}

static inline bool vpfi_split_is_explicit(const vpfi_split *split, size_t layer) {
  return layer >= split->first && layer % 2 != split->parity;
}

#endif
