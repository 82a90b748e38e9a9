/* SPDX-License-Identifier: MIT */
/* A rigorous lower bound of log Z by mean field (docs/math.md, section 13).
 *
 * Independent units with any means m give log Z >= F(m) = -E(m) + sum of h(m_j), Eq. (37b). From many starts the means climb
 * to fixed points, and a mixture of these, with weights pi_k and Bhattacharyya coefficients B_kl, gives (37c):
 *
 *   log Z >= sum_k pi_k (F_k - log sum_l pi_l B_kl). */
#ifndef VPFI_EVAL_BOUND_H
#define VPFI_EVAL_BOUND_H

#include "bm/workspace.h"

/* Where to start: visible means. */
typedef struct vpfi_starts {
  float *means; /* [room x n_0] */
  size_t count, room, cols;
} vpfi_starts;

/* With starts that need no data: both flat states, all means 1/2, and random rows of many densities; and room for
 * `more`. VPF_ERR_MEMORY. */
vpf_status vpfi_starts_init(vpfi_starts *starts, const vpfi_shape *shape, size_t more);
void vpfi_starts_clear(vpfi_starts *starts);

/* `count` of the rows, evenly spaced; of states, their visible plane. No more than there is room for. */
void vpfi_starts_add_rows(vpfi_starts *starts, const vpfi_rows *visible, size_t count);
void vpfi_starts_add_states(vpfi_starts *starts, const vpfi_states *states, size_t count);

/* Of a machine with one energy. The same bits for any number of threads. VPF_ERR_MEMORY. */
vpf_status vpfi_log_z_bound(vpfi_workspace *work, const vpfi_starts *starts, double *out);

#endif
