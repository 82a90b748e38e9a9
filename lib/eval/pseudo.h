/* SPDX-License-Identifier: MIT */
/* Pseudo-likelihood (Besag 1975): sum_i log p(x_i | the other x). */
#ifndef VPFI_EVAL_PSEUDO_H
#define VPFI_EVAL_PSEUDO_H

#include "bm/field.h"

/* One layer, or two of which the upper has no U. bits: [rows x words of layer 0]; out: [rows];
 * scratch: [threads]. */
void vpfi_pseudo_likelihood(const vpfi_machine *machine, const uint64_t *bits, size_t rows, size_t threads,
                            vpfi_scratch *scratch, double *out);

#endif
