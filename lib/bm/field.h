/* SPDX-License-Identifier: MIT */
/* A machine as the mathematics sees it (read-only), and the local field of one row. */
#ifndef VPFI_BM_FIELD_H
#define VPFI_BM_FIELD_H

#include "bm/states.h"
#include "bm/tables.h"
#include "num/kernels.h"

typedef struct vpfi_machine {
  const vpfi_kernels *kernels;
  const vpfi_shape *shape;
  const vpfi_params *params;
  const vpfi_tables *tables; /* of these params; NULL: the same fields, but slower */
  bool careful; /* fields are so large that sums of floats may lose what matters: draw by vpfi_draw_carefully() */
} vpfi_machine;

enum { VPFI_FROM_BELOW = 1, VPFI_FROM_ABOVE = 2, VPFI_FROM_OWN = 4, VPFI_FROM_ALL = 7 };

/* z = bias + those inputs of a role that are asked for and that it has, in the order below, above,
 * own layer, each summed as by vpfi_kernels.sum_grouped. The bits are those of the row that scratch sees. */
void vpfi_field(const vpfi_machine *machine, vpfi_order order, size_t role, unsigned inputs, vpfi_scratch *scratch,
                float *z);

/* z += the input of a role from its own layer only. */
void vpfi_field_add_own(const vpfi_machine *machine, vpfi_order order, size_t role, vpfi_scratch *scratch, float *z);

/* The field of one unit, as by vpfi_field(), but without rounding of the sum. */
float vpfi_careful_field(const vpfi_machine *machine, vpfi_order order, size_t role, unsigned inputs,
                         const vpfi_scratch *scratch, size_t unit);

/* The largest |field| that a unit can have, or that its sum can have on the way: sum of |b| and all |w|. */
double vpfi_largest_field(const vpfi_machine *machine, size_t layer, size_t unit);

/* Whether sums of floats may be off by more than a hundredth, so that draws have to be careful. */
bool vpfi_fields_are_large(const vpfi_machine *machine);

#endif
