/* SPDX-License-Identifier: MIT */
/* Drawing the states of many rows: the E-step and Gibbs sampling. */
#ifndef VPFI_BM_GIBBS_H
#define VPFI_BM_GIBBS_H

#include "bm/workspace.h"

/* How hidden states are drawn for given visible ones. */
typedef struct vpfi_estep {
  bool gibbs;        /* false: bottom-up (Algorithm 1, lines 4-9); true: all hidden layers, both neighbours */
  size_t sweeps;     /* bottom-up: of every layer with U; Gibbs: of all hidden layers */
  vpfi_order order;  /* bottom-up: which h_i the layer above is drawn from */
  bool random_start; /* Gibbs: start from uniform bits instead of bottom-up */
} vpfi_estep;

/* Algorithm 1 as it stands. */
extern const vpfi_estep vpfi_estep_paper;

/* Draw the hidden states of all rows in place; stream names the randomness, scratch is
 * [team->threads]. */
void vpfi_infer(const vpfi_machine *machine, const vpfi_estep *estep, uint64_t stream, vpfi_states *states,
                vpfi_team *team, vpfi_scratch *scratch);

/* What chains are to do. */
typedef struct vpfi_gibbs_plan {
  uint64_t *const *clamped; /* [n_layers] rows of bits, one bit for each unit; NULL: none */
  size_t sweeps, thin;
  uint64_t seed;
  double *energy; /* [rows x sweeps / thin], of the states after every thin-th sweep; NULL: not wanted */
} vpfi_gibbs_plan;

/* Fixed-order single-site Gibbs sampling of all layers from the bottom, of work->states in place. */
void vpfi_gibbs_sample(vpfi_workspace *work, const vpfi_gibbs_plan *plan);

#endif
