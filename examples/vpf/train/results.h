/* SPDX-License-Identifier: MIT */
/* What a run leaves behind: the machine, a picture of it, and a summary. */
#ifndef EXAMPLE_RESULTS_H
#define EXAMPLE_RESULTS_H

#include <stdbool.h>
#include <vpf.h>

#include "outcome.h"
#include "train_options.h"
#include "watch.h"

typedef struct results {
  const train_options *options;
  char *images;           /* the file; freed by results_clear() */
  size_t rows_in_file, rows;
  size_t epochs_done;
  double gradient, gradient_noise; /* of the last epoch; NaN where they are not measured */
  bool converged;         /* training has ended by itself */
  double images_trained, seconds;
  char *last_epoch;       /* lines of the summary; NULL before the first epoch has ended */
  bool has_filters;       /* set by results_save() */
} results;

/* Keep the numbers that the summary shows; they are valid only during the progress call. */
void results_note(results *r, const vpf_progress *progress);

/* Whether the run leaves a checkpoint behind. */
bool results_to_go_on_from(const results *r);

/* Save model.safetensors, filters.png where the weights are pictures, and summary.txt, and print
 * the summary; all of the machine that comes out. Stops at the first failure, which is said on stderr. */
vpf_status results_save(results *r, const outcome *machine, const watch *w);

void results_clear(results *r);

#endif
