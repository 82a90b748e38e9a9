/* SPDX-License-Identifier: MIT */
/* A machine as the mathematics sees it (read-only), and the local field of one row. */
#ifndef VPFI_BM_FIELD_H
#define VPFI_BM_FIELD_H

#include "bm/params.h"
#include "bm/states.h"
#include "num/kernels.h"

typedef struct vpfi_machine {
  const vpfi_kernels *kernels;
  const vpfi_shape *shape;
  const vpfi_params *params;
} vpfi_machine;

enum { VPFI_FROM_BELOW = 1, VPFI_FROM_ABOVE = 2, VPFI_FROM_OWN = 4, VPFI_FROM_ALL = 7 };

/* z = bias + the inputs of a role that are asked for (and that it has), in the order below,
 * above, own layer, units ascending. The states are those listed in scratch->index. */
void vpfi_field(const vpfi_machine *machine, vpfi_order order, size_t role, unsigned inputs,
                const vpfi_scratch *scratch, float *z);

#endif
