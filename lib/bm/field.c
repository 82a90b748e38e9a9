/* SPDX-License-Identifier: MIT */
#include "bm/field.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "num/accumulator.h"
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

/* Those rows of a matrix whose units are on in a plane, in one column. */
static void add_column(vpfi_accumulator *sum, const uint64_t *bits, size_t words, const float *column, size_t stride) {
  for (size_t word = 0; word < words; word++)
    for (uint64_t left = bits[word]; left; left &= left - 1)
      vpfi_accumulator_add(sum, column[(64 * word + (size_t)__builtin_ctzll(left)) * stride], false);
}

float vpfi_careful_field(const vpfi_machine *machine, vpfi_order order, size_t role, unsigned inputs,
                         const vpfi_scratch *scratch, size_t unit) {
  const vpfi_shape *shape = machine->shape;
  const vpfi_params *params = machine->params;
  const vpfi_role *r = &shape->role[role];
  const vpfi_layer *layer = &shape->layer[r->layer];
  vpfi_accumulator sum = {{0}};
  vpfi_accumulator_add(&sum, params->bias[role][unit], false);
  if (inputs & VPFI_FROM_BELOW && r->below != VPFI_NONE)
    add_column(&sum, scratch->row[shape->role[shape->join[r->below].lower_role].plane[order]], layer[-1].words,
               params->weights[r->below] + unit, layer->width);
  if (inputs & VPFI_FROM_ABOVE && r->above != VPFI_NONE)
    add_column(&sum, scratch->row[shape->role[shape->join[r->above].upper_role].plane[order]], layer[1].words,
               params->weights_t[r->above] + unit, layer->width);
  if (inputs & VPFI_FROM_OWN && r->intra)
    add_column(&sum, scratch->row[r->plane[order]], layer->words, params->intra[r->layer] + unit, layer->width);
  const double most = (double)FLT_MAX;
  return (float)fmax(-most, fmin(most, vpfi_accumulator_value(&sum)));
}

static double row_sum(const float *row, size_t n) {
  double sum = 0;
  for (size_t j = 0; j < n; j++) sum += fabs((double)row[j]);
  return sum;
}

double vpfi_largest_field(const vpfi_machine *machine, size_t layer, size_t unit) {
  const vpfi_params *params = machine->params;
  const vpfi_layer *l = &machine->shape->layer[layer];
  double sum = fmax(fabs((double)params->bias[l->up][unit]), fabs((double)params->bias[l->down][unit]));
  if (layer > 0) sum += row_sum(params->weights_t[layer - 1] + unit * l[-1].width, l[-1].size);
  if (layer + 1 < machine->shape->n_layers) sum += row_sum(params->weights[layer] + unit * l[1].width, l[1].size);
  if (l->intra) sum += row_sum(params->intra[layer] + unit * l->width, l->size);
  return sum;
}

/* Ordinary machines are told by the bound, without a look at their parameters: calls may be about a single row. */
bool vpfi_fields_are_large(const vpfi_machine *machine) {
  const double large = 131072; /* an addition of floats is off by up to 2^-24 of its result: here by 2^-7 */
  const double most_inputs = 3 * (double)machine->shape->widest + 1; /* below, above, own; bias */
  if (most_inputs * (double)machine->params->bound <= large) return false;
  for (size_t l = 0; l < machine->shape->n_layers; l++)
    for (size_t j = 0; j < machine->shape->layer[l].size; j++)
      if (vpfi_largest_field(machine, l, j) > large) return true;
  return false;
}
