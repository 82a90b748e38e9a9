/* SPDX-License-Identifier: MIT */
/* What a progress function is told. */
#ifndef VPFI_LEARN_PROGRESS_H
#define VPFI_LEARN_PROGRESS_H

#include <vpf/train.h>

#include "learn/trainer.h"

/* When a run and its current epoch started, and at which row. */
typedef struct vpfi_run_clock {
  double run, epoch; /* seconds of vpfi_now() */
  size_t first_row;
} vpfi_run_clock;

/* The result points into trainer->report. target: how many epochs will have ended when the run ends. */
vpf_progress vpfi_progress_of(vpfi_trainer *trainer, vpf_progress_event event, const vpfi_run_clock *clock,
                              uint64_t target);

#endif
