/* SPDX-License-Identifier: MIT */
/* Parzen-window log-likelihood, Eq. (28): squared distances by a matrix product, log-sum-exp in double. */
#ifndef VPFI_EVAL_PARZEN_H
#define VPFI_EVAL_PARZEN_H

#include <vpf/evaluate.h>

#include "bm/workspace.h"

/* Centres and points, [n x dim] each. */
typedef struct vpfi_parzen_set {
  const float *centres;
  size_t n_centres;
  const float *points;
  size_t n_points, dim;
} vpfi_parzen_set;

/* out: [n_sigmas x n_points], the log-likelihood of each point for each sigma, in nats. VPF_ERR_MEMORY. */
vpf_status vpfi_parzen(const vpfi_parzen_set *set, const double *sigmas, size_t n_sigmas, size_t threads, double *out);

/* The mean over the points and its standard error, which may be infinite or NaN. VPF_ERR_MEMORY. */
vpf_status vpfi_parzen_mean(const vpfi_parzen_set *set, double sigma, size_t threads, double *out_mean,
                            double *out_stderr);

/* The sigma with the largest mean. VPF_ERR_OVERFLOW if none of them is finite; VPF_ERR_MEMORY. */
vpf_status vpfi_parzen_select(const vpfi_parzen_set *set, const double *sigmas, size_t n_sigmas, size_t threads,
                              double *out_sigma);

/* Draw the centres of set, NULL there, from the machine report->draws times, by vpfi_generate() with the seeds seed,
 * seed + 1, ..., and only one draw in memory at a time. work must have n_centres rows. Fills in all of *report but
 * struct_size and draws; means and errors may be infinite or NaN. VPF_ERR_MEMORY. */
vpf_status vpfi_parzen_generated(vpfi_workspace *work, const size_t *steps, const float *prior_field, uint64_t seed,
                                 const vpfi_parzen_set *set, double sigma, vpf_parzen_report *report);

#endif
