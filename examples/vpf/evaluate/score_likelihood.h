/* SPDX-License-Identifier: MIT */
/* How probable images are, in nats for the bits of one image. */
#ifndef EXAMPLE_SCORE_LIKELIHOOD_H
#define EXAMPLE_SCORE_LIKELIHOOD_H

#include "evaluation.h"
#include "score_ladder.h"

/* Of some images. */
typedef struct row_scores {
  size_t rows;
  double mean;         /* log p by the log Z that was enumerated or annealed forward */
  double reverse_mean; /* by that of the reverse run; NaN without one */
  double most;         /* by the bound of log Z: log p is that or less; NaN if log Z was enumerated, and if `bound` */
  double ladder_mean;  /* by that of the ladder; NaN without one */
  double safe_mean;    /* by the largest log Z that must be reckoned with: what to report */
  double rows_stderr;  /* of all, over the images */
} row_scores;

typedef struct likelihood_scores {
  bool available;
  char reason[256];          /* why it is not */
  bool exact;                /* log Z was enumerated */
  bool bound;                /* log p is at least what is here: the hidden units are too many to be summed out */
  vpf_ais_result ais;        /* if exact only log_z, without errors */
  ladder_scores ladder;      /* if options->ladder */
  row_scores test, training;
  row_scores empty;          /* the image without a pixel that is on */
  bool has_pseudo;
  double pseudo;             /* of the test images */
  row_scores independent;    /* test images under pixels that know nothing of each other */
} likelihood_scores;

/* See score_machine.h. */
vpf_status estimate_likelihood(const evaluation *e, double *seconds);
vpf_status score_likelihood(const evaluation *e, likelihood_scores *scores);

#endif
