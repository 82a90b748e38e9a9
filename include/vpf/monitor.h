/* SPDX-License-Identifier: MIT */
/** @file monitor.h
 *  vpf_monitor: the likelihood of held-out data during training, and the best model so far.
 *
 *  The flow keeps falling while a machine gets worse (docs/math.md, section 14); the likelihood does not lie. Call
 *  vpf_monitor_check() from the progress function every few epochs: it estimates log p of the validation rows, keeps a
 *  copy of the best model, and says when to stop. */
#ifndef VPF_MONITOR_H
#define VPF_MONITOR_H

#include <vpf/likelihood.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The results of all checks of one training run, and the best model so far. Since 1.0. */
typedef struct vpf_monitor vpf_monitor;

/** Create a monitor without any checks. Since 1.0.
 *
 *  Models are ranked by `mean_low`, so none wins with a log Z below the rigorous bound. With `reverse` set, a check
 *  takes two to three times as long and finds more of the modes that forward annealing misses, as easily happens
 *  with machines trained by CD or PCD.
 *  @param[out] out       the new handle; destroy it with vpf_monitor_destroy()
 *  @param      settings  for vpf_estimate_likelihood(), copied together with the temperatures. `base` and
 *                        `reverse_from` are not used: the validation rows are both. What is 0 has the default of
 *                        vpf_ais(). NULL: 50 chains, 300 temperatures, forward only
 *  @param      patience  number of checks in a row without a new best after which to say stop; 0: never
 *  @retval VPF_ERR_ARGUMENT  out is NULL, or settings are not valid for vpf_ais()
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_monitor_create(vpf_monitor **out, const vpf_ais_settings *settings, size_t patience);

/** Free a handle and the best model in it; NULL is allowed. Since 1.0. */
VPF_API void vpf_monitor_destroy(vpf_monitor *monitor);

/** Estimate the likelihood of the model as it is now, and keep a copy of it if it is the best so far. Since 1.0.
 *
 *  Every check uses the same random numbers, so that checks differ by the models and not by chance. A failure leaves
 *  the monitor and *out_stop unchanged.
 *  @param      monitor     the result is added to it
 *  @param      model       a machine that vpf_estimate_likelihood() supports. Of deep ones it reports lower bounds
 *  @param      validation  [rows x n_0], held-out data, the same at every check
 *  @param      epoch       any number that tells the checks apart
 *  @param[out] out_stop    1 if there has been no new best for `patience` checks, 0 otherwise; may be NULL
 *  @retval VPF_ERR_ARGUMENT     monitor, model or validation is NULL
 *  @retval VPF_ERR_UNSUPPORTED  a pairwise machine of three or more layers: it has no single energy, so no p(x) exists
 *  @retval VPF_ERR_SHAPE        validation does not have n_0 columns
 *  @retval VPF_ERR_OVERFLOW     the parameters are so large that the estimate is not finite
 *  @retval VPF_ERR_MEMORY       out of memory */
VPF_API vpf_status vpf_monitor_check(vpf_monitor *monitor, const vpf_model *model, const vpf_data *validation,
                                     size_t epoch, int *out_stop);

/** Number of checks so far; 0 for NULL. Cannot fail. Since 1.0. */
VPF_API size_t vpf_monitor_checks(const vpf_monitor *monitor);

/** The result of one check. Since 1.0.
 *  @param      monitor         what to read
 *  @param      index           0 .. vpf_monitor_checks()-1
 *  @param[out] out_epoch       the number that vpf_monitor_check() was given; may be NULL
 *  @param[out] out_likelihood  its struct_size set by the caller; may be NULL. Both are unchanged on failure
 *  @retval VPF_ERR_ARGUMENT  monitor is NULL, there is no such check, or struct_size is too small */
VPF_API vpf_status vpf_monitor_get(const vpf_monitor *monitor, size_t index, size_t *out_epoch,
                                   vpf_likelihood *out_likelihood);

/** The best check, and a copy of the model as it was then. Since 1.0.
 *  @param      monitor    what to read
 *  @param[out] out_index  its index, for vpf_monitor_get(); may be NULL
 *  @param[out] out_model  a new handle; destroy it with vpf_model_destroy(). May be NULL
 *  @retval VPF_ERR_ARGUMENT  monitor is NULL
 *  @retval VPF_ERR_STATE     nothing has been checked yet
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_monitor_best(const vpf_monitor *monitor, size_t *out_index, vpf_model **out_model);

#ifdef __cplusplus
}
#endif
#endif
