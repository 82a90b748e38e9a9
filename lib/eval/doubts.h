/* SPDX-License-Identifier: MIT */
/* Whether an estimate of log Z by annealing can be trusted. */
#ifndef VPFI_EVAL_DOUBTS_H
#define VPFI_EVAL_DOUBTS_H

#include <vpf/likelihood.h>

/* A sum of vpf_doubt. Without a reverse run log_z_both is NaN. */
unsigned vpfi_doubts(const vpf_ais_result *result, size_t chains);

#endif
