/* SPDX-License-Identifier: MIT */
/** @file likelihood.h
 *  How probable are data? The partition function, exactly or estimated, and the likelihood of rows.
 *
 *  docs/math.md, section 13, has the formulas; docs/evaluation.md says how far to trust them.
 *
 *  A function with several results fills a struct of the caller's, whose struct_size the caller sets first. A
 *  struct_size below that of the struct's first release is VPF_ERR_ARGUMENT. The library never writes beyond
 *  struct_size, and leaves fields that it does not know as they are. */
#ifndef VPF_LIKELIHOOD_H
#define VPF_LIKELIHOOD_H

#include <vpf/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/** @name Exactly, by enumeration
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
  const vpf_data *base;        /**< [rows x n_0], such as the training data: some of the chains then begin at independent
                                    units as active as in these rows (Salakhutdinov and Murray 2008), and mean field
                                    looks for modes near them. Give them where there are any; NULL: none */
  int reverse;                 /**< non-zero: also run in reverse, from the machine back to independent units */
  const vpf_data *reverse_from; /**< [rows x n_0], visible rows at which half of the chains of the reverse run begin if
                                    exact samples cannot be had, such as test data: give them where there are any. The
                                    others, and all if NULL, begin where the forward run ended */
  size_t reverse_sweeps;       /**< Gibbs sweeps before the reverse run; 0: 1000. Not used with exact samples */
} vpf_ais_settings;

/** Where the reverse run of vpf_ais() started. Since 1.0. */
typedef enum vpf_ais_start {
  VPF_AIS_START_NONE = 0,   /**< there was no reverse run */
  VPF_AIS_START_EXACT = 1,  /**< exact samples: the expectation of reverse_log_z is then at least log Z */
  VPF_AIS_START_CHAINS = 2  /**< Gibbs chains: modes that they have not found are missing, so it is no bound */
} vpf_ais_start;

/** What may be wrong with an estimate of log Z; bits of `doubts` in vpf_ais_result. Since 1.0.
 *
 *  vpf_doubt_text() says it in words. */
typedef enum vpf_doubt {
  VPF_DOUBT_BOUND = 1,   /**< log_z is more than 0.2 nats below log_z_bound: modes have certainly been missed */
  VPF_DOUBT_REVERSE = 2, /**< log_z is more than 0.3 nats from log_z_both: the two directions differ */
  VPF_DOUBT_ESS = 4,     /**< the effective sample size is below a tenth of the chains */
  VPF_DOUBT_SPREAD = 8   /**< weights vary so much that three standard errors of log_z are more than 0.5 nats */
} vpf_doubt;

/** What vpf_ais() found (docs/math.md, Eq. (37)). Since 1.0. */
typedef struct vpf_ais_result {
  size_t struct_size;         /**< sizeof(vpf_ais_result), set by the caller */
  double log_z;               /**< estimate of log Z, nats; its expectation is at most log Z */
  double log_z_stderr;        /**< its standard error over the chains, to first order: too small where ess is small */
  double ess;                 /**< effective sample size of the weights, (sum w)^2 / sum w^2, 1 .. chains */
  double spread;              /**< standard deviation of the log weights; well above 1: use more temperatures */
  double reverse_log_z;       /**< estimate by the reverse run, the larger one if its chains began at two kinds of states;
                                   this and the next three are NaN without one */
  double reverse_stderr;      /**< its standard error, like log_z_stderr */
  double reverse_ess;         /**< its effective sample size, of the chains of that kind */
  double reverse_spread;      /**< its spread, like spread */
  vpf_ais_start reverse_start; /**< where the reverse run started */
  int disagree;               /**< 1: do not trust log_z, as `doubts` is not 0; 0 otherwise */
  double log_z_bound;         /**< a rigorous lower bound of log Z by mean field (docs/math.md, Eq. (37c)). A log_z far
                                   below it has missed a mode */
  double log_z_both;          /**< estimate of log Z from both runs by Bennett's acceptance ratio, the larger one if the
                                   reverse run's chains began at two kinds of states; NaN without a reverse run */
  unsigned doubts;            /**< what is wrong: a sum of vpf_doubt, 0 for nothing */
  unsigned bases;             /**< how many sets of independent units the chains began at (docs/math.md, Eq. (36b)) */
} vpf_ais_result;

