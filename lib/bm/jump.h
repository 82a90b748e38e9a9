/* SPDX-License-Identifier: MIT */
/* The Markov chain in continuous time: each unit flips at the rate exp(alpha_j z_j), Eq. (6). */
#ifndef VPFI_BM_JUMP_H
#define VPFI_BM_JUMP_H

#include <vpf/experimental/stdp.h>

#include "bm/params.h"

typedef struct vpfi_jump {
  const vpfi_shape *shape;
  const vpfi_params *params;
  uint64_t stream;
  uint64_t flips;   /* so far; they number the draws */
  double time;
  uint8_t *state;   /* [units] 0 or 1 */
  double *field;    /* [units] z */
  double *rate;     /* [units] delta */
} vpfi_jump;

/* Only where vpfi_shape_has_energy(). start: [units], anything but 0 is 1. VPF_ERR_MEMORY. */
vpf_status vpfi_jump_init(vpfi_jump *jump, const vpfi_shape *shape, const vpfi_params *params, const uint8_t *start,
                          uint64_t stream);
void vpfi_jump_clear(vpfi_jump *jump);

/* The first unit whose |z|/2 is above 80, or VPFI_NONE. */
size_t vpfi_jump_overflow(const vpfi_jump *jump);

/* Record flips until `end`, but at most `most`; *count is how many. VPF_ERR_OVERFLOW, naming unit and flip. */
vpf_status vpfi_jump_record(vpfi_jump *jump, double end, size_t most, vpf_flip *flips, size_t *count);

/* How the asymmetric rule, Eq. (38) (the paper's Eq. 6), changes a weight when its post-synaptic unit flips while the
 * pre-synaptic one is `pre`. */
double vpfi_stdp_change(const vpf_flip *post, bool pre);

/* Let time pass until the next flip; returns the unit, with its rate before the flip in *rate, or VPFI_NONE if nothing
 * flips before `end`, where time then stops. Not while there is an overflow. */
size_t vpfi_jump_next(vpfi_jump *jump, double end, double *rate);

#endif
