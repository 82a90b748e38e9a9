/* SPDX-License-Identifier: MIT */
/* The centred gradient (Melchior, Fischer and Wiskott 2016): Eq. (26b).
 *
 * With offsets o, the same machine has the energy
 *
 *   E = - sum over edges of w_ij (y_i - o_i)(y_j - o_j) - sum of b'_i y_i + constant,
 *   b'_i = b_i + sum over edges of w_ij o_j,
 *
 * and the gradient in these parameters, turned back into a step of the usual ones, is
 *
 *   dw_ij = g_ij - o_i g_j - o_j g_i,   db_i = g_i - sum over edges of dw_ij o_j,
 *
 * where g is the usual gradient, of whatever objective. Neither depends on which state of a unit is called 1. The sums over
 * edges are made from the rows of the minibatch, so no gradient has to be complete before the step. */
#ifndef VPFI_BM_CENTRE_H
#define VPFI_BM_CENTRE_H

#include "bm/flow.h"

typedef struct vpfi_centre {
  float **offset; /* [n_roles]: [width] o; 0 in the padding */
  float **slope;  /* [n_roles]: [width] g of the biases, summed over rows */
  float **shift;  /* [n_roles]: [width] db, summed over rows */
  float *on;      /* [n_roles x capacity]: sum of y o, of each row */
  float *gain;    /* [n_roles x capacity]: sum of gain times o */
} vpfi_centre;

/* Vectors of floats for each role, [width], all zero; NULL if there is no memory. */
float **vpfi_role_vectors_create(const vpfi_shape *shape);
void vpfi_role_vectors_destroy(float **vectors, const vpfi_shape *shape); /* accepts NULL */

/* For a batch of that capacity. VPF_ERR_MEMORY. */
vpf_status vpfi_centre_init(vpfi_centre *centre, const vpfi_shape *shape, size_t capacity);
void vpfi_centre_clear(vpfi_centre *centre, const vpfi_shape *shape);

/* Move the offsets of batch->centre towards the means of the first `rows` rows, o += rate (mean - o). The batch has all its
 * gains and is transposed. */
void vpfi_centre_follow(vpfi_batch *batch, const vpfi_machine *machine, size_t rows, float rate);

/* Make slope and shift for a batch that has all its gains. batch->centre must be this one. */
void vpfi_centre_prepare(vpfi_batch *batch, const vpfi_machine *machine);

/* Into a strip of a gradient, [rows x VPFI_TILE_UPPER], write - o_i g_j - o_j g_i, or add it to what is there, for units
 * i0 + 0 .. rows-1 of role `lower` and j0 + 0 .. cols-1 of role `upper`. Symmetric in i and j, to the bit. */
void vpfi_centre_add(const vpfi_centre *centre, const vpfi_kernels *kernels, size_t lower, size_t i0, size_t rows,
                     size_t upper, size_t j0, size_t cols, bool add, float *out);

#endif