/** Estimate log Z by annealed importance sampling (Neal 2001), nats, in one direction or both. Since 1.0.
 *
 *  Chains begin at several sets of independent units: with the machine's own biases, those in gauges in which other states
 *  count as off, those of the rows of `base`, and the best fixed points of mean field. A short pilot run decides how many
 *  chains each set gets. All of them make one unbiased estimate of Z, in which modes add up that different sets lead to
 *  (docs/math.md, Eq. (36b)).
 *
 *  Intra-layer weights are supported. Layers without them are summed in closed form where that is possible. If the
 *  reverse run starts from exact samples, which it does by itself where enumeration is cheap, the two directions bracket
 *  log Z; otherwise they are two opinions. docs/math.md, Eq. (36) and (37).
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

/** A doubt in words, in one sentence, to be printed beside an estimate. Since 1.0.
 *  @param doubt  one vpf_doubt
 *  @return a static string; for any other number "unknown doubt". Cannot fail */
VPF_API const char *vpf_doubt_text(vpf_doubt doubt);

/** The short form of vpf_ais(), and the less trustworthy one. Since 1.0.
 *
 *  Forward only, with equally spaced temperatures, without rows; it tells nothing of vpf_doubt.
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
 *  @param      log_z     log Z of the model, from vpf_exact_log_partition() or vpf_ais(). Beyond 1e9 or so, the difference of
 *                        doubles says little; vpf_estimate_likelihood() takes it before rounding
 *  @param[out] out_mean  unchanged on failure
 *  @retval VPF_ERR_ARGUMENT     model, data or out_mean is NULL, or log_z is NaN or infinite
 *  @retval VPF_ERR_UNSUPPORTED  a pairwise machine of three or more layers: it has no single energy, so no p(x) exists
 *  @retval VPF_ERR_SHAPE        data does not have n_0 columns
 *  @retval VPF_ERR_LIMIT        more than 25 hidden units would have to be enumerated; the message has both numbers.
 *                               vpf_log_likelihood_bound() has no such limit
 *  @retval VPF_ERR_MEMORY       out of memory */
VPF_API vpf_status vpf_log_likelihood(const vpf_model *model, const vpf_data *data, double log_z,
                                      double *out_mean);

/** log p(x) of each row, nats, given log Z (docs/math.md, Eq. (29)). Since 1.0.
 *
 *  As vpf_log_likelihood(), which is the mean of out_log_p but for rounding. Without a log Z, vpf_model_free_energy()
 *  says as much about which row is more probable than another. Always finite.
 *  @param      model      joint, or at most two layers
 *  @param      data       [rows x n_0]; only the bits are used
 *  @param      log_z      log Z of the model, from vpf_exact_log_partition() or vpf_ais()
 *  @param[out] out_log_p  [rows]; unchanged on failure
 *  @retval VPF_ERR_ARGUMENT     model, data or out_log_p is NULL, or log_z is NaN or infinite
 *  @retval VPF_ERR_UNSUPPORTED  a pairwise machine of three or more layers, which has no single energy
 *  @retval VPF_ERR_SHAPE        data does not have n_0 columns
 *  @retval VPF_ERR_LIMIT        more than 25 hidden units would have to be enumerated; the message has both numbers
 *  @retval VPF_ERR_MEMORY       out of memory */
VPF_API vpf_status vpf_log_likelihood_rows(const vpf_model *model, const vpf_data *data, double log_z,
                                           double *out_log_p);

/** A variational lower bound of the mean of log p(x) over the rows, nats per row, given log Z, for machines of any
 *  depth and size. Since 1.0.
 *
 *  Mean field in place of the sum over hidden units: the best fixed point of three starts for each row (docs/math.md,
 *  Eq. (29b); Salakhutdinov and Hinton 2009). It is log p(x) itself, apart from rounding, where no hidden units have to
 *  be enumerated, as in an RBM. Deterministic. It is a lower bound for the true log Z only: a log_z that is too small
 *  makes it too high by as much.
 *  @param      model     joint, or at most two layers; with or without intra-layer weights
 *  @param      data      [rows x n_0]; only the bits are used
 *  @param      log_z     log Z of the model, from vpf_exact_log_partition() or vpf_ais()
 *  @param[out] out_mean  unchanged on failure
 *  @retval VPF_ERR_ARGUMENT     model, data or out_mean is NULL, or log_z is NaN or infinite
 *  @retval VPF_ERR_UNSUPPORTED  a pairwise machine of three or more layers: it has no single energy, so no p(x) exists
 *  @retval VPF_ERR_SHAPE        data does not have n_0 columns
 *  @retval VPF_ERR_MEMORY       out of memory */
VPF_API vpf_status vpf_log_likelihood_bound(const vpf_model *model, const vpf_data *data, double log_z,
                                            double *out_mean);

