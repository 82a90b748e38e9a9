/* SPDX-License-Identifier: MIT */
/* log Z by annealed importance sampling (Neal 2001; Salakhutdinov and Murray 2008). */
#ifndef VPFI_EVAL_AIS_H
#define VPFI_EVAL_AIS_H

#include "bm/field.h"

/* Anneal from the machine with the same biases and no weights, in `betas` equally spaced steps,
 * `chains` times. Layers that can be summed in closed form are (vpfi_split), so only the others
 * contribute variance. out_weights: [chains] log importance weights; *out_base: log Z of the start.
 * log Z = *out_base + log mean exp(out_weights). VPF_ERR_MEMORY. */
vpf_status vpfi_ais(const vpfi_machine *machine, size_t chains, size_t betas, uint64_t seed, size_t threads,
                    double *out_base, double *out_weights);

#endif
