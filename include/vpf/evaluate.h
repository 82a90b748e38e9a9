/* SPDX-License-Identifier: MIT */
/** @file evaluate.h
 *  How good is a machine? Likelihoods, Parzen windows, metrics of weights and units, moments of
 *  data and samples, diagnostics of chains.
 *
 *  Functions with several results fill a struct of the caller, who first sets its struct_size. If
 *  that is less than the struct had in its first release, they return VPF_ERR_ARGUMENT. They write no
 *  further than struct_size, and leave alone what is beyond the fields that the library knows. */
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
 *  @param[out] out_stderr  its standard error over the points; may be NULL
 *  @return VPF_ERR_ARGUMENT (naming what is not finite), VPF_ERR_LIMIT, VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_parzen(const float *centres, size_t n_centres, const float *points, size_t n_points,
                              size_t dim, double sigma, double *out_mean, double *out_stderr);

/** The sigma of a list with the largest vpf_parzen() mean on validation points.
 *  @return as vpf_parzen(). Since 1.0. */
VPF_API vpf_status vpf_parzen_select_sigma(const float *centres, size_t n_centres, const float *points,
                                           size_t n_points, size_t dim, const double *sigmas,
                                           size_t n_sigmas, double *out_sigma);

/** The result of vpf_parzen_generated(), nats. Since 1.0. */
typedef struct vpf_parzen_report {
  size_t struct_size;    /**< sizeof(vpf_parzen_report), set by the caller */
  double mean;           /**< mean over draws of the vpf_parzen() mean */
  double stderr_points;  /**< standard error over points, of each point's mean over draws: how much
                          *   other test images would change it; 0 for one point */
  double stderr_draws;   /**< standard deviation of the draws' means / sqrt(draws): how much other
                          *   samples of the machine would; 0 for one draw, which cannot tell */
  size_t draws;          /**< as asked for */
} vpf_parzen_report;

/** vpf_parzen() of a machine, several times with centres of their own.
 *
 *  Draw d = 0 .. draws-1 has the centres vpf_generate(model, count, steps, prior, seed + d); seed + d
 *  goes on from 0 after 2^64 - 1. A score depends on the number of centres: compare like with like.
 *  @param      count,steps,prior  as in vpf_generate(); the paper uses 10 000 centres, 5 or 3 steps
 *  @param      draws              at least 1
 *  @param      points             [n_points x n_0], finite
 *  @param      sigma              above 0
 *  @param[out] out                unchanged on failure
 *  @return VPF_ERR_ARGUMENT, VPF_ERR_LIMIT, VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_parzen_generated(const vpf_model *model, size_t count, size_t steps, const float *prior,
                                        uint64_t seed, size_t draws, const float *points, size_t n_points,
                                        double sigma, vpf_parzen_report *out);

/** The same with the centres of vpf_generate_by_pair(). @param steps  [layers-1], as there. Since 1.0. */
VPF_API vpf_status vpf_parzen_generated_by_pair(const vpf_model *model, size_t count, const size_t *steps,
                                                const float *prior, uint64_t seed, size_t draws,
                                                const float *points, size_t n_points, double sigma,
                                                vpf_parzen_report *out);

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
  size_t betas;                /**< inverse temperatures, at least 2; 0: 1000, unless they are given */
  uint64_t seed;               /**< of all its random numbers; any, 0 too */
  int adaptive;                /**< non-zero: place them where a short pilot run finds the weights to vary */
  const double *temperatures;  /**< [betas] or NULL: inverse temperatures, ascending from 0 to 1 */
  const vpf_data *base;        /**< rows whose mean activity gives the visible biases at the start
                                    (Salakhutdinov and Murray 2008), e.g. the training data: give them where
                                    there are any. NULL: the machine's own biases, from which whole modes can
                                    be missed while every error looks small (docs/math.md, section 13) */
  int reverse;                 /**< non-zero: also from the machine back to the independent units */
  const vpf_data *reverse_from; /**< visible rows where the chains of the reverse run begin, if exact
                                    samples cannot be had, e.g. test data: give them. NULL: where the forward
                                    run ended, so that a mode that it has missed stays missed */
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
  double reverse_log_z;       /**< of the reverse run; this and the next three are NaN without one */
  double reverse_stderr;      /**< as log_z_stderr */
  double reverse_ess;         /**< as ess */
  double reverse_spread;      /**< as spread */
  vpf_ais_start reverse_start; /**< where the reverse run started */
  int disagree;               /**< 1: the directions differ by more than 0.2 nats plus three standard errors,
                                   so at least one of them is wrong; 0 without a reverse run */
} vpf_ais_result;

