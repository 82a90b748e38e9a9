/* SPDX-License-Identifier: MIT */
/* Pseudo-likelihood (Besag 1975): sum_i log p(x_i | the other x). */
#ifndef VPFI_EVAL_PSEUDO_H
#define VPFI_EVAL_PSEUDO_H

#include "bm/workspace.h"

/* For one layer, or two of which the upper has no U. out: [rows]. */
void vpfi_pseudo_likelihood(vpfi_workspace *work, const vpfi_rows *visible, double *out);

/* The mean over the rows. VPF_ERR_MEMORY; VPF_ERR_OVERFLOW, whose text begins with the function. */
vpf_status vpfi_mean_pseudo_likelihood(const char *function, vpfi_workspace *work, const vpfi_rows *visible,
                                       double *out_mean);

#endif
