/* SPDX-License-Identifier: MIT */
/* Drawing the states of many rows: the E-step and Gibbs sampling. */
#ifndef VPFI_BM_GIBBS_H
#define VPFI_BM_GIBBS_H

#include "bm/workspace.h"

/* How hidden states are drawn for given visible ones. */
typedef struct vpfi_estep {
  bool gibbs;        /* false: bottom-up (the paper's Algorithm 1, lines 4-9); true: each layer given its neighbours */
  size_t sweeps;     /* bottom-up: of each layer with U; Gibbs: over all hidden layers */
  vpfi_order order;  /* bottom-up: which bits of h_i the next layer is drawn from */
  bool random_start; /* Gibbs: start from uniform bits instead of bottom-up */
} vpfi_estep;

/* The E-step of the paper's Algorithm 1. */
extern const vpfi_estep vpfi_estep_paper;

/* Draw the hidden layers of all rows in place. stream: where the random numbers come from. scratch:
 * [team->threads]. */
void vpfi_infer(const vpfi_machine *machine, const vpfi_estep *estep, uint64_t stream, vpfi_states *states,
                vpfi_team *team, vpfi_scratch *scratch);

/* What the chains are to do. */
typedef struct vpfi_gibbs_plan {
  uint64_t *const *clamped; /* [n_layers] rows of bits, 1 for a clamped unit; NULL: none */
  size_t sweeps, thin;
  uint64_t seed;
  double *energy; /* [rows x sweeps / thin]: after every thin-th sweep; NULL: not wanted */
} vpfi_gibbs_plan;

/* Single-site Gibbs sampling in fixed order, all layers from the bottom up, of work->states in place. */
void vpfi_gibbs_sample(vpfi_workspace *work, const vpfi_gibbs_plan *plan);

#endif
