/* SPDX-License-Identifier: MIT */
/* How probable rows at least are, where the hidden units are too many to be summed out: by mean field. */
#ifndef VPFI_EVAL_LOG_P_BOUND_H
#define VPFI_EVAL_LOG_P_BOUND_H

#include "bm/params.h"
#include "data/rows.h"

/* For each row of visible bits, what the log of the sum of exp(-E(x, h)) over the hidden units is at least, Eq. (29b);
 * equal to it, apart from rounding, where no hidden unit has to be given for the others to be independent. Finite for
 * all finite parameters. out: [rows]. VPF_ERR_MEMORY. */
vpf_status vpfi_log_sum_bounds(const vpfi_shape *shape, const vpfi_params *params, const vpfi_rows *visible,
                               double *out);

#endif
