/* SPDX-License-Identifier: MIT */
/* Parzen-window log-likelihood: squared distances by one matrix product, log-sum-exp in double. */
#ifndef VPFI_EVAL_PARZEN_H
#define VPFI_EVAL_PARZEN_H

#include <vpf/evaluate.h>

#include "bm/workspace.h"

/* Centres and points: [n x dim] each. */
typedef struct vpfi_parzen_set {
  const float *centres;
  size_t n_centres;
  const float *points;
  size_t n_points, dim;
} vpfi_parzen_set;

/* out: [n_sigmas x n_points] log-likelihood of each point for each sigma, nats. VPF_ERR_MEMORY. */
vpf_status vpfi_parzen(const vpfi_parzen_set *set, const double *sigmas, size_t n_sigmas, size_t threads, double *out);

/* Mean over the points and, unless out_stderr is NULL, its standard error. VPF_ERR_MEMORY. */
vpf_status vpfi_parzen_mean(const vpfi_parzen_set *set, double sigma, size_t threads, double *out_mean,
                            double *out_stderr);

/* The sigma with the largest mean. VPF_ERR_MEMORY. */
vpf_status vpfi_parzen_select(const vpfi_parzen_set *set, const double *sigmas, size_t n_sigmas, size_t threads,
                              double *out_sigma);

/* Draws report->draws times the centres of set, whose centres are NULL, from the machine, with seeds seed, seed + 1, ...,
 * by vpfi_generate(), so that only one draw is in memory. work: with n_centres rows. Fills all of *report but
 * struct_size and draws. VPF_ERR_MEMORY. */
vpf_status vpfi_parzen_generated(vpfi_workspace *work, const size_t *steps, const float *prior_field, uint64_t seed,
                                 const vpfi_parzen_set *set, double sigma, vpf_parzen_report *report);

#endif
