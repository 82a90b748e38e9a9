/* SPDX-License-Identifier: MIT */
/* Where Gibbs chains go that begin at test images. */
#ifndef EXAMPLE_SCORE_MIXING_H
#define EXAMPLE_SCORE_MIXING_H

#include "evaluation.h"

typedef struct mixing_scores {
  size_t chains, draws;
  vpf_chain_report energy; /* along the chains, one draw a sweep */
  double on_at_start;      /* mean pixel of the images */
  double on_at_end;
} mixing_scores;

/* Whether split R-hat leaves that possible. */
bool have_mixed(double split_rhat);

/* See score_machine.h. */
vpf_status estimate_mixing(const evaluation *e, double *seconds);
vpf_status score_mixing(const evaluation *e, mixing_scores *scores);

#endif
