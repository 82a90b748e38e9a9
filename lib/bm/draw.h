/* SPDX-License-Identifier: MIT */
/* Drawing the bits of one layer in one row, given its field. */
#ifndef VPFI_BM_DRAW_H
#define VPFI_BM_DRAW_H

#include "bm/field.h"

/* Fill scratch->threshold for one draw of a whole layer given its field, at this (stream, pass, row):
 * unit j is on if z_j > threshold_j, Eq. (18). */
void vpfi_draw_thresholds(const vpfi_machine *machine, size_t layer, uint64_t stream, uint32_t pass, uint64_t id,
                          vpfi_scratch *scratch);

/* Draw all units of a layer that are not clamped, independently, from the fields in scratch->z
 * and the thresholds in scratch. */
void vpfi_draw_layer(const vpfi_machine *machine, size_t layer, const uint64_t *clamped, vpfi_scratch *scratch,
                     uint64_t *bits);

/* The same one unit after the other, each by a field of its own (vpfi_careful_field()) from these inputs of a role: if its
 * own layer is among them, a sweep. drawn_with, unless NULL: [layer size], the fields; they are in scratch->z too. */
void vpfi_draw_carefully(const vpfi_machine *machine, vpfi_order order, size_t role, unsigned inputs,
                         const uint64_t *clamped, vpfi_scratch *scratch, uint64_t *bits, float *drawn_with);

/* Uniform bits: each unit is on with probability 1/2. Overwrites scratch->z and scratch->threshold. */
void vpfi_draw_uniform(const vpfi_machine *machine, size_t layer, uint64_t stream, uint32_t pass, uint64_t id,
                       vpfi_scratch *scratch, uint64_t *bits);

#endif
