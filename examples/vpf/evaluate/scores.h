/* SPDX-License-Identifier: MIT */
/* All that an evaluation finds. */
#ifndef EXAMPLE_SCORES_H
#define EXAMPLE_SCORES_H

#include "evaluate_options.h"
#include "score_filling.h"
#include "score_likelihood.h"
#include "score_machine.h"
#include "score_mixing.h"
#include "score_moments.h"
#include "score_parzen.h"
#include "score_rows.h"

typedef struct scores {
  machine_scores machine;
  likelihood_scores likelihood;
  parzen_scores parzen;
  filling_scores filling;
  moments_scores moments;
  mixing_scores mixing;
  row_report rows;       /* if --scores asks for it */
  double seconds[PARTS]; /* that each part took */
  double all_seconds;
} scores;

#endif
