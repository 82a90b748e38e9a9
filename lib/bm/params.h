/* SPDX-License-Identifier: MIT */
/* The parameters of a machine, laid out for the kernels.
 *
 * Rows and columns are padded to multiples of VPFI_KERNEL_LANES, and the padding is always zero, so kernels run
 * over whole vectors and tiles. W is kept together with its transpose: the field of the upper layer sums rows of W,
 * that of the lower layer rows of W^T. U is stored in full and is exactly symmetric. */
#ifndef VPFI_BM_PARAMS_H
#define VPFI_BM_PARAMS_H

#include "bm/shape.h"

typedef struct vpfi_params {
  float **weights;   /* [n_joins]: W_i [width_i x width_i+1] */
  float **weights_t; /* [n_joins]: W_i^T [width_i+1 x width_i]; all NULL where not asked for */
  float **intra;     /* [n_layers]: U_i [width_i x width_i], or NULL */
  float **bias;      /* [n_roles]: [width] */
  float bound;       /* no parameter is larger in absolute value; of moments: unspecified */
} vpfi_params;

vpf_status vpfi_params_init(vpfi_params *params, const vpfi_shape *shape); /* all zero */
/* The same layout without W^T, for the moments of an optimizer. */
vpf_status vpfi_params_init_moments(vpfi_params *params, const vpfi_shape *shape);
void vpfi_params_zero(vpfi_params *params, const vpfi_shape *shape);
/* Make them equal to others of the shape, which may be without W^T; so may these. */
void vpfi_params_assign(vpfi_params *params, const vpfi_shape *shape, const vpfi_params *from);
vpf_status vpfi_params_copy(vpfi_params *params, const vpfi_shape *shape, const vpfi_params *from);
/* The parameters of one pair of `from`; shape is that of vpfi_shape_pair(). */
vpf_status vpfi_params_copy_pair(vpfi_params *params, const vpfi_shape *shape, const vpfi_params *from,
                                 const vpfi_shape *from_shape, size_t pair);
void vpfi_params_clear(vpfi_params *params, const vpfi_shape *shape);

/* The initial parameters of Eq. (23). */
void vpfi_params_draw(vpfi_params *params, const vpfi_shape *shape, uint64_t seed);

/* Contiguous matrices in and out; W^T follows W. */
void vpfi_params_get_weights(const vpfi_params *params, const vpfi_shape *shape, size_t lower, float *out);
void vpfi_params_set_weights(vpfi_params *params, const vpfi_shape *shape, size_t lower, const float *w);
void vpfi_params_get_intra(const vpfi_params *params, const vpfi_shape *shape, size_t layer, float *out);
void vpfi_params_set_intra(vpfi_params *params, const vpfi_shape *shape, size_t layer, const float *u);
void vpfi_params_get_bias(const vpfi_params *params, const vpfi_shape *shape, size_t role, float *out);
void vpfi_params_set_bias(vpfi_params *params, const vpfi_shape *shape, size_t role, const float *b);
void vpfi_params_get_flat(const vpfi_params *params, const vpfi_shape *shape, float *out);
void vpfi_params_set_flat(vpfi_params *params, const vpfi_shape *shape, const float *theta);

/* The largest absolute value; NaN or infinity if there is any. */
float vpfi_params_peak(const vpfi_params *params, const vpfi_shape *shape);

/* The smallest value, NaN ignored. */
float vpfi_params_least(const vpfi_params *params, const vpfi_shape *shape);

bool vpfi_params_intra_is_symmetric(const vpfi_params *params, const vpfi_shape *shape, size_t layer);

/* Checks of values from outside: VPF_ERR_ARGUMENT, with the place and `what` in the text. */
vpf_status vpfi_check_finite(const float *values, size_t rows, size_t cols, const char *what);
vpf_status vpfi_check_intra(const float *u, size_t n, const char *what); /* finite, symmetric, zero diagonal */

#endif
