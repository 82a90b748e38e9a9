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

/** Independent draws from the machine's own distribution, by enumeration and inversion: what Gibbs
 *  chains would reach in the end. Joint, or at most 2 layers; the limit of vpf_exact_log_partition().
 *  @param      count       at least 1
 *  @param[out] out_states  [count x units], a new handle
 *  @return VPF_ERR_ARGUMENT, VPF_ERR_LIMIT, VPF_ERR_UNSUPPORTED, VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_exact_sample(const vpf_model *model, size_t count, uint64_t seed, vpf_data **out_states);

/** @name Annealed importance sampling
 *  @{ */

/** How vpf_ais() works. Whatever is 0 or NULL has its default, so that
 *  `vpf_ais_settings s = {.struct_size = sizeof s};` is complete. Since 1.0. */
typedef struct vpf_ais_settings {
  size_t struct_size;          /**< sizeof(vpf_ais_settings), set by the caller */
  size_t chains;               /**< independent runs, at least 2; 0: 100 */
  size_t betas;                /**< inverse temperatures, at least 2; 0: 1000 */
  uint64_t seed;
  int adaptive;                /**< non-zero: place them where a short pilot run finds the weights to vary */
  const double *temperatures;  /**< [betas] or NULL: inverse temperatures, ascending from 0 to 1 */
  const vpf_data *base;        /**< rows whose mean activity gives the visible biases at the start
                                    (Salakhutdinov and Murray 2008), e.g. the training data: give them where
                                    there are any. NULL: the machine's own biases, from which whole modes can
                                    be missed while every error looks small (docs/math.md, section 13) */
  int reverse;                 /**< non-zero: also from the machine back to the independent units */
  const vpf_data *reverse_from; /**< visible rows where the chains of the reverse run begin, if exact
                                    samples cannot be had; NULL: where the forward run ended */
  size_t reverse_sweeps;       /**< Gibbs sweeps before the reverse run; 0: 1000. Not with exact samples */
} vpf_ais_settings;

/** Where the reverse run of vpf_ais() started. Since 1.0. */
typedef enum vpf_ais_start {
  VPF_AIS_START_NONE = 0,   /**< there was none */
  VPF_AIS_START_EXACT = 1,  /**< from exact samples: reverse_log_z is then, in expectation, no less than log Z */
  VPF_AIS_START_CHAINS = 2  /**< from Gibbs chains: what they have not found is missing. No bound */
} vpf_ais_start;

/** What vpf_ais() found. Since 1.0. */
typedef struct vpf_ais_result {
  size_t struct_size;         /**< sizeof(vpf_ais_result), set by the caller */
  double log_z;               /**< estimate of log Z, nats; in expectation no more than log Z */
  double log_z_stderr;        /**< its standard error over the chains (first order): too small where ess is */
  double ess;                 /**< effective sample size of the weights, (sum w)^2 / sum w^2, 1 .. chains */
  double spread;              /**< standard deviation of the log weights; well above 1: more temperatures */
  double reverse_log_z, reverse_stderr, reverse_ess, reverse_spread; /**< of the reverse run; NaN without one */
  vpf_ais_start reverse_start;
  int disagree;               /**< 1: the directions differ by more than 0.2 nats and three standard errors, so
                                   at least one of them is wrong; 0 without a reverse run */
} vpf_ais_result;

/** log Z by annealed importance sampling (Neal 2001), nats, in one or both directions; machines with
 *  intra-layer weights too. Joint, or at most 2 layers. Layers without intra-layer weights are
 *  summed in closed form where they can be.
 *
 *  Forward and reverse run bracket log Z when the reverse one starts from exact samples, which is
 *  done by itself where at most 16 units have to be enumerated. Elsewhere they are two opinions.
 *  @param  settings  NULL: all defaults
 *  @return VPF_ERR_ARGUMENT (settings; temperatures that do not ascend from 0 to 1),
 *          VPF_ERR_SHAPE (columns of base or reverse_from), VPF_ERR_UNSUPPORTED, VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_ais(const vpf_model *model, const vpf_ais_settings *settings, vpf_ais_result *out);

/** The short form of vpf_ais(): forward, equally spaced, from the machine's own biases, which makes
 *  it the less trustworthy one. log Z, nats. Joint, or at most 2 layers.
 *  @param      chains      independent runs, at least 2
 *  @param      betas       inverse temperatures, at least 2
 *  @param[out] out_stderr  standard error of log Z over the chains; may be NULL. Since 1.0. */
VPF_API vpf_status vpf_ais_log_partition(const vpf_model *model, size_t chains, size_t betas, uint64_t seed,
                                         double *out_log_z, double *out_stderr);

/** @} */

/** Mean log p(x) over the rows, nats a row, given log Z. One layer, RBM, and joint models
 *  whose hidden part can be enumerated. @return VPF_ERR_UNSUPPORTED, VPF_ERR_LIMIT. Since 1.0. */
VPF_API vpf_status vpf_log_likelihood(const vpf_model *model, const vpf_data *data, double log_z,
                                      double *out_mean);

/** How probable data are. Since 1.0. */
typedef struct vpf_likelihood {
  size_t struct_size;   /**< sizeof(vpf_likelihood), set by the caller */
  double mean;          /**< mean log p(x) over the rows, nats a row */
  double rows_stderr;   /**< its standard error over the rows */
  double log_z;
  double log_z_stderr;  /**< standard error of log_z, by which `mean` is uncertain too; 0 if exact */
  double ess;           /**< of the AIS weights, see vpf_ais_result; the number of chains if exact */
  double empty;         /**< log p of the row of zeros: near 0 means that it has swallowed the model, which is
                             how VPF goes wrong (docs/math.md, section 14) */
  int exact;            /**< 1: log Z was enumerated, not estimated */
} vpf_likelihood;

/** Mean log p(x) with log Z from enumeration where at most 16 units have to be, and from forward AIS
 *  elsewhere. Cheap enough to be called from a progress function: see vpf_monitor_check().
 *  @param  data      [rows x n_0]; also the base of AIS, unless settings name another
 *  @param  settings  of vpf_ais(); NULL: all defaults
 *  @return as vpf_ais() and vpf_log_likelihood(). Since 1.0. */
VPF_API vpf_status vpf_estimate_likelihood(const vpf_model *model, const vpf_data *data,
                                           const vpf_ais_settings *settings, vpf_likelihood *out);

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
