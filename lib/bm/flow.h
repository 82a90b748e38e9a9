/* SPDX-License-Identifier: MIT */
/* Probability flow of a minibatch of fully specified rows, and its gradient (Eq. 1 and 2).
 *
 * Work is cut so that every sum is made by one thread in one order: rates by row, gradients by
 * tile. The number of threads cannot change a bit. */
#ifndef VPFI_BM_FLOW_H
#define VPFI_BM_FLOW_H

#include "base/threads.h"
#include "bm/field.h"

/* A piece of the parameters that one thread owns: rows first .. first+count-1 (a multiple of
 * VPFI_KERNEL_LANES) of W_index or U_index, or the whole bias of role `index`. */
typedef struct vpfi_tile {
  vpfi_block_kind kind;
  size_t index;
  size_t first, count;
} vpfi_tile;

typedef struct vpfi_batch {
  vpfi_order order;
  bool one_sided;      /* gradients of W and U sum only y_lower gain_upper */
  size_t capacity;     /* rows it has room for */
  size_t rows;         /* rows in it now */
  vpfi_states states;  /* the rows, with room for `capacity` */
  uint64_t **on;       /* [n_states]: [width x words of rows]: in which rows a unit is on */
  uint64_t *off;       /* [widest x words of rows]: zeros */
  float **gain;        /* [n_roles]: [capacity x width]: alpha_j delta_j */
  double *flow;        /* [capacity x n_roles]: sum_j delta_j of a row in a role */
  uint32_t *every_row; /* [capacity]: 0, 1, 2, ... */
  size_t n_tiles;
  vpfi_tile *tiles;
  vpfi_team team;
  vpfi_scratch *scratch; /* [team.threads] */
} vpfi_batch;

/* Where a field was too large, or not a number. */
typedef struct vpfi_overflow {
  size_t row, layer, unit;
  float field;
} vpfi_overflow;

vpf_status vpfi_batch_init(vpfi_batch *batch, const vpfi_shape *shape, vpfi_order order, size_t capacity,
                           size_t threads);
void vpfi_batch_clear(vpfi_batch *batch, const vpfi_shape *shape);

/* Gains and flows of all rows. False if some |z|/2 is above 80 or NaN; *overflow then says where
 * (the first row, the lowest role, the lowest unit). */
bool vpfi_batch_rates(vpfi_batch *batch, const vpfi_machine *machine, vpfi_overflow *overflow);

/* Bring the states into the form that gradients need. */
void vpfi_batch_transpose(vpfi_batch *batch, const vpfi_shape *shape);

/* The sum over rows of dK/dtheta for a strip of a tile: upper units j0 .. j0+cols-1, cols at most
 * VPFI_TILE_UPPER. out: [tile rows x VPFI_TILE_UPPER]. */
void vpfi_batch_gradient(const vpfi_batch *batch, const vpfi_machine *machine, const vpfi_tile *tile, size_t j0,
                         size_t cols, float *out);

/* The same for a bias tile: out [width of the role's layer]. */
void vpfi_batch_bias_gradient(const vpfi_batch *batch, const vpfi_machine *machine, size_t role, float *out);

/* Floats in a row of the matrix a tile belongs to. */
size_t vpfi_tile_width(const vpfi_shape *shape, const vpfi_tile *tile);

#endif
