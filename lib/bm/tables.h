/* SPDX-License-Identifier: MIT */
/* All sums of four consecutive rows of the matrices of a machine, for drawing hidden states of many rows:
 * images have their pixels in runs, so that a field is half as many additions. Four times the memory of
 * the matrices. */
#ifndef VPFI_BM_TABLES_H
#define VPFI_BM_TABLES_H

#include "base/threads.h"
#include "bm/field.h"

enum { VPFI_TABLE_ROWS = 1000 }; /* from so many rows on, making them pays */

typedef struct vpfi_tables {
  float **below; /* [n_layers]: sums of W below the layer [groups x 16 x width], or NULL */
  float **own;   /* [n_layers]: sums of U, or NULL */
} vpfi_tables;

vpf_status vpfi_tables_init(vpfi_tables *tables, const vpfi_shape *shape);
void vpfi_tables_clear(vpfi_tables *tables, const vpfi_shape *shape);

/* Make them from the parameters as they are now. */
void vpfi_tables_fill(vpfi_tables *tables, const vpfi_machine *machine, vpfi_team *team);

#endif
