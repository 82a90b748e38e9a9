/* SPDX-License-Identifier: MIT */
/* What a number recorded along Markov chains tells about them. */
#ifndef VPFI_EVAL_DIAGNOSTICS_H
#define VPFI_EVAL_DIAGNOSTICS_H

#include <vpf/evaluate.h>

/* values: [chains x draws], at least 4 draws each, small enough to be squared. Fills in all of *out but
 * struct_size. VPF_ERR_MEMORY. */
vpf_status vpfi_diagnose(const double *values, size_t chains, size_t draws, vpf_chain_report *out);

#endif