/** log Z by annealed importance sampling (Neal 2001), nats, in one or both directions; machines with
 *  intra-layer weights too. Joint, or at most 2 layers. Layers without intra-layer weights are
 *  summed in closed form where they can be.
 *
 *  Forward and reverse run bracket log Z when the reverse one starts from exact samples, which is
 *  done by itself where at most 16 units have to be enumerated. Elsewhere they are two opinions.
 *  @param  settings  NULL: all defaults
 *  @return VPF_ERR_ARGUMENT (settings; temperatures that do not ascend from 0 to 1),
 *          VPF_ERR_SHAPE (columns of base or reverse_from), VPF_ERR_UNSUPPORTED, VPF_ERR_MEMORY,
 *          VPF_ERR_OVERFLOW (the fields of absurd parameters do not fit a float). Since 1.0. */
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
 *  whose hidden part can be enumerated. @return VPF_ERR_UNSUPPORTED, VPF_ERR_LIMIT (hidden units to be
 *  enumerated), VPF_ERR_SHAPE, VPF_ERR_ARGUMENT (log_z is not finite), VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_log_likelihood(const vpf_model *model, const vpf_data *data, double log_z,
                                      double *out_mean);

/** How probable data are. Since 1.0. */
typedef struct vpf_likelihood {
  size_t struct_size;   /**< sizeof(vpf_likelihood), set by the caller */
  double mean;          /**< mean log p(x) over the rows, nats a row */
  double rows_stderr;   /**< its standard error over the rows */
  double log_z;         /**< log Z, nats, enumerated or estimated */
  double log_z_stderr;  /**< standard error of log_z, by which `mean` is uncertain too; 0 if exact */
  double ess;           /**< of the AIS weights, see vpf_ais_result; the number of chains if exact */
  double empty;         /**< log p of the row of zeros: near 0 means that it has swallowed the model, which is
                             how VPF goes wrong (docs/math.md, section 14) */
  int exact;            /**< 1: log Z was enumerated, not estimated */
  double reverse_log_z; /**< of the reverse run, if the settings asked for one; else, and if exact, NaN */
  double mean_low;      /**< `mean` with the larger of log_z and reverse_log_z: forward AIS that misses a mode
                             makes data look more probable than they are */
  int disagree;         /**< see vpf_ais_result */
} vpf_likelihood;

/** Mean log p(x) with log Z from enumeration where at most 16 units have to be, and from AIS
 *  elsewhere. Cheap enough to be called from a progress function: see vpf_monitor_check().
 *  @param  data      [rows x n_0]; also the base of AIS and where the reverse run begins, unless settings
 *                    name others
 *  @param  settings  of vpf_ais(); NULL: all defaults
 *  @return as vpf_ais() and vpf_log_likelihood(). Since 1.0. */
VPF_API vpf_status vpf_estimate_likelihood(const vpf_model *model, const vpf_data *data,
                                           const vpf_ais_settings *settings, vpf_likelihood *out);

/** Mean over rows of sum_i log p(x_i | the other x), nats a row (Besag 1975). One layer: over
 *  all units; RBM: over the visible units through the free energy. @return
 *  VPF_ERR_UNSUPPORTED elsewhere; VPF_ERR_SHAPE; VPF_ERR_OVERFLOW as vpf_ais(); VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_pseudo_likelihood(const vpf_model *model, const vpf_data *data, double *out_mean);

/** rho = 1/(n_lower n_upper) sum_j (sum_i w_ij^2)^2 / sum_i w_ij^4, the fraction of weights
 *  that matter, and w2 = 1/n_upper sum_ij w_ij^2, of W_lower (paper, Fig. 3; Tubiana and
 *  Monasson 2017). Units without any weight count as 0. Either output may be NULL.
 *  @return VPF_ERR_ARGUMENT for weights that do not exist. Since 1.0. */
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

/** Histogram over [0, 1] of vpf_mean_activations(): the mean activations of a layer's units over the
 *  rows (paper, Fig. 3b, which has 20 bins).
 *  @param      layer       0 .. layers-1
 *  @param      bins        1 .. 1048576
 *  @param[out] out_counts  [bins] units: bin b is [b/bins, (b+1)/bins), the last one has 1.0 too;
 *                          their sum is n_layer
 *  @return VPF_ERR_ARGUMENT, VPF_ERR_SHAPE (columns), VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_activation_histogram(const vpf_model *model, const vpf_data *data, size_t layer,
                                            size_t bins, size_t *out_counts);

/** How active the units of a layer are, and how selective. All are in 0 .. 1. Sparseness of n
 *  responses r is (1 - mean(r)^2 / mean(r^2)) / (1 - 1/n) (Treves and Rolls 1991; Vinje and Gallant 2000): 0 if
 *  all are the same (all 0, and a single one, count as the same), 1 if one alone is not 0. Since 1.0. */
