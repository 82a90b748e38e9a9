/* SPDX-License-Identifier: MIT */
/* Probability flow of a minibatch of fully specified rows, and its gradient (Eq. 1 and 2).
 *
 * Work is cut so that every sum is made by one thread in one order: rates by strip, gradients by
 * tile. The number of threads cannot change a bit. */
#ifndef VPFI_BM_FLOW_H
#define VPFI_BM_FLOW_H

#include "bm/batch.h"

/* Where a field was too large, or not a number. */
typedef struct vpfi_overflow {
  size_t row, layer, unit;
  float field;
} vpfi_overflow;

/* Gains, flows and totals of all rows, which are brought into all forms. False if some |z|/2 is above 80
 * or NaN; *overflow then says where (the first row, the lowest role, the lowest unit). */
bool vpfi_batch_rates(vpfi_batch *batch, const vpfi_machine *machine, vpfi_overflow *overflow);

/* The sum over rows of dK/dtheta for a strip of a tile: upper units j0 .. j0+cols-1, cols at most
 * VPFI_TILE_UPPER. Returns [tile rows x VPFI_TILE_UPPER], valid until this thread asks again. rest, unless NULL:
 * a last sum_selected() that is left to the caller, who can do it on the way; with count 0 nothing is left. */
float *vpfi_batch_gradient(const vpfi_batch *batch, const vpfi_machine *machine, const vpfi_tile *tile, size_t j0,
                           size_t cols, size_t thread, vpfi_selection *rest);

/* The same for a bias tile: out [width of the role's layer]. */
void vpfi_batch_bias_gradient(const vpfi_batch *batch, const vpfi_machine *machine, size_t role, float *out);

/* Floats in a row of the matrix a tile belongs to. */
size_t vpfi_tile_width(const vpfi_shape *shape, const vpfi_tile *tile);

#endif
