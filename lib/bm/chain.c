/* SPDX-License-Identifier: MIT */
#include "bm/chain.h"

#include <string.h>

static const vpfi_layer *layer_of(const vpfi_chain *chain, size_t role) {
  return &chain->machine->shape->layer[chain->machine->shape->role[role].layer];
}

static void thresholds(vpfi_chain *chain, size_t layer) {
  vpfi_draw_thresholds(chain->machine, layer, chain->stream, chain->pass++,
                       vpfi_states_id(chain->states, chain->row), chain->scratch);
}

void vpfi_chain_draw(vpfi_chain *chain, size_t role) {
  const vpfi_role *r = &chain->machine->shape->role[role];
  const size_t state = r->state[chain->order];
  thresholds(chain, r->layer);
  vpfi_draw_layer(chain->machine, r->layer, r->layer == 0 ? chain->known : NULL, chain->scratch,
                  vpfi_states_row(chain->states, state, chain->row));
  vpfi_scratch_list(chain->scratch, chain->states, state, chain->row);
}

/* scratch->z holds the whole field of the layer. */
static void visit_units(vpfi_chain *chain, size_t role, float *drawn_with) {
  const vpfi_role *r = &chain->machine->shape->role[role];
  const size_t state = r->state[chain->order];
  vpfi_scratch *scratch = chain->scratch;
  thresholds(chain, r->layer);
  vpfi_sweep(chain->machine, r->layer, r->layer == 0 ? chain->known : NULL, scratch->z, scratch->threshold,
             vpfi_states_row(chain->states, state, chain->row), drawn_with);
  vpfi_scratch_list(scratch, chain->states, state, chain->row);
}

void vpfi_chain_sweep(vpfi_chain *chain, size_t role, float *drawn_with) {
  const vpfi_machine *machine = chain->machine;
  const vpfi_role *r = &machine->shape->role[role];
  const size_t state = r->state[chain->order];
  machine->kernels->sum_rows(chain->scratch->z, machine->params->intra[r->layer], layer_of(chain, role)->width,
                             chain->scratch->index[state], chain->scratch->count[state]);
  visit_units(chain, role, drawn_with);
}

void vpfi_chain_resample(vpfi_chain *chain, size_t role) {
  vpfi_field(chain->machine, chain->order, role, VPFI_FROM_ALL, chain->scratch, chain->scratch->z);
  if (chain->machine->shape->role[role].intra)
    visit_units(chain, role, NULL);
  else
    vpfi_chain_draw(chain, role);
}

void vpfi_chain_up(vpfi_chain *chain, size_t upper) {
  const size_t role = chain->machine->shape->layer[upper].up;
  vpfi_field(chain->machine, chain->order, role, VPFI_FROM_BELOW, chain->scratch, chain->scratch->z);
  vpfi_chain_draw(chain, role);
  if (layer_of(chain, role)->intra) vpfi_chain_sweep(chain, role, NULL);
}

void vpfi_chain_down(vpfi_chain *chain, size_t lower, float *drawn_with) {
  const vpfi_layer *layer = &chain->machine->shape->layer[lower];
  vpfi_field(chain->machine, chain->order, layer->down, VPFI_FROM_ABOVE, chain->scratch, chain->scratch->z);
  if (drawn_with) memcpy(drawn_with, chain->scratch->z, layer->size * sizeof(float));
  vpfi_chain_draw(chain, layer->down);
  if (lower == 0 && layer->intra) vpfi_chain_sweep(chain, layer->down, drawn_with);
}

void vpfi_chain_alone(vpfi_chain *chain, float *drawn_with) {
  const vpfi_layer *layer = &chain->machine->shape->layer[0];
  memcpy(chain->scratch->z, chain->machine->params->bias[0], layer->width * sizeof(float));
  if (layer->intra) {
    vpfi_chain_sweep(chain, 0, drawn_with);
    return;
  }
  if (drawn_with) memcpy(drawn_with, chain->scratch->z, layer->size * sizeof(float));
  vpfi_chain_draw(chain, 0);
}
