/* SPDX-License-Identifier: MIT */
/* Parallel tempering over all rungs of a ladder: independent columns, each with one chain on every rung. */
#ifndef VPFI_LADDER_TEMPERING_H
#define VPFI_LADDER_TEMPERING_H

#include "ladder/rungs.h"

typedef struct vpfi_tempering {
  size_t columns, sweeps; /* at least 1, and 4 */
  uint64_t seed;
  const vpfi_params *top; /* a machine above the last rung; NULL: none */
} vpfi_tempering;

typedef struct vpfi_tempered {
  vpfi_states states; /* [columns] of the machine at the top */
  double *energy;     /* [columns x sweeps] of the same, after each sweep */
  double log_z, log_z_stderr; /* of the machine at the top; the error is infinite for one column */
  double acceptance_mean, acceptance_least; /* over pairs of neighbours; 1 for a single rung */
  size_t narrow;      /* the lower rung of the pair with the least */
  double arrivals;    /* states that have come from the first rung to the last, in all columns together */
  double round_trips; /* and that have come back from there to the first */
} vpfi_tempered;

/* In every sweep, states of neighbours are exchanged (pairs that begin at an even and at an odd rung take turns), and then
 * each chain's hidden and visible units are drawn, which on the first rung forgets everything. VPF_ERR_MEMORY; *out is
 * then all zero. */
vpf_status vpfi_temper(const vpfi_ladder *ladder, const vpfi_tempering *plan, vpfi_tempered *out);
void vpfi_tempered_clear(vpfi_tempered *tempered);

#endif
