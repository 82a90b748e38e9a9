/* SPDX-License-Identifier: MIT */
/* checkpoint.safetensors: a run that can be gone on with, and going on with it. */
#ifndef EXAMPLE_CHECKPOINT_H
#define EXAMPLE_CHECKPOINT_H

#include <vpf.h>

#include "train_options.h"

/* Save <out>/checkpoint.safetensors. Failures are said. */
vpf_status checkpoint_save(const train_options *options, const vpf_model *model, const vpf_optimizer *optimizer);

/* Load options->resume, make what it holds the defaults of the options, and read the command line again on top of
 * them. Returns OPTIONS_COMPLETE, or the status to exit with: EXIT_USAGE if the command line contradicts what cannot be
 * changed; said. */
int checkpoint_resume(vpf_model **model, vpf_optimizer **optimizer, train_options *options, int argc, char **argv);

#endif
