/* SPDX-License-Identifier: MIT */
/* A deep machine put together from pairs of layers that were trained one after the other. */
#ifndef EXAMPLE_STACK_H
#define EXAMPLE_STACK_H

#include "../run.h"
#include "recipes.h"

enum { STACK_PAIRS = 8 };

/* top: the recipe of the top pair; the others are those below it. Said on failure. */
vpf_status stack_load(vpf_model **out, const run *r, const recipe *top, uint64_t seed);

#endif
