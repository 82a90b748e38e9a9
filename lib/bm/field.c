/* SPDX-License-Identifier: MIT */
#include "bm/field.h"

#include <string.h>

void vpfi_field(const vpfi_machine *machine, vpfi_order order, size_t role, unsigned inputs,
                const vpfi_scratch *scratch, float *z) {
  const vpfi_shape *shape = machine->shape;
  const vpfi_params *params = machine->params;
  const vpfi_role *r = &shape->role[role];
  const size_t width = shape->layer[r->layer].width;

  memcpy(z, params->bias[role], width * sizeof(float));
  if (inputs & VPFI_FROM_BELOW && r->below != VPFI_NONE) {
    const size_t state = shape->role[shape->join[r->below].lower_role].state[order];
    machine->kernels->sum_rows(z, z, params->weights[r->below], width, width, scratch->index[state],
                               scratch->count[state]);
  }
  if (inputs & VPFI_FROM_ABOVE && r->above != VPFI_NONE) {
    const size_t state = shape->role[shape->join[r->above].upper_role].state[order];
    machine->kernels->sum_rows(z, z, params->weights_t[r->above], width, width, scratch->index[state],
                               scratch->count[state]);
  }
  if (inputs & VPFI_FROM_OWN && r->intra) {
    const size_t state = r->state[order];
    machine->kernels->sum_rows(z, z, params->intra[r->layer], width, width, scratch->index[state],
                               scratch->count[state]);
  }
}
