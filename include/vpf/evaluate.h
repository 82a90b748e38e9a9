/* SPDX-License-Identifier: MIT */
/** @file evaluate.h
 *  How good is a machine? Parzen windows, metrics of weights and units, moments of data and samples, and diagnostics of
 *  chains; likelihoods are in likelihood.h.
 *
 *  docs/math.md, section 13, has the formulas; docs/evaluation.md says which of them to trust.
 *
 *  A function with several results fills a struct of the caller's, whose struct_size the caller sets first. A
 *  struct_size below that of the struct's first release is VPF_ERR_ARGUMENT. The library never writes beyond
 *  struct_size, and leaves fields that it does not know as they are. */
#ifndef VPF_EVALUATE_H
#define VPF_EVALUATE_H

#include <vpf/likelihood.h>

#ifdef __cplusplus
extern "C" {
#endif

/** @name Parzen windows
 *  Easily misread: they reward smoothness as much as quality, and blurred prototypes score above real data. BLAS
 *  computes them, so their last digits may depend on it (docs/determinism.md).
 *  @{ */

/** Parzen-window log-likelihood of points around centres, nats (docs/math.md, Eq. (28)). Since 1.0.
 *
 *  The mean over points x of log mean_c exp(-|x - c|^2 / (2 sigma^2)) - dim log(sigma sqrt(2 pi)).
 *  @param      centres     [n_centres x dim], finite
 *  @param      n_centres   1 .. 2^31
 *  @param      points      [n_points x dim], finite
 *  @param      n_points    1 .. 2^31
 *  @param      dim         1 .. 2^30
 *  @param      sigma       finite, above 0; the paper uses 0.2
 *  @param[out] out_mean    mean over the points
 *  @param[out] out_stderr  its standard error over the points, 0 for one point; may be NULL. Both are unchanged on
 *                          failure
 *  @retval VPF_ERR_ARGUMENT  centres, points or out_mean is NULL, n_centres, n_points or dim is 0, sigma is out of
 *                            range, or an element is NaN or infinite; the message names its row and column
 *  @retval VPF_ERR_LIMIT     too many centres, points or dimensions
 *  @retval VPF_ERR_OVERFLOW  sigma is so small for these distances that the mean or its error is not finite
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_parzen(const float *centres, size_t n_centres, const float *points, size_t n_points,
                              size_t dim, double sigma, double *out_mean, double *out_stderr);

/** From a list of sigmas, choose the one with the largest vpf_parzen() mean on validation points. Since 1.0.
 *  @param      centres    [n_centres x dim], finite
 *  @param      n_centres  1 .. 2^31
 *  @param      points     [n_points x dim], finite
 *  @param      n_points   1 .. 2^31
 *  @param      dim        1 .. 2^30
 *  @param      sigmas     [n_sigmas], each finite and above 0
 *  @param      n_sigmas   at least 1
 *  @param[out] out_sigma  the best sigma, the first one if several tie; unchanged on failure
 *  @retval VPF_ERR_ARGUMENT  a pointer is NULL, a number of elements is 0, a sigma is out of range, or an element is
 *                            NaN or infinite; the message names its row and column
 *  @retval VPF_ERR_LIMIT     too many centres, points or dimensions
 *  @retval VPF_ERR_OVERFLOW  all sigmas are so small for these distances that no mean is finite
 *  @retval VPF_ERR_MEMORY    out of memory; it takes n_sigmas x n_points doubles */
VPF_API vpf_status vpf_parzen_select_sigma(const float *centres, size_t n_centres, const float *points,
                                           size_t n_points, size_t dim, const double *sigmas,
                                           size_t n_sigmas, double *out_sigma);

/** The result of vpf_parzen_generated(), nats (docs/math.md, Eq. (30)). Since 1.0. */
typedef struct vpf_parzen_report {
  size_t struct_size;    /**< sizeof(vpf_parzen_report), set by the caller */
  double mean;           /**< mean over draws of the vpf_parzen() mean */
  double stderr_points;  /**< standard error over points, of each point's mean over draws: how much the result would
                          *   vary with other test images; 0 for one point */
  double stderr_draws;   /**< standard deviation of the draws' means / sqrt(draws): how much the result would vary with
                          *   other samples of the machine; 0 for one draw, which cannot tell */
  size_t draws;          /**< the number of draws, as requested */
} vpf_parzen_report;

/** vpf_parzen() of a machine: several times, each time around newly generated centres. Since 1.0.
 *
 *  The centres of draw d = 0 .. draws-1 are vpf_generate(model, count, steps, prior, seed + d), where seed + d
 *  continues at 0 after 2^64 - 1. A score depends on the number of centres: compare like with like.
 *  @param      model     any machine
 *  @param      count     number of centres, 1 .. 2^31; the paper uses 10 000
 *  @param      steps     1 .. 2^28-1, as in vpf_generate(); the paper uses 5, and 3 with intra-layer weights
 *  @param      prior     [n_top], probabilities in [0, 1]; NULL: 0.5 for every unit
 *  @param      seed      any number
 *  @param      draws     at least 1
 *  @param      points    [n_points x n_0], finite
 *  @param      n_points  1 .. 2^31
 *  @param      sigma     finite, above 0
 *  @param[out] out       unchanged on failure
 *  @retval VPF_ERR_ARGUMENT  model, points or out is NULL, struct_size is too small, count, draws or n_points is 0,
 *                            steps or sigma is out of range, a prior is NaN or outside [0, 1], or a point is not finite
 *  @retval VPF_ERR_LIMIT     too many centres, points or visible units
 *  @retval VPF_ERR_OVERFLOW  sigma is so small for these distances that a mean or an error is not finite
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_parzen_generated(const vpf_model *model, size_t count, size_t steps, const float *prior,
                                        uint64_t seed, size_t draws, const float *points, size_t n_points,
                                        double sigma, vpf_parzen_report *out);

/** vpf_parzen_generated() around the centres of vpf_generate_by_pair(). Since 1.0.
 *  @param      model     any machine
 *  @param      count     number of centres, 1 .. 2^31
 *  @param      steps     [layers-1], each 1 .. 2^28-1; steps[i] is for layers i and i+1. One layer: [1]
 *  @param      prior     [n_top], probabilities in [0, 1]; NULL: 0.5 for every unit
 *  @param      seed      any number
 *  @param      draws     at least 1
 *  @param      points    [n_points x n_0], finite
 *  @param      n_points  1 .. 2^31
 *  @param      sigma     finite, above 0
 *  @param[out] out       unchanged on failure
 *  @retval VPF_ERR_ARGUMENT  model, steps, points or out is NULL, struct_size is too small, count, draws or n_points is
 *                            0, an element of steps or sigma is out of range, a prior is NaN or outside [0, 1], or a
 *                            point is not finite
 *  @retval VPF_ERR_LIMIT     too many centres, points or visible units
 *  @retval VPF_ERR_OVERFLOW  sigma is so small for these distances that a mean or an error is not finite
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_parzen_generated_by_pair(const vpf_model *model, size_t count, const size_t *steps,
                                                const float *prior, uint64_t seed, size_t draws,
                                                const float *points, size_t n_points, double sigma,
                                                vpf_parzen_report *out);

/** @} @name Weights, images, units
 *  @{ */

/** Sparsity and size of W_lower (docs/math.md, Eq. (27); paper, Fig. 3; Tubiana and Monasson 2017). Since 1.0.
 *
 *  rho = 1/(n_lower n_upper) sum_j (sum_i w_ij^2)^2 / sum_i w_ij^4 is the fraction of weights that matter, and
 *  w2 = 1/n_upper sum_ij w_ij^2 is the mean squared weight norm of an upper unit. Units whose weights are all 0 count
 *  as 0.
 *  @param      model    two layers or more
 *  @param      lower    0 .. layers-2
 *  @param[out] out_rho  may be NULL
 *  @param[out] out_w2   may be NULL
 *  @retval VPF_ERR_ARGUMENT  model is NULL, or there are no such weights */
VPF_API vpf_status vpf_weight_metrics(const vpf_model *model, size_t lower, double *out_rho, double *out_w2);

/** How far images that were filled in are from the truth, in pixels (paper, Table 1). Since 1.0.
 *
 *  The mean over rows of the sum over a region of |p - grey level|. For comparison, score an all-black answer: probs
 *  that are 0 everywhere.
 *  @param      truth       [rows x cols], the images; where no grey levels were kept, their bits
 *  @param      probs       [rows x cols], each in [0, 1]
 *  @param      region      [cols]; columns that are non-zero here count. NULL: all
 *  @param[out] out_mean    mean over the rows
 *  @param[out] out_stderr  its standard error over the rows, 0 for one row; may be NULL. Both are unchanged on failure
 *  @retval VPF_ERR_ARGUMENT  truth, probs or out_mean is NULL, or an element of probs is NaN or outside [0, 1]; the
 *                            message names its row and column */
VPF_API vpf_status vpf_reconstruction_error(const vpf_data *truth, const float *probs, const uint8_t *region,
                                            double *out_mean, double *out_stderr);

/** Histogram over [0, 1] of a layer's vpf_mean_activations() (paper, Fig. 3b, which has 20 bins). Since 1.0.
 *  @param      model       any machine
 *  @param      data        [rows x n_0]; only the bits are used
 *  @param      layer       0 .. layers-1
 *  @param      bins        1 .. 1048576
 *  @param[out] out_counts  [bins], numbers of units, n_layer in all. Bin b is [b/bins, (b+1)/bins); 1.0 is in the last.
 *                          Unchanged on failure
 *  @retval VPF_ERR_ARGUMENT  model, data or out_counts is NULL, there is no such layer, or bins is out of range
 *  @retval VPF_ERR_SHAPE     data does not have n_0 columns
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_activation_histogram(const vpf_model *model, const vpf_data *data, size_t layer,
                                            size_t bins, size_t *out_counts);

/** How active the units of a layer are, and how selective; every figure is in 0 .. 1. Since 1.0.
 *
 *  The sparseness of n responses r is (1 - mean(r)^2 / mean(r^2)) / (1 - 1/n) (docs/math.md, Eq. (32); Treves and Rolls
 *  1991; Vinje and Gallant 2000). It is 1 if a single response is not 0, and 0 if all are the same; responses that are
 *  all 0, and a response on its own, count as the same. */
typedef struct vpf_activity {
  size_t struct_size;           /**< sizeof(vpf_activity), set by the caller */
  double mean;                  /**< mean activation over units and rows */
  double population_sparseness; /**< sparseness of a row's responses over the units, mean over rows */
  double lifetime_sparseness;   /**< sparseness of a unit's responses over the rows, mean over units */
  double dead;                  /**< fraction of units whose mean activation is below 0.01 */
  double saturated;             /**< fraction of units whose mean activation is above 0.99 */
} vpf_activity;

/** Measure the vpf_activity of a layer, whose responses are its vpf_encode() features. Since 1.0.
 *
 *  Features are computed in chunks, so memory use does not grow with the number of rows.
 *  @param      model  any machine
 *  @param      data   [rows x n_0]; only the bits are used
 *  @param      layer  0 .. layers-1
 *  @param[out] out    unchanged on failure
 *  @retval VPF_ERR_ARGUMENT  model, data or out is NULL, there is no such layer, or struct_size is too small
 *  @retval VPF_ERR_SHAPE     data does not have n_0 columns
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_layer_activity(const vpf_model *model, const vpf_data *data, size_t layer,
                                      vpf_activity *out);

/** @} @name Moments
 *  @{ */

/** Means and pair moments of bits, from exact counts (docs/math.md, Eq. (31)). Since 1.0.
 *  @param      data      [rows x cols]
 *  @param[out] out_mean  [cols], p_i, the fraction of rows in which bit i is on
 *  @param[out] out_pair  [cols x cols], p_ij, the fraction of rows in which bits i and j are both on; symmetric, with
 *                        p_ii = p_i. May be NULL
 *  @retval VPF_ERR_ARGUMENT  data or out_mean is NULL
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_moments(const vpf_data *data, double *out_mean, double *out_pair);

/** How much the vpf_moments() of two data sets are alike. Since 1.0.
 *
 *  Pearson: the correlation over the entries, -1 .. 1; NaN if there are fewer than two entries, or if all those of one
 *  set are the same. RMS: the root mean square of the differences, 0 .. 1; NaN if there are no entries. */
typedef struct vpf_moment_comparison {
  size_t struct_size;       /**< sizeof(vpf_moment_comparison), set by the caller */
  double mean_pearson;      /**< of p_i over all i */
  double mean_rms;          /**< of p_i over all i */
  double pair_pearson;      /**< of p_ij over i < j */
  double pair_rms;          /**< of p_ij over i < j */
  double connected_pearson; /**< of c_ij = p_ij - p_i p_j over i < j: what pairs have beyond their means */
  double connected_rms;     /**< of c_ij over i < j */
} vpf_moment_comparison;

/** Compare data with samples of a machine, or two sets of samples. Takes 16 cols^2 bytes of memory. Since 1.0.
 *  @param      a,b  two data sets with the same columns
 *  @param[out] out  unchanged on failure
 *  @retval VPF_ERR_ARGUMENT  a, b or out is NULL, or struct_size is too small
 *  @retval VPF_ERR_SHAPE     the numbers of columns differ
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_compare_moments(const vpf_data *a, const vpf_data *b, vpf_moment_comparison *out);

/** @} @name Diagnostics of chains
 *  @{ */

/** What a number recorded along Markov chains says about them (docs/math.md, Eq. (33) to (35)). Since 1.0.
 *
 *  Variances divide by their count - 1. */
typedef struct vpf_chain_report {
  size_t struct_size;          /**< sizeof(vpf_chain_report), set by the caller */
  double mean;                 /**< mean over all draws of all chains */
  double sd;                   /**< standard deviation over the same */
  double drift;                /**< mean over chains of (mean of the second half of the draws - mean of the first half);
                                *   the middle one of an odd number of draws is in neither half */
  double drift_stderr;         /**< its standard error over chains; 0 for one chain, which cannot tell */
  double autocorrelation_time; /**< tau = 1 + 2 sum_t rho_t, the number of draws that are worth one independent draw.
                                *   About 1 if they are independent, never below 1 / log10(chains draws) */
  double ess;                  /**< effective sample size, chains draws / tau */
  double split_rhat;           /**< R-hat, how much wider all half chains together are than one alone. 1 if they agree;
                                *   above 1.01 they have not mixed (Vehtari et al. 2021) */
} vpf_chain_report;

/** Are the chains mixing? Diagnose any number that was recorded along them. Since 1.0.
 *
 *  Suitable numbers are the energy, from vpf_gibbs_trace() or vpf_model_energy(), and the mean pixel after each sweep.
 *
 *  rho_t is estimated over all chains together, as in Stan (Vehtari et al. 2021), so chains that disagree have a long
 *  tau, at most 2 draws - 1. Its sum ends by Geyer's initial monotone sequence (Geyer 1992). R-hat is that of split
 *  chains, without rank normalisation (Gelman et al. 2013, section 11.4). Values that are all the same give sd and
 *  drift 0, and tau and R-hat 1. Half chains that are each constant but differ give an infinite R-hat (HUGE_VAL). Time
 *  grows with chains x draws x tau.
 *  @param      values  [chains x draws], each in [-1e150, 1e150]
 *  @param      chains  at least 1; R-hat and drift_stderr need several to mean much
 *  @param      draws   at least 4
 *  @param[out] out     unchanged on failure
 *  @retval VPF_ERR_ARGUMENT  values or out is NULL, struct_size is too small, chains or draws is too small, or a value
 *                            is NaN or out of range; the message names chain and draw
 *  @retval VPF_ERR_LIMIT     chains x draws does not fit a size_t
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_chain_diagnostics(const double *values, size_t chains, size_t draws,
                                         vpf_chain_report *out);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
