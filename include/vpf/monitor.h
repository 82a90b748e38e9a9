/* SPDX-License-Identifier: MIT */
/** @file monitor.h
 *  vpf_monitor: the likelihood of held-out data along training, and the best model so far.
 *
 *  The flow falls while a model gets worse (docs/math.md, section 14); its likelihood does not lie.
 *  Call vpf_monitor_check() from the progress function every few epochs: it estimates log p of the
 *  validation rows, keeps a copy of the best model and says when to stop. */
#ifndef VPF_MONITOR_H
#define VPF_MONITOR_H

#include <vpf/evaluate.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the checks of one training have found, and the best model so far. Since 1.0. */
typedef struct vpf_monitor vpf_monitor;

/** Create an empty monitor.
 *  @param[out] out       destroy it with vpf_monitor_destroy()
 *  @param      settings  of vpf_estimate_likelihood(), copied, temperatures too; `base` and `reverse_from`
 *                        are not kept: both are the validation rows. With `reverse`, a model counts by
 *                        `mean_low`: it takes two to three times as long, and no model wins because
 *                        annealing has missed a mode, which those of CD and PCD invite. NULL: 100 chains,
 *                        300 temperatures, forward; where settings are given, their defaults are those
 *                        of vpf_ais()
 *  @param      patience  checks in a row without a new best after which a check says to stop; 0: never
 *  @return VPF_ERR_ARGUMENT (as vpf_ais() has it for settings), VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_monitor_create(vpf_monitor **out, const vpf_ais_settings *settings, size_t patience);

/** Free a handle and the best model in it; NULL is allowed. Since 1.0. */
VPF_API void vpf_monitor_destroy(vpf_monitor *monitor);

/** Estimate the likelihood of the model now, and keep a copy of it if it is the best so far.
 *
 *  The same random numbers at every check, so that checks differ by the models and not by chance.
 *  @param      validation  [rows x n_0] held-out data, the same at every check
 *  @param      epoch       any number that tells the checks apart
 *  @param[out] out_stop    1 if `patience` checks have brought nothing better; may be NULL
 *  @return as vpf_estimate_likelihood(); the monitor is unchanged on failure. Since 1.0. */
VPF_API vpf_status vpf_monitor_check(vpf_monitor *monitor, const vpf_model *model, const vpf_data *validation,
                                     size_t epoch, int *out_stop);

/** Number of checks so far; 0 for NULL. Since 1.0. */
VPF_API size_t vpf_monitor_checks(const vpf_monitor *monitor);

/** What a check found. @param index  0 .. checks-1; either output may be NULL.
 *  @return VPF_ERR_ARGUMENT. Since 1.0. */
VPF_API vpf_status vpf_monitor_get(const vpf_monitor *monitor, size_t index, size_t *out_epoch,
                                   vpf_likelihood *out_likelihood);

/** The best check and a copy of its model. Outputs may be NULL.
 *  @param[out] out_index  for vpf_monitor_get()
 *  @param[out] out_model  a new handle
 *  @return VPF_ERR_STATE before the first check, VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_monitor_best(const vpf_monitor *monitor, size_t *out_index, vpf_model **out_model);

#ifdef __cplusplus
}
#endif
#endif
