/* SPDX-License-Identifier: MIT */
/** @file evaluate.h
 *  How good is a machine? Likelihoods, Parzen windows, metrics of weights and units, moments of data and samples, and
 *  diagnostics of chains.
 *
 *  docs/math.md, section 13, has the formulas; docs/evaluation.md says which of them to trust.
 *
 *  A function with several results fills a struct of the caller's, whose struct_size the caller sets first. A
 *  struct_size below that of the struct's first release is VPF_ERR_ARGUMENT. The library never writes beyond
 *  struct_size, and leaves fields that it does not know as they are. */
#ifndef VPF_EVALUATE_H
#define VPF_EVALUATE_H

#include <vpf/model.h>

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
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_parzen_generated_by_pair(const vpf_model *model, size_t count, const size_t *steps,
                                                const float *prior, uint64_t seed, size_t draws,
                                                const float *points, size_t n_points, double sigma,
                                                vpf_parzen_report *out);

/** @} @name Exactly, by enumeration
 *  @{ */

/** The log partition function log Z by enumeration, nats. Since 1.0.
 *
 *  The even layers or the odd ones, whichever leaves fewer units, are summed in closed form if none of them has
 *  intra-layer weights. The remaining units are enumerated, 25 at most.
 *  @param      model      joint, or at most two layers
 *  @param[out] out_log_z  unchanged on failure
 *  @retval VPF_ERR_ARGUMENT     model or out_log_z is NULL
 *  @retval VPF_ERR_UNSUPPORTED  a pairwise machine of three or more layers, which has no single energy
 *  @retval VPF_ERR_LIMIT        more than 25 units would have to be enumerated; the message has both numbers
 *  @retval VPF_ERR_MEMORY       out of memory */
VPF_API vpf_status vpf_exact_log_partition(const vpf_model *model, double *out_log_z);

/** Draw independent states from the machine's own distribution: what Gibbs chains reach in the end. Since 1.0.
 *
 *  By enumeration and inversion, with the limit of vpf_exact_log_partition().
 *  @param      model       joint, or at most two layers
 *  @param      count       at least 1
 *  @param      seed        any number
 *  @param[out] out_states  [count x units], a new handle; destroy it with vpf_data_destroy()
 *  @retval VPF_ERR_ARGUMENT     model or out_states is NULL, or count is 0
 *  @retval VPF_ERR_UNSUPPORTED  a pairwise machine of three or more layers, which has no single energy
 *  @retval VPF_ERR_LIMIT        more than 25 units would have to be enumerated, or 2^47 states or more were asked for
 *  @retval VPF_ERR_MEMORY       out of memory */
VPF_API vpf_status vpf_exact_sample(const vpf_model *model, size_t count, uint64_t seed, vpf_data **out_states);

/** @} @name Annealed importance sampling
 *  @{ */

/** How vpf_ais() works. Since 1.0.
 *
 *  A field that is 0 or NULL has its default, so `vpf_ais_settings s = {.struct_size = sizeof s};` is complete. */
typedef struct vpf_ais_settings {
  size_t struct_size;          /**< sizeof(vpf_ais_settings), set by the caller */
  size_t chains;               /**< independent runs, 2 .. 2^31; 0: 100 */
  size_t betas;                /**< number of inverse temperatures, 2 .. 2^31; 0: 1000. Required with temperatures */
  uint64_t seed;               /**< seed of all its random numbers; any number, 0 included */
  int adaptive;                /**< non-zero: place the inverse temperatures where a short pilot run finds that the
                                    weights vary; 0: equally spaced. Not together with temperatures */
  const double *temperatures;  /**< [betas], inverse temperatures that ascend from 0 to 1; NULL: see adaptive */
  const vpf_data *base;        /**< [rows x n_0], rows whose mean activity gives the visible biases at the start
                                    (Salakhutdinov and Murray 2008), such as the training data: give them where there
                                    are any. NULL: the machine's own biases, from which whole modes can be missed while
                                    every error estimate looks small (docs/math.md, section 13) */
  int reverse;                 /**< non-zero: also run in reverse, from the machine back to independent units */
  const vpf_data *reverse_from; /**< [rows x n_0], visible rows at which the chains of the reverse run begin if exact
                                    samples cannot be had, such as test data: give them where there are any. NULL: where
                                    the forward run ended, so that a mode which it missed stays missed */
  size_t reverse_sweeps;       /**< Gibbs sweeps before the reverse run; 0: 1000. Not used with exact samples */
} vpf_ais_settings;

