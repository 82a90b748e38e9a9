/* SPDX-License-Identifier: MIT */
/* Watching a model while it trains: the likelihood of held-out images, the best model so far, and
 * models kept along the way. */
#ifndef EXAMPLE_WATCH_H
#define EXAMPLE_WATCH_H

#include <stdbool.h>
#include <stdio.h>
#include <vpf.h>

#include "train_options.h"

typedef struct watch {
  const train_options *options;
  const vpf_model *model;   /* the one that trains */
  const vpf_optimizer *optimizer; /* of it; its average, if there is one, is what is looked at and kept */
  vpf_data *validation;     /* the images after those it trains on */
  vpf_monitor *monitor;     /* NULL: nothing is watched */
  double seconds;           /* spent on it */
  double training_seconds;  /* spent on training alone, up to the last epoch that has ended */
  vpf_likelihood last;      /* of the epoch that has just ended, if `fresh` */
  bool fresh;
  unsigned explained;       /* doubts that have been said in words */
  bool stop;                /* patience is at its end */
  vpf_status status;        /* of the first failure, said */
} watch;

/* Load the validation images if they are wanted. A resumed run looks at its best.safetensors first: the same random
 * numbers judge all machines, so the best of both parts comes out. Failures are said. */
vpf_status watch_begin(watch *w, const train_options *options, const char *images, size_t trained_rows);

/* After every epoch; says what it finds. */
void watch_epoch(watch *w, const vpf_progress *progress);

/* Save best.safetensors, and say which epoch it is from. */
vpf_status watch_save(const watch *w);

/* For the summary, if anything was watched: the best machine, what is doubtful, what it cost. */
void watch_summary(const watch *w, FILE *stream);

void watch_clear(watch *w);

#endif