typedef struct vpf_activity {
  size_t struct_size;           /**< sizeof(vpf_activity), set by the caller */
  double mean;                  /**< mean activation over units and rows */
  double population_sparseness; /**< of a row's responses over the units; mean over rows */
  double lifetime_sparseness;   /**< of a unit's responses over the rows; mean over units */
  double dead;                  /**< fraction of units whose mean activation is below 0.01 */
  double saturated;             /**< fraction of units whose mean activation is above 0.99 */
} vpf_activity;

/** vpf_activity of the features vpf_encode(), which are made in chunks: memory does not grow with the
 *  rows. @param layer  0 .. layers-1.  @param[out] out  unchanged on failure.
 *  @return VPF_ERR_ARGUMENT, VPF_ERR_SHAPE (columns), VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_layer_activity(const vpf_model *model, const vpf_data *data, size_t layer,
                                      vpf_activity *out);

/** Means and pair moments of bits, from exact counts.
 *  @param[out] out_mean  [cols] p_i, the fraction of rows in which bit i is on
 *  @param[out] out_pair  [cols x cols] p_ij, the fraction in which i and j both are; symmetric,
 *                        p_ii = p_i; may be NULL
 *  @return VPF_ERR_ARGUMENT, VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_moments(const vpf_data *data, double *out_mean, double *out_pair);

/** How much alike the vpf_moments() of two data sets are. Pearson: the correlation over the entries,
 *  -1 .. 1, NaN (not defined) if there are fewer than two entries or those of either set are all the
 *  same. RMS: the root mean square of the differences, 0 .. 1, NaN if there are no entries. Since 1.0. */
typedef struct vpf_moment_comparison {
  size_t struct_size;       /**< sizeof(vpf_moment_comparison), set by the caller */
  double mean_pearson;      /**< p_i over all i */
  double mean_rms;          /**< p_i over all i */
  double pair_pearson;      /**< p_ij over i < j */
  double pair_rms;          /**< p_ij over i < j */
  double connected_pearson; /**< c_ij = p_ij - p_i p_j over i < j: what pairs have beyond their means */
  double connected_rms;     /**< c_ij over i < j */
} vpf_moment_comparison;

/** Compare data with samples of a machine, or two samples. Takes 16 cols^2 bytes of memory.
 *  @param[out] out  unchanged on failure
 *  @return VPF_ERR_ARGUMENT, VPF_ERR_SHAPE (different columns), VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_compare_moments(const vpf_data *a, const vpf_data *b, vpf_moment_comparison *out);

/** What a number recorded along Markov chains says about them. Variances divide by their count - 1.
 *  Since 1.0. */
typedef struct vpf_chain_report {
  size_t struct_size;          /**< sizeof(vpf_chain_report), set by the caller */
  double mean;                 /**< over all draws of all chains */
  double sd;                   /**< standard deviation over them */
  double drift;                /**< mean over chains of (mean of the second half of the draws - mean of
                                *   the first half); of an odd number the middle draw is in neither */
  double drift_stderr;         /**< its standard error over chains; 0 for one chain, which cannot tell */
  double autocorrelation_time; /**< tau = 1 + 2 sum_t rho_t, in draws: so many count as one. About 1 if
                                *   they are independent, never below 1 / log10(chains draws) */
  double ess;                  /**< effective sample size chains draws / tau */
  double split_rhat;           /**< how much wider all half chains together are than one alone: 1 if
                                *   they agree; above 1.01 they have not mixed (Vehtari et al. 2021) */
} vpf_chain_report;

/** Are the chains mixing? Diagnostics of any number recorded along them, such as the energy
 *  (vpf_model_energy()) or the mean pixel after each sweep of vpf_gibbs().
 *
 *  rho_t is estimated over all chains together, as in Stan (Vehtari et al. 2021), so chains that
 *  disagree have a long tau, at most 2 draws - 1; its sum ends by Geyer's initial monotone sequence
 *  (Geyer 1992). R-hat is that of split chains, not rank-normalised (Gelman et al. 2013, section 11.4).
 *  Values that are all the same: sd and drift 0, tau 1, R-hat 1. Half chains that are each constant but
 *  differ: R-hat is infinite (HUGE_VAL). Time grows with chains x draws x tau.
 *  @param      values  [chains x draws], each in [-1e150, 1e150]; others and NaN are refused
 *  @param      chains  at least 1; R-hat and drift_stderr need several to mean much
 *  @param      draws   at least 4
 *  @param[out] out     unchanged on failure
 *  @return VPF_ERR_ARGUMENT (naming chain and draw), VPF_ERR_LIMIT, VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_chain_diagnostics(const double *values, size_t chains, size_t draws,
                                         vpf_chain_report *out);

#ifdef __cplusplus
}
#endif
#endif
