/* SPDX-License-Identifier: MIT */
/* CD-k (Hinton 2002): chains start at the minibatch's data. */
#include "learn/contrast.h"
#include "num/rng.h"

static vpfi_needs needs(const vpfi_learner *learner, size_t batch_rows) {
  return vpfi_contrast_needs(learner, batch_rows);
}

static bool gradient(vpfi_trainer *trainer, double *bound, vpfi_overflow *where) {
  const vpfi_learner *learner = trainer->learner;
  vpfi_states *states = &trainer->batch.states;
  const size_t rows = trainer->batch.rows;
  vpfi_contrast_begin(trainer, true);
  (void)where; /* fields of any size are fine: nothing is exponential in them */
  vpfi_states_copy(states, rows, states, 0, rows);
  for (size_t r = 0; r < rows; r++) states->ids[rows + r] = states->ids[r];
  vpfi_contrast_gains(trainer, rows, vpfi_rng_stream(learner->epoch_seed, VPFI_PURPOSE_NEGATIVE, learner->epochs));
  *bound = VPFI_CONTRAST_BOUND;
  return true;
}

const vpfi_method vpfi_method_cd = {.name = "cd",
                                    .check = vpfi_contrast_check,
                                    .needs = needs,
                                    .gradient = gradient,
                                    .can_resume = vpfi_contrast_can_resume};
