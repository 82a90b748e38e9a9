/* SPDX-License-Identifier: MIT */
/* Whether an estimate of log Z can be trusted. */
#ifndef VPFI_EVAL_DOUBTS_H
#define VPFI_EVAL_DOUBTS_H

#include <stdbool.h>
#include <vpf/likelihood.h>

/* Whether an estimate of log Z is so far below a rigorous bound that it has missed modes. */
bool vpfi_is_below_bound(double log_z, double bound);

/* A sum of vpf_doubt. Without a reverse run log_z_both is NaN. */
unsigned vpfi_doubts(const vpf_ais_result *result, size_t chains);

#endif
