/* SPDX-License-Identifier: MIT */
/* How probable the data are: log p(x), with log Z enumerated or estimated. */
#ifndef VPFI_EVAL_LOG_P_H
#define VPFI_EVAL_LOG_P_H

#include "eval/annealing.h"

/* Mean of log p(x) + log Z over the rows; or, as a bound, of what that at least is (log_p_bound.h). VPF_ERR_LIMIT
 * unless it is a bound; VPF_ERR_MEMORY. */
vpf_status vpfi_mean_log_sum(const vpfi_shape *shape, const vpfi_params *params, const vpfi_rows *visible, bool bound,
                             double *out_mean);

/* Fills in all of *out but struct_size. If the annealing has no base, or no start for its reverse run, the data serve.
 * Where the hidden units are too many to be summed out, bounds of log p take its place. Errors are those of
 * vpfi_anneal(). */
vpf_status vpfi_estimate_likelihood(const char *function, const vpfi_shape *shape, const vpfi_params *params,
                                    const vpfi_rows *visible, const vpfi_annealing *annealing, vpf_likelihood *out);

#endif
