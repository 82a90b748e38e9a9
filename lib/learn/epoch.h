/* SPDX-License-Identifier: MIT */
/* The training loop (the paper's Algorithm 1): epochs, and nothing else. */
#ifndef VPFI_LEARN_EPOCH_H
#define VPFI_LEARN_EPOCH_H

#include <vpf/train.h>

#include "learn/trainer.h"

/* Train until `epochs` more epochs have ended, or until progress or divergence stops it. */
vpf_status vpfi_run_epochs(vpfi_trainer *trainer, size_t epochs, vpf_progress_fn progress, void *user);

#endif