/** vpf_log_likelihood_bound() row by row. Since 1.0.
 *
 *  @param      model  joint, or at most two layers; with or without intra-layer weights
 *  @param      data   [rows x n_0]; only the bits are used
 *  @param      log_z  log Z of the model; 0: bounds of log p(x) + log Z, the logarithm of the sum over hidden units
 *  @param[out] out    [rows], nats; unchanged on failure
 *  @retval VPF_ERR_ARGUMENT     model, data or out is NULL, or log_z is NaN or infinite
 *  @retval VPF_ERR_UNSUPPORTED  a pairwise machine of three or more layers: it has no single energy, so no p(x) exists
 *  @retval VPF_ERR_SHAPE        data does not have n_0 columns
 *  @retval VPF_ERR_MEMORY       out of memory */
VPF_API vpf_status vpf_log_likelihood_bound_rows(const vpf_model *model, const vpf_data *data, double log_z,
                                                 double *out);

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
  double mean_low;      /**< `mean` with the largest of log_z, log_z_both and log_z_bound, and of reverse_log_z if the
                             directions differ (VPF_DOUBT_REVERSE): AIS that misses a mode makes data look more
                             probable than they are. Report this and choose models by it */
  int disagree;         /**< see vpf_ais_result */
  double log_z_bound;   /**< see vpf_ais_result; log_z if exact */
  double log_z_both;    /**< see vpf_ais_result; NaN without a reverse run, and if exact */
  unsigned doubts;      /**< see vpf_ais_result; 0 if exact */
  int bound;            /**< 1: `mean`, `mean_low` and `empty` have in place of each log p its lower bound by mean field
                             (vpf_log_likelihood_bound()), because too many hidden units would have to be enumerated;
                             0: log p itself */
} vpf_likelihood;

/** Mean log p(x) over the rows, with log Z enumerated or estimated. Since 1.0.
 *
 *  log Z is enumerated where that takes at most about a tenth of a second, or four times as long as annealing with these
 *  settings would: with the default ones up to 20 hidden units beside 784 visible ones, or 22 units of one layer; 25 at
 *  most. Everywhere else it is estimated by vpf_ais(). Where more than 12 hidden units would have to be enumerated for
 *  each row, as in most deep machines, lower bounds by vpf_log_likelihood_bound() take the place of log p, and `bound`
 *  says so.
 *
 *  Cheap enough to be called from a progress function; vpf_monitor_check() does that.
 *  @param      model     joint, or at most two layers. A deeper pairwise machine defines no density; its pairs, from
 *                        vpf_model_pair(), do
 *  @param      data      [rows x n_0]; only the bits are used. They are also the base of AIS and the start of the
 *                        reverse run, unless the settings name other rows
 *  @param      settings  as for vpf_ais(); NULL: all defaults
 *  @param[out] out       unchanged on failure
 *  @retval VPF_ERR_ARGUMENT     model, data or out is NULL, a struct_size is too small, or a setting is not valid for
 *                               vpf_ais()
 *  @retval VPF_ERR_UNSUPPORTED  a pairwise machine of three or more layers: it has no single energy, so no p(x) exists
 *  @retval VPF_ERR_SHAPE        data, base or reverse_from does not have n_0 columns
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
 *  @retval VPF_ERR_OVERFLOW     the parameters are so large that the value of a row is not finite; the message names it
 *  @retval VPF_ERR_MEMORY       out of memory */
VPF_API vpf_status vpf_pseudo_likelihood(const vpf_model *model, const vpf_data *data, double *out_mean);

/** The pseudo-likelihood of each row: sum_i log p(x_i | the other x), nats (Besag 1975). Since 1.0.
 *
 *  As vpf_pseudo_likelihood(), which is the mean of out_pseudo, added in the order of the rows.
 *  @param      model       at most two layers; the visible one may have intra-layer weights
 *  @param      data        [rows x n_0]; only the bits are used
 *  @param[out] out_pseudo  [rows]; unchanged on failure
 *  @retval VPF_ERR_ARGUMENT     model, data or out_pseudo is NULL
 *  @retval VPF_ERR_UNSUPPORTED  three or more layers, or a hidden layer with intra-layer weights
 *  @retval VPF_ERR_SHAPE        data does not have n_0 columns
 *  @retval VPF_ERR_OVERFLOW     the parameters are so large that the value of a row is not finite; the message names it
 *  @retval VPF_ERR_MEMORY       out of memory */
VPF_API vpf_status vpf_pseudo_likelihood_rows(const vpf_model *model, const vpf_data *data, double *out_pseudo);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
