/* SPDX-License-Identifier: MIT */
/* The objective of probability flow and its gradient, over a whole set of states. */
#ifndef VPFI_BM_OBJECTIVE_H
#define VPFI_BM_OBJECTIVE_H

#include "bm/flow.h"
#include "bm/workspace.h"

/* K, summed over units and averaged over rows, and dK/dtheta in flat order. flow: one number; gradient: [param_count];
 * either may be NULL. VPF_ERR_MEMORY; VPF_ERR_OVERFLOW, naming row, layer and unit. Outputs are then untouched. */
vpf_status vpfi_objective(const vpfi_machine *machine, const vpfi_rows *states, double *flow, float *gradient);

/* The flow of each row, in double: rates beyond exp(VPFI_RATE_LIMIT) are no failure, as they are for K. work: with
 * room for VPFI_FLOW_ROWS states. out: [rows]. VPF_ERR_MEMORY; VPF_ERR_OVERFLOW, whose text begins with the function
 * and names the first row that is not finite. out is then untouched. */
enum { VPFI_FLOW_ROWS = 256 };
vpf_status vpfi_flow_rows(const char *function, vpfi_workspace *work, const vpfi_rows *states, double *out);

#endif