/** Where the reverse run of vpf_ais() started. Since 1.0. */
typedef enum vpf_ais_start {
  VPF_AIS_START_NONE = 0,   /**< there was no reverse run */
  VPF_AIS_START_EXACT = 1,  /**< exact samples: the expectation of reverse_log_z is then at least log Z */
  VPF_AIS_START_CHAINS = 2  /**< Gibbs chains: modes that they have not found are missing, so it is no bound */
} vpf_ais_start;

/** What vpf_ais() found (docs/math.md, Eq. (37)). Since 1.0. */
typedef struct vpf_ais_result {
  size_t struct_size;         /**< sizeof(vpf_ais_result), set by the caller */
  double log_z;               /**< estimate of log Z, nats; its expectation is at most log Z */
  double log_z_stderr;        /**< its standard error over the chains, to first order: too small where ess is small */
  double ess;                 /**< effective sample size of the weights, (sum w)^2 / sum w^2, 1 .. chains */
  double spread;              /**< standard deviation of the log weights; well above 1: use more temperatures */
  double reverse_log_z;       /**< estimate by the reverse run; this and the next three are NaN without one */
  double reverse_stderr;      /**< its standard error, like log_z_stderr */
  double reverse_ess;         /**< its effective sample size, like ess */
  double reverse_spread;      /**< its spread, like spread */
  vpf_ais_start reverse_start; /**< where the reverse run started */
  int disagree;               /**< 1: at least one number is wrong: the two directions differ by more than 0.2 nats plus
                                   three standard errors, or log_z is more than 0.2 nats below log_z_bound; 0 otherwise */
  double log_z_bound;         /**< a rigorous lower bound of log Z by mean field (docs/math.md, Eq. (37c)). A log_z far
                                   below it has missed a mode */
} vpf_ais_result;

/** Estimate log Z by annealed importance sampling (Neal 2001), nats, in one direction or both. Since 1.0.
 *
 *  Intra-layer weights are supported. Layers without them are summed in closed form where that is possible. If the
 *  reverse run starts from exact samples, which it does by itself where at most 16 units have to be enumerated, the two
 *  directions bracket log Z; otherwise they are two opinions. docs/math.md, Eq. (36) and (37).
 *  @param      model     joint, or at most two layers
 *  @param      settings  NULL: all defaults
 *  @param[out] out       unchanged on failure
 *  @retval VPF_ERR_ARGUMENT     model or out is NULL, a struct_size is too small, or a setting is out of range, in
 *                               conflict with another one or from a later release; the message says which
 *  @retval VPF_ERR_UNSUPPORTED  a pairwise machine of three or more layers, which has no single energy
 *  @retval VPF_ERR_SHAPE        base or reverse_from does not have n_0 columns
 *  @retval VPF_ERR_OVERFLOW     the parameters are so large that the estimate is not finite
 *  @retval VPF_ERR_MEMORY       out of memory */
VPF_API vpf_status vpf_ais(const vpf_model *model, const vpf_ais_settings *settings, vpf_ais_result *out);

/** The short form of vpf_ais(), and the less trustworthy one. Since 1.0.
 *
 *  Forward only, with equally spaced temperatures, from the machine's own biases.
 *  @param      model       joint, or at most two layers
 *  @param      chains      independent runs, 2 .. 2^31
 *  @param      betas       number of inverse temperatures, 2 .. 2^31
 *  @param      seed        any number
 *  @param[out] out_log_z   estimate of log Z, nats
 *  @param[out] out_stderr  its standard error over the chains; may be NULL. Both are unchanged on failure
 *  @retval VPF_ERR_ARGUMENT     model or out_log_z is NULL, or chains or betas is out of range
 *  @retval VPF_ERR_UNSUPPORTED  a pairwise machine of three or more layers, which has no single energy
 *  @retval VPF_ERR_OVERFLOW     the parameters are so large that the estimate is not finite
 *  @retval VPF_ERR_MEMORY       out of memory */
VPF_API vpf_status vpf_ais_log_partition(const vpf_model *model, size_t chains, size_t betas, uint64_t seed,
                                         double *out_log_z, double *out_stderr);

/** @} @name Likelihood of data
 *  @{ */

