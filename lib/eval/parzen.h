/* SPDX-License-Identifier: MIT */
/* Parzen-window log-likelihood: squared distances by one matrix product, log-sum-exp in double. */
#ifndef VPFI_EVAL_PARZEN_H
#define VPFI_EVAL_PARZEN_H

#include <stddef.h>
#include <vpf/status.h>

/* out: [n_sigmas x n_points] log-likelihood of each point for each sigma, nats. VPF_ERR_MEMORY. */
vpf_status vpfi_parzen(const float *centres, size_t n_centres, const float *points, size_t n_points, size_t dim,
                       const double *sigmas, size_t n_sigmas, size_t threads, double *out);

#endif
