/* SPDX-License-Identifier: MIT */
/* log Z by a ladder: parallel tempering over machines between independent units and the one that is scored. */
#ifndef EXAMPLE_SCORE_LADDER_H
#define EXAMPLE_SCORE_LADDER_H

#include "evaluation.h"

typedef struct ladder_scores {
  bool available;
  char reason[256];         /* why it is not; empty if it was not asked for */
  bool read;                /* from the file of --ladder-file */
  size_t added;             /* rungs between what was read and the machine */
  vpf_ladder_report report; /* log_z and log_z_bound are NaN if it is not available */
  double build_seconds, sample_seconds;
} ladder_scores;

/* Of a machine for which no ladder was asked. */
ladder_scores no_ladder(void);

/* See score_machine.h. Only if options->ladder. Failures of score_ladder() are not said, and it prints nothing. */
vpf_status estimate_ladder(const evaluation *e, double *seconds);
vpf_status score_ladder(const evaluation *e, ladder_scores *scores);

/* What it found, and how far to trust it. */
void print_ladder(const evaluation *e, const ladder_scores *scores);

#endif
