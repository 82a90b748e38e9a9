/* SPDX-License-Identifier: MIT */
/* All sums of four consecutive rows of a machine's matrices, for fields of many rows. Since pixels are on in
 * runs and hidden layers are dense, this halves the additions for a field. Takes four times the memory of the
 * matrices. */
#ifndef VPFI_BM_TABLES_H
#define VPFI_BM_TABLES_H

#include "base/team.h"
#include "bm/params.h"

typedef struct vpfi_tables {
  float **below; /* [n_layers]: sums of W below the layer, [groups x 16 x width], or NULL */
  float **above; /* [n_layers]: sums of W^T above the layer, or NULL */
  float **own;   /* [n_layers]: sums of U, or NULL */
} vpfi_tables;

/* Whether tables pay off for this many draws of layers. */
bool vpfi_tables_pay(const vpfi_shape *shape, size_t draws);

/* Allocate them; those for input from above only if asked for. VPF_ERR_MEMORY. */
vpf_status vpfi_tables_init(vpfi_tables *tables, const vpfi_shape *shape, bool above);
void vpfi_tables_clear(vpfi_tables *tables, const vpfi_shape *shape);

/* Compute them from the parameters as they are now. */
void vpfi_tables_fill(vpfi_tables *tables, const vpfi_kernels *kernels, const vpfi_shape *shape,
                      const vpfi_params *params, vpfi_team *team);

#endif
