/* SPDX-License-Identifier: MIT */
/* Probability flow of a minibatch of fully specified rows, Eq. (8), and its gradient, Eq. (9) and (10).
 *
 * Work is cut so that every sum is made by one thread in one order: rates by strip, gradients by
 * tile. The number of threads therefore cannot change a single bit. */
#ifndef VPFI_BM_FLOW_H
#define VPFI_BM_FLOW_H

#include "bm/batch.h"

/* Where a rate would be too large, as a unit disagrees with a large field, or a field was NaN. */
typedef struct vpfi_overflow {
  size_t row, layer, unit;
  bool on;
  float field;
} vpfi_overflow;

/* Make the fields of those roles, [n_roles], for rows row .. row+count-1, complete, where the gains will be. */
void vpfi_batch_fields(vpfi_batch *batch, const vpfi_machine *machine, const bool *roles, size_t row, size_t count);

/* Bring all rows into both forms and make their gains, flows and totals. False if a rate is above exp(VPFI_RATE_LIMIT)
 * or NaN; *overflow then says where (the first row, the lowest role, the lowest unit). */
bool vpfi_batch_rates(vpfi_batch *batch, const vpfi_machine *machine, vpfi_overflow *overflow);

/* The sum over rows of dK/dtheta for a strip of a tile: upper units j0 .. j0+cols-1, cols at most
 * VPFI_TILE_UPPER. Returns [tile rows x VPFI_TILE_UPPER], valid until this thread's next call. rest, unless NULL: a
 * last sum_selected() that is left to the caller, which can do it in passing; if its count is 0, none is left. */
float *vpfi_batch_gradient(const vpfi_batch *batch, const vpfi_machine *machine, const vpfi_tile *tile, size_t j0,
                           size_t cols, size_t thread, vpfi_selection *rest);

/* The same for the bias of a role: out [width of the role's layer]. */
void vpfi_batch_bias_gradient(const vpfi_batch *batch, const vpfi_machine *machine, size_t role, float *out);

/* Floats in a row of the matrix that a tile belongs to. */
size_t vpfi_tile_width(const vpfi_shape *shape, const vpfi_tile *tile);

#endif
