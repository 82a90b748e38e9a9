/* SPDX-License-Identifier: MIT */
#include "bm/workspace.h"

#include <assert.h>
#include <string.h>

static vpf_status make_tables(vpfi_workspace *work) {
  const vpf_status status = vpfi_tables_init(&work->tables, work->machine.shape, true);
  if (status) return status;
  vpfi_tables_fill(&work->tables, work->machine.kernels, work->machine.shape, work->machine.params, &work->team);
  work->machine.tables = &work->tables;
  return VPF_OK;
}

vpf_status vpfi_workspace_begin(vpfi_workspace *work, const vpfi_shape *shape, const vpfi_params *params, size_t rows,
                                size_t draws) {
  *work = (vpfi_workspace){.machine = {.kernels = vpfi_kernels_best(), .shape = shape, .params = params},
                           .team = vpfi_team_of(0)};
  work->machine.careful = vpfi_fields_are_large(&work->machine);
  vpf_status status = VPF_OK;
  if (rows > 0) status = vpfi_states_init(&work->states, shape, VPFI_ORDER_SWEPT, rows);
  if (!status && vpfi_tables_pay(shape, draws)) status = make_tables(work);
  if (status) return status;
  work->scratch = vpfi_scratch_create(shape, work->team.threads);
  return work->scratch ? VPF_OK : VPF_ERR_MEMORY;
}

void vpfi_workspace_end(vpfi_workspace *work) {
  vpfi_scratch_destroy(work->scratch, work->team.threads);
  vpfi_states_clear(&work->states);
  vpfi_tables_clear(&work->tables, work->machine.shape);
}

void vpfi_workspace_load_visible(vpfi_workspace *work, const vpfi_rows *visible) {
  assert(work->states.rows == visible->rows);
  memcpy(work->states.bits[0], visible->bits, visible->rows * visible->words * sizeof *visible->bits);
  work->states.first_id = visible->first_row;
}

void vpfi_workspace_load_states(vpfi_workspace *work, const vpfi_rows *states) {
  assert(work->states.rows == states->rows);
  vpfi_states_split(&work->states, work->machine.shape, states->bits, states->words);
  work->states.first_id = states->first_row;
}
