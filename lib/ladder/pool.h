/* SPDX-License-Identifier: MIT */
/* Equilibrium samples of a machine, from chains that jump to the pool of the rung below. */
#ifndef VPFI_LADDER_POOL_H
#define VPFI_LADDER_POOL_H

#include "ladder/exchange.h"

/* Chains and what moves them. */
typedef struct vpfi_crowd {
  vpfi_ladder *ladder;
  size_t below;                /* the rung to whose pool they jump */
  const vpfi_machine *machine; /* their own */
  vpfi_states *states;
  size_t first, chains;        /* rows of states */
  vpfi_scratch *scratch;       /* [team->threads] */
  vpfi_team *team;
  size_t *partner;             /* [plan.pool] scratch */
  double *accepted, *slope;    /* [chains]: what vpfi_exchange_chain() has said in the last sweep */
} vpfi_crowd;

/* Allocate the last three. VPF_ERR_MEMORY. */
vpf_status vpfi_crowd_init(vpfi_crowd *crowd);
void vpfi_crowd_clear(vpfi_crowd *crowd);

/* Offer each chain a sample, and then draw its hidden and its visible units: `sweeps` times. */
void vpfi_crowd_sweep(vpfi_crowd *crowd, size_t sweeps);

/* Make the rung for which there is room (vpfi_ladder_grow()) from its parameters and these chains of its machine: let them
 * forget where they began, fill its pool and find log Z by Bennett's acceptance ratio; then it counts. The chains go on
 * from where they are. On failure it does not count. VPF_ERR_MEMORY. */
vpf_status vpfi_rung_complete(vpfi_crowd *crowd);

#endif
