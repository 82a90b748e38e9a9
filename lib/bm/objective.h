/* SPDX-License-Identifier: MIT */
/* The objective of probability flow and its gradient, over a whole set of states. */
#ifndef VPFI_BM_OBJECTIVE_H
#define VPFI_BM_OBJECTIVE_H

#include "bm/flow.h"
#include "data/rows.h"

/* K, summed over units: averaged over rows, and of each row; and dK/dtheta in flat order. flow: one number;
 * flow_rows: [rows]; gradient: [param_count]; any may be NULL. VPF_ERR_MEMORY; VPF_ERR_OVERFLOW, naming row, layer and
 * unit. Outputs are then untouched. */
vpf_status vpfi_objective(const vpfi_machine *machine, const vpfi_rows *states, size_t threads, double *flow,
                          double *flow_rows, float *gradient);

#endif
