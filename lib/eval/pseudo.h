/* SPDX-License-Identifier: MIT */
/* Pseudo-likelihood (Besag 1975): sum_i log p(x_i | the other x). */
#ifndef VPFI_EVAL_PSEUDO_H
#define VPFI_EVAL_PSEUDO_H

#include "bm/workspace.h"

/* Where the free energy is closed: the mean over the rows, and that of each. out_mean: one number; out_rows: [rows];
 * either may be NULL. VPF_ERR_MEMORY; VPF_ERR_OVERFLOW, whose text begins with the function and names the first row
 * that is not finite. Outputs are then untouched. */
vpf_status vpfi_pseudo_likelihood(const char *function, vpfi_workspace *work, const vpfi_rows *visible,
                                  double *out_mean, double *out_rows);

#endif
