/* SPDX-License-Identifier: MIT */
/* Chains of one machine jump to samples of the one below, as in exchanges, Eq. (41). The pool keeps its samples: what came
 * back from chains that follow a machine in training would not quite be samples of the machine below, and in the end there
 * would be no others. */
#ifndef VPFI_LADDER_EXCHANGE_H
#define VPFI_LADDER_EXCHANGE_H

#include "ladder/rungs.h"

/* order[0 .. chains-1]: members of the pool, all different, one for each chain. order: [pool]. */
void vpfi_draw_partners(size_t *order, size_t pool, size_t chains, uint64_t stream);

/* What chains are to be exchanged with. */
typedef struct vpfi_exchange {
  const vpfi_machine *machine; /* the chains' own */
  const vpfi_machine *below;   /* that of the pool */
  const vpfi_rung *rung;       /* whose pool it is */
  const size_t *partner;       /* [chains]: a member of the pool for each */
  vpfi_states *states;
  size_t first;                /* row of chain 0 in states */
  uint64_t stream;
} vpfi_exchange;

/* Let a chain take its partner's place, or not; returns the probability of that. *slope: log p*_machine - log p*_below of
 * what the chain then is. The scratch must be told again what to see. */
double vpfi_exchange_chain(const vpfi_exchange *exchange, size_t chain, vpfi_scratch *scratch, double *slope);

/* The mean probability of exchanges between samples of p_0 and samples of p_1, from samples of p_0 alone, Eq. (42).
 * slope: [count], log p*_1 - log p*_0 of them; overwritten. */
double vpfi_expected_acceptance(double *slope, size_t count);

/* Choose `chains` of the samples, each about as often as its weight exp(slope) asks for: systematic resampling with the
 * offset u in (0, 1). chosen: [chains]. */
void vpfi_choose_by_weight(const double *slope, size_t count, double u, size_t chains, size_t *chosen);

#endif
