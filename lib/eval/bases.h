/* SPDX-License-Identifier: MIT */
/* Independent units from which annealing begins (docs/math.md, Eq. (36b)): a mixture of several sets of biases.
 *
 * Every base but that of data comes from means m of all units: the biases are their local fields b + sum of w m. Means
 * that are all 0 give the machine's own biases, 1/2 the gauge in which spins are -1 and +1, 1 the gauge in which every unit
 * is turned over, and a fixed point of mean field gives itself. */
#ifndef VPFI_EVAL_BASES_H
#define VPFI_EVAL_BASES_H

#include "bm/workspace.h"
#include "eval/modes.h"

enum { VPFI_MOST_BASES = 8 };

typedef struct vpfi_bases {
  const vpfi_shape *shape;
  size_t count, length;
  float *bias;      /* [VPFI_MOST_BASES x length], as means are stored (sample/meanfield.h) */
  float *mean;      /* the same: how active the units are under it */
  float **of_layer; /* [VPFI_MOST_BASES x n_layers] into bias */
  double log_z[VPFI_MOST_BASES];
  double share[VPFI_MOST_BASES]; /* of the mixture; their sum is 1 */
} vpfi_bases;

/* Those that need neither data nor modes. VPF_ERR_MEMORY. */
vpf_status vpfi_bases_init(vpfi_bases *bases, const vpfi_workspace *work);
void vpfi_bases_clear(vpfi_bases *bases);

/* One more, unless it resembles one that is there or is not finite: units as active as in the rows, hidden ones by their
 * fields. VPF_ERR_MEMORY. */
vpf_status vpfi_bases_add_rows(vpfi_bases *bases, const vpfi_workspace *work, const vpfi_rows *rows);

/* The best of the modes, unless they resemble others, while there is room. */
void vpfi_bases_add_modes(vpfi_bases *bases, const vpfi_workspace *work, const vpfi_modes *modes);

/* Equal shares for all. */
void vpfi_bases_share(vpfi_bases *bases);

#endif