/** Mean log p(x) over the rows, nats per row, given log Z (docs/math.md, Eq. (29)). Since 1.0.
 *
 *  The hidden units are summed out as vpf_exact_log_partition() does it: alternate hidden layers in closed form if none
 *  of them has intra-layer weights, the rest by enumeration, 25 units at most. A single hidden layer without
 *  intra-layer weights, as in an RBM, needs no enumeration.
 *  @param      model     joint, or at most two layers
 *  @param      data      [rows x n_0]; only the bits are used
 *  @param      log_z     log Z of the model, from vpf_exact_log_partition() or vpf_ais()
 *  @param[out] out_mean  unchanged on failure
 *  @retval VPF_ERR_ARGUMENT     model, data or out_mean is NULL, or log_z is NaN or infinite
 *  @retval VPF_ERR_UNSUPPORTED  a pairwise machine of three or more layers, which has no single energy
 *  @retval VPF_ERR_SHAPE        data does not have n_0 columns
 *  @retval VPF_ERR_LIMIT        more than 25 hidden units would have to be enumerated; the message has both numbers
 *  @retval VPF_ERR_MEMORY       out of memory */
VPF_API vpf_status vpf_log_likelihood(const vpf_model *model, const vpf_data *data, double log_z,
                                      double *out_mean);

/** How probable data are, as found by vpf_estimate_likelihood(). Since 1.0. */
typedef struct vpf_likelihood {
  size_t struct_size;   /**< sizeof(vpf_likelihood), set by the caller */
  double mean;          /**< mean log p(x) over the rows, nats per row */
  double rows_stderr;   /**< its standard error over the rows */
  double log_z;         /**< log Z, nats, enumerated or estimated */
  double log_z_stderr;  /**< standard error of log_z, an error of `mean` as well; 0 if exact */
  double ess;           /**< ess of the AIS weights, see vpf_ais_result; the number of chains if exact */
  double empty;         /**< log p of the row of zeros. If it is near 0, this one row has swallowed nearly all of the
                             probability, which is how VPF goes wrong (docs/math.md, section 14) */
  int exact;            /**< 1: log Z was enumerated; 0: it was estimated */
  double reverse_log_z; /**< log Z by the reverse run if the settings asked for one; NaN otherwise, and if exact */
  double mean_low;      /**< `mean` with the largest of log_z, reverse_log_z and log_z_bound: AIS that misses a mode
                             makes data look more probable than they are. Report this and choose models by it */
  int disagree;         /**< see vpf_ais_result */
  double log_z_bound;   /**< see vpf_ais_result; log_z if exact */
} vpf_likelihood;

/** Mean log p(x) over the rows, with log Z enumerated or estimated. Since 1.0.
 *
 *  log Z is enumerated where at most 16 units have to be, and estimated by vpf_ais() everywhere else. Cheap enough to
 *  be called from a progress function; vpf_monitor_check() does that.
 *  @param      model     a machine that vpf_log_likelihood() supports
 *  @param      data      [rows x n_0]; only the bits are used. They are also the base of AIS and the start of the
 *                        reverse run, unless the settings name other rows
 *  @param      settings  as for vpf_ais(); NULL: all defaults
 *  @param[out] out       unchanged on failure
 *  @retval VPF_ERR_ARGUMENT     model, data or out is NULL, a struct_size is too small, or a setting is not valid for
 *                               vpf_ais()
 *  @retval VPF_ERR_UNSUPPORTED  a pairwise machine of three or more layers, which has no single energy
 *  @retval VPF_ERR_SHAPE        data, base or reverse_from does not have n_0 columns
 *  @retval VPF_ERR_LIMIT        more than 25 hidden units would have to be enumerated; see vpf_log_likelihood()
 *  @retval VPF_ERR_OVERFLOW     the parameters are so large that the estimate is not finite
 *  @retval VPF_ERR_MEMORY       out of memory */
VPF_API vpf_status vpf_estimate_likelihood(const vpf_model *model, const vpf_data *data,
                                           const vpf_ais_settings *settings, vpf_likelihood *out);

/** Pseudo-likelihood: mean over rows of sum_i log p(x_i | the other x), nats per row (Besag 1975). Since 1.0.
 *
 *  In a machine of one layer x is all units; in an RBM it is the visible units, by way of the free energy.
 *  @param      model     at most two layers; the visible one may have intra-layer weights
 *  @param      data      [rows x n_0]; only the bits are used
 *  @param[out] out_mean  unchanged on failure
 *  @retval VPF_ERR_ARGUMENT     model, data or out_mean is NULL
 *  @retval VPF_ERR_UNSUPPORTED  three or more layers, or a hidden layer with intra-layer weights
 *  @retval VPF_ERR_SHAPE        data does not have n_0 columns
 *  @retval VPF_ERR_OVERFLOW     the parameters are so large that the result is not finite
 *  @retval VPF_ERR_MEMORY       out of memory */
VPF_API vpf_status vpf_pseudo_likelihood(const vpf_model *model, const vpf_data *data, double *out_mean);

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
