/* SPDX-License-Identifier: MIT */
#include "bm/chain.h"

#include <string.h>

/* From the fields in scratch->z: each unit on its own, or one after the other as they see each other. */
static void draw(vpfi_chain *chain, size_t role, bool swept, float *drawn_with) {
  const vpfi_role *r = &chain->machine->shape->role[role];
  const size_t state = r->state[chain->order];
  vpfi_scratch *scratch = chain->scratch;
  uint64_t *bits = vpfi_states_row(chain->states, state, chain->row);
  const uint64_t *clamped = chain->clamped ? chain->clamped[r->layer] : NULL;
  vpfi_draw_thresholds(chain->machine, r->layer, chain->stream, chain->pass++,
                       vpfi_states_id(chain->states, chain->row), scratch);
  if (swept) {
    const vpfi_layer *layer = &chain->machine->shape->layer[r->layer];
    chain->machine->kernels->sweep(bits, scratch->z, scratch->threshold, chain->machine->params->intra[r->layer],
                                   layer->size, layer->width, clamped, drawn_with, false);
  } else {
    if (drawn_with) memcpy(drawn_with, scratch->z, chain->machine->shape->layer[r->layer].size * sizeof(float));
    vpfi_draw_layer(chain->machine, r->layer, clamped, scratch, bits);
  }
}

void vpfi_chain_draw(vpfi_chain *chain, size_t role, float *drawn_with) {
  draw(chain, role, false, drawn_with);
}

/* scratch->z holds the field of a layer from the other layers: add its own and sweep it once. */
static void sweep(vpfi_chain *chain, size_t role, float *drawn_with) {
  vpfi_field_add_own(chain->machine, chain->order, role, chain->scratch, chain->scratch->z);
  draw(chain, role, true, drawn_with);
}

void vpfi_chain_resample(vpfi_chain *chain, size_t role, float *drawn_with) {
  vpfi_field(chain->machine, chain->order, role, VPFI_FROM_ALL, chain->scratch, chain->scratch->z);
  draw(chain, role, chain->machine->shape->role[role].intra, drawn_with);
}

void vpfi_chain_up(vpfi_chain *chain, size_t upper) {
  const vpfi_layer *layer = &chain->machine->shape->layer[upper];
  vpfi_field(chain->machine, chain->order, layer->up, VPFI_FROM_BELOW, chain->scratch, chain->scratch->z);
  vpfi_chain_draw(chain, layer->up, NULL);
  if (layer->intra) sweep(chain, layer->up, NULL);
}

void vpfi_chain_down(vpfi_chain *chain, size_t lower, float *drawn_with) {
  const vpfi_layer *layer = &chain->machine->shape->layer[lower];
  vpfi_field(chain->machine, chain->order, layer->down, VPFI_FROM_ABOVE, chain->scratch, chain->scratch->z);
  vpfi_chain_draw(chain, layer->down, drawn_with);
  if (lower == 0 && layer->intra) sweep(chain, layer->down, drawn_with);
}
