/* SPDX-License-Identifier: MIT */
/* Energies, in double precision from the float parameters. */
#ifndef VPFI_BM_ENERGY_H
#define VPFI_BM_ENERGY_H

#include "bm/workspace.h"

/* E(y) = - sum over edges w_ij y_i y_j - sum b_i y_i of one row, Eq. (1); index and count list the units of
 * each layer that are on (vpfi_scratch). Only where vpfi_shape_has_energy(). */
double vpfi_energy(const vpfi_shape *shape, const vpfi_params *params, uint32_t *const *index, const size_t *count);

/* Whether hidden units can be summed out one by one: one layer, which has none, or two of which the upper has no U. */
bool vpfi_free_energy_is_closed(const vpfi_shape *shape);

/* F(x) = -log sum_h exp(-E(x, h)), Eq. (29), where that is closed; index and count list the visible units that are
 * on. */
double vpfi_free_energy(const vpfi_shape *shape, const vpfi_params *params, const uint32_t *index, size_t count);

/* The same for each row: of states, and of visible units. out: [rows]. */
void vpfi_energies(vpfi_workspace *work, const vpfi_rows *states, double *out);
void vpfi_free_energies(vpfi_workspace *work, const vpfi_rows *visible, double *out);

#endif
