/* SPDX-License-Identifier: MIT */
/* The modes of a machine as mean field sees them, and the lower bound of log Z that they prove (docs/math.md, section 13).
 *
 * Independent units with any means m give log Z >= F(m) = -E(m) + sum of h(m_j), Eq. (37b). From many starts the means climb
 * to fixed points, the modes. A mixture of these, with weights pi_k and Bhattacharyya coefficients B_kl, gives (37c):
 *
 *   log Z >= sum_k pi_k (F_k - log sum_l pi_l B_kl). */
#ifndef VPFI_EVAL_MODES_H
#define VPFI_EVAL_MODES_H

#include "bm/workspace.h"

typedef struct vpfi_modes {
  const vpfi_shape *shape;
  size_t count, room, length;
  size_t climbed; /* the first `climbed` are fixed points; the others are only visible means to climb from */
  float *means;   /* [room x length], see sample/meanfield.h */
  double *value;  /* [room]: F */
} vpfi_modes;

/* With starts that need no data: both flat states, all means 1/2, and random rows of many densities; and room for
 * `more`. VPF_ERR_MEMORY. */
vpf_status vpfi_modes_init(vpfi_modes *modes, const vpfi_shape *shape, size_t more);
void vpfi_modes_clear(vpfi_modes *modes);

/* More starts: `count` of the rows, evenly spaced; of states, their visible plane. No more than there is room for. */
void vpfi_modes_add_rows(vpfi_modes *modes, const vpfi_rows *visible, size_t count);
void vpfi_modes_add_states(vpfi_modes *modes, const vpfi_states *states, size_t count);

/* Climb from all starts, and forget the fixed points that add nothing to the best one. The machine must have one energy.
 * The same bits for any number of threads. */
void vpfi_modes_climb(vpfi_modes *modes, vpfi_workspace *work);

/* The bound (37c) by all fixed points; minus infinity if there are none. VPF_ERR_MEMORY. */
vpf_status vpfi_modes_bound(const vpfi_modes *modes, double *out);

/* The bound by starts that need no data and by at most `most` of some states of the machine. VPF_ERR_MEMORY. */
vpf_status vpfi_log_z_bound(const vpfi_shape *shape, const vpfi_params *params, const vpfi_states *states, size_t most,
                            double *out);

/* The Bhattacharyya coefficient of two rows of means, in [0, 1]. */
double vpfi_modes_overlap(const vpfi_shape *shape, const float *a, const float *b);

#endif
