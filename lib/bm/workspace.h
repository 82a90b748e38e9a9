/* SPDX-License-Identifier: MIT */
/* What a computation on a machine begins with and ends with: the machine as kernels see it, states of some rows,
 * and scratch memory for each thread. */
#ifndef VPFI_BM_WORKSPACE_H
#define VPFI_BM_WORKSPACE_H

#include "base/threads.h"
#include "bm/field.h"
#include "data/rows.h"

typedef struct vpfi_workspace {
  vpfi_machine machine; /* with the tables, where there are any */
  vpfi_tables tables;
  vpfi_states states;   /* in VPFI_ORDER_SWEPT, of zero bits */
  vpfi_scratch *scratch; /* [team.threads] */
  vpfi_team team;
} vpfi_workspace;

/* rows: of states, 0 for none. draws: how often layers will be drawn, so that tables are made where they pay.
 * As many threads as the caller's setting gives. Not to be copied or moved; to be ended in any case. VPF_ERR_MEMORY. */
vpf_status vpfi_workspace_begin(vpfi_workspace *work, const vpfi_shape *shape, const vpfi_params *params, size_t rows,
                                size_t draws);
void vpfi_workspace_end(vpfi_workspace *work);

/* Put as many rows as there are states into them: their visible bits, or rows of all units. Random numbers will be drawn
 * for the rows as they are numbered in their data set. */
void vpfi_workspace_load_visible(vpfi_workspace *work, const vpfi_rows *visible);
void vpfi_workspace_load_states(vpfi_workspace *work, const vpfi_rows *states);

#endif
