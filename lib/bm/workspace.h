/* SPDX-License-Identifier: MIT */
/* What nearly every computation on a machine begins with: the machine as kernels see it, states of some rows, and
 * scratch memory for each thread. */
#ifndef VPFI_BM_WORKSPACE_H
#define VPFI_BM_WORKSPACE_H

#include "base/team.h"
#include "bm/field.h"
#include "data/rows.h"

typedef struct vpfi_workspace {
  vpfi_machine machine; /* with the tables, if there are any */
  vpfi_tables tables;
  vpfi_states states;   /* in VPFI_ORDER_SWEPT; all bits are 0 at first */
  vpfi_scratch *scratch; /* [team.threads] */
  vpfi_team team;
} vpfi_workspace;

/* rows: of states, or 0 for none. draws: how often layers will be drawn, so that tables are made where they pay off.
 * Uses as many threads as the caller's setting says. Must not be copied or moved, and must be ended even on failure.
 * VPF_ERR_MEMORY. */
vpf_status vpfi_workspace_begin(vpfi_workspace *work, const vpfi_shape *shape, const vpfi_params *params, size_t rows,
                                size_t draws);
void vpfi_workspace_end(vpfi_workspace *work);

/* Load as many rows as there are states: visible bits only, or rows of all units. Random numbers will be drawn by the
 * rows' numbers in their data set. */
void vpfi_workspace_load_visible(vpfi_workspace *work, const vpfi_rows *visible);
void vpfi_workspace_load_states(vpfi_workspace *work, const vpfi_rows *states);

#endif
