/* SPDX-License-Identifier: MIT */
/** @file evaluate.h
 *  How good is a machine? Likelihoods, Parzen windows, weight metrics. */
#ifndef VPF_EVALUATE_H
#define VPF_EVALUATE_H

#include <vpf/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Parzen-window log-likelihood, nats: mean over points of
 *  log mean_c exp(-|x - c|^2 / (2 sigma^2)) - dim log(sigma sqrt(2 pi)).
 *
 *  It rewards smoothness as much as quality: blurred prototypes score above real data.
 *  @param      centres     [n_centres x dim], finite
 *  @param      points      [n_points x dim], finite
 *  @param      sigma       above 0; the paper uses 0.2
 *  @param[out] out_mean    mean over the points
 *  @param[out] out_stderr  its standard error over the points; may be NULL. Since 1.0. */
VPF_API vpf_status vpf_parzen(const float *centres, size_t n_centres, const float *points, size_t n_points,
                              size_t dim, double sigma, double *out_mean, double *out_stderr);

/** The sigma of a list with the largest vpf_parzen() mean on validation points. Since 1.0. */
VPF_API vpf_status vpf_parzen_select_sigma(const float *centres, size_t n_centres, const float *points,
                                           size_t n_points, size_t dim, const double *sigmas,
                                           size_t n_sigmas, double *out_sigma);

/** log Z by enumeration, nats. Joint, or at most 2 layers.
 *  @return VPF_ERR_LIMIT with the limit if too many units would have to be enumerated;
 *          VPF_ERR_UNSUPPORTED for a pairwise model of three or more layers. Since 1.0. */
VPF_API vpf_status vpf_exact_log_partition(const vpf_model *model, double *out_log_z);

/** log Z by annealed importance sampling (Neal 2001), nats. Joint, or at most 2 layers.
 *  @param      chains      independent runs, at least 2
 *  @param      betas       inverse temperatures, at least 2
 *  @param[out] out_stderr  standard error of log Z over the chains; may be NULL. Since 1.0. */
VPF_API vpf_status vpf_ais_log_partition(const vpf_model *model, size_t chains, size_t betas, uint64_t seed,
                                         double *out_log_z, double *out_stderr);

/** Mean log p(x) over the rows, nats a row, given log Z. One layer, RBM, and joint models
 *  whose hidden part can be enumerated. @return VPF_ERR_UNSUPPORTED, VPF_ERR_LIMIT. Since 1.0. */
VPF_API vpf_status vpf_log_likelihood(const vpf_model *model, const vpf_data *data, double log_z,
                                      double *out_mean);

/** Mean over rows of sum_i log p(x_i | the other x), nats a row (Besag 1975). One layer: over
 *  all units; RBM: over the visible units through the free energy. @return
 *  VPF_ERR_UNSUPPORTED elsewhere. Since 1.0. */
VPF_API vpf_status vpf_pseudo_likelihood(const vpf_model *model, const vpf_data *data, double *out_mean);

/** rho = 1/(n_lower n_upper) sum_j (sum_i w_ij^2)^2 / sum_i w_ij^4, the fraction of weights
 *  that matter, and w2 = 1/n_upper sum_ij w_ij^2, of W_lower (paper, Fig. 3; Tubiana and
 *  Monasson 2017). Units without any weight count as 0. Either output may be NULL. Since 1.0. */
VPF_API vpf_status vpf_weight_metrics(const vpf_model *model, size_t lower, double *out_rho, double *out_w2);

/** How far filled-in images are from the truth: mean over rows of the sum over a region of
 *  |p - grey level| (paper, Table 1), in pixels. Answer 0 everywhere ("black") for comparison.
 *  @param      truth       the images; where no grey levels were kept, their bits
 *  @param      probs       [rows x cols], each in [0, 1]
 *  @param      region      [cols], non-zero columns count; NULL: all
 *  @param[out] out_mean    mean over the rows
 *  @param[out] out_stderr  its standard error over the rows (0 for one row); may be NULL
 *  @return VPF_ERR_ARGUMENT, naming row and column of a value outside [0, 1]. Since 1.0. */
VPF_API vpf_status vpf_reconstruction_error(const vpf_data *truth, const float *probs, const uint8_t *region,
                                            double *out_mean, double *out_stderr);

#ifdef __cplusplus
}
#endif
#endif
