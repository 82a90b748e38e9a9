/* SPDX-License-Identifier: MIT */
#include "bm/field.h"

#include <string.h>

#include "num/bits.h"

/* z = start plus those rows of a matrix whose units are on in a plane (one row for each unit of the layer): by the
 * table of their sums, or without. */
static void add_input(const vpfi_machine *machine, float *z, const float *start, size_t width, size_t layer,
                      size_t plane, const float *matrix, float *const *tables, size_t table, vpfi_scratch *scratch) {
  const vpfi_layer *from = &machine->shape->layer[layer];
  const uint64_t *bits = scratch->row[plane];
  if (tables) {
    const size_t count = vpfi_bits_list_groups(bits, from->words, scratch->groups);
    machine->kernels->sum_rows(z, start, tables[table], width, width, scratch->groups, count);
    return;
  }
  const vpfi_selection selection = {.out = z, .start = start, .bits = bits, .count = 1, .matrix = matrix,
                                    .stride = width, .rows = from->size, .width = width};
  machine->kernels->sum_grouped(&selection);
}

static void add_own(const vpfi_machine *machine, float *z, const float *start, const vpfi_role *r, vpfi_order order,
                    vpfi_scratch *scratch) {
  add_input(machine, z, start, machine->shape->layer[r->layer].width, r->layer, r->plane[order],
            machine->params->intra[r->layer], machine->tables ? machine->tables->own : NULL, r->layer, scratch);
}

void vpfi_field(const vpfi_machine *machine, vpfi_order order, size_t role, unsigned inputs, vpfi_scratch *scratch,
                float *z) {
  const vpfi_shape *shape = machine->shape;
  const vpfi_params *params = machine->params;
  const vpfi_tables *tables = machine->tables;
  const vpfi_role *r = &shape->role[role];
  const size_t width = shape->layer[r->layer].width;
  const float *start = params->bias[role];

  if (inputs & VPFI_FROM_BELOW && r->below != VPFI_NONE) {
    add_input(machine, z, start, width, r->layer - 1, shape->role[shape->join[r->below].lower_role].plane[order],
              params->weights[r->below], tables ? tables->below : NULL, r->layer, scratch);
    start = z;
  }
  if (inputs & VPFI_FROM_ABOVE && r->above != VPFI_NONE) {
    add_input(machine, z, start, width, r->layer + 1, shape->role[shape->join[r->above].upper_role].plane[order],
              params->weights_t[r->above], tables ? tables->above : NULL, r->layer, scratch);
    start = z;
  }
  if (inputs & VPFI_FROM_OWN && r->intra) {
    add_own(machine, z, start, r, order, scratch);
    start = z;
  }
  if (start != z) memcpy(z, start, width * sizeof *z);
}

void vpfi_field_add_own(const vpfi_machine *machine, vpfi_order order, size_t role, vpfi_scratch *scratch, float *z) {
  add_own(machine, z, z, &machine->shape->role[role], order, scratch);
}
