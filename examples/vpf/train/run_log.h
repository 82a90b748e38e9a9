/* SPDX-License-Identifier: MIT */
/* log.jsonl: one line of JSON per epoch. The keys are for ever: epoch, K, K_lower, K_upper,
 * activity, rho, w2, seconds; where the recipe has a tolerance, gradient and gradient_noise (see vpf_progress; what
 * could not be measured is left out); and where the likelihood was estimated, log_p (mean_low of vpf_likelihood, the
 * safe number), log_p_empty, log_z, log_z_stderr, ess, log_z_reverse (with --both-ways), log_p_stderr (over the
 * images, and that of log_z), log_p_forward (by log_z, perhaps too high), log_z_bound, bound (true: log p is at
 * least log_p, given log Z), doubts (what is wrong with log_z: see doubt_name(); [] for nothing). */
#ifndef EXAMPLE_RUN_LOG_H
#define EXAMPLE_RUN_LOG_H

#include <vpf.h>

#include "../../common/new_file.h"

/* Begin <folder>/log.jsonl. The lines of an earlier log that are of the first epochs_done epochs are copied; with none
 * the file is empty. As for all new files, the earlier one stays until this is published. Failures are said. */
vpf_status run_log_begin(new_file *log, const char *folder, size_t epochs_done);

/* Add the line of a finished epoch to a log that has begun, and publish it, so that
 * an earlier run's log is replaced when this one has something to say. likelihood: NULL where it
 * was not estimated. VPF_ERR_IO; said. */
vpf_status run_log_epoch(new_file *log, const vpf_progress *progress, const vpf_likelihood *likelihood);

#endif
