/* SPDX-License-Identifier: MIT */
/* How probable the data are: log p(x), with log Z enumerated or estimated. */
#ifndef VPFI_EVAL_LOG_P_H
#define VPFI_EVAL_LOG_P_H

#include "eval/annealing.h"

/* Mean of log p(x) + log Z over the rows. VPF_ERR_LIMIT, VPF_ERR_MEMORY. */
vpf_status vpfi_mean_log_sum(const vpfi_shape *shape, const vpfi_params *params, const vpfi_rows *visible,
                             double *out_mean);

/* Fills in all of *out but struct_size. If the annealing has no base, or no start for its reverse run, the data serve.
 * Errors are those of vpfi_anneal() and VPF_ERR_LIMIT. */
vpf_status vpfi_estimate_likelihood(const char *function, const vpfi_shape *shape, const vpfi_params *params,
                                    const vpfi_rows *visible, const vpfi_annealing *annealing, vpf_likelihood *out);

#endif
