/* SPDX-License-Identifier: MIT */
/* How sparse the weights are (Tubiana and Monasson 2017; the paper's Fig. 3). */
#ifndef VPFI_BM_SPARSITY_H
#define VPFI_BM_SPARSITY_H

#include "bm/params.h"

/* rho = 1/(|x||h|) sum_j (sum_i w_ij^2)^2 / sum_i w_ij^4 and w2 = 1/|h| sum_ij w_ij^2 of W_lower: Eq. (27). */
void vpfi_sparsity(const vpfi_shape *shape, const vpfi_params *params, size_t lower, double *rho, double *w2);

#endif
