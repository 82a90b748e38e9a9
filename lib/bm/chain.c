/* SPDX-License-Identifier: MIT */
#include "bm/chain.h"

#include <assert.h>
#include <string.h>

#include "num/bits.h"

/* The layer that a chain is drawing. */
typedef struct layer_draw {
  const vpfi_layer *layer;
  size_t index;
  uint64_t *bits;
  const uint64_t *clamped;
} layer_draw;

/* Find its bits, and put thresholds for its units into scratch. */
static layer_draw begin_draw(vpfi_chain *chain, size_t role) {
  const vpfi_role *r = &chain->machine->shape->role[role];
  vpfi_draw_thresholds(chain->machine, r->layer, chain->stream, chain->pass++,
                       vpfi_states_id(chain->states, chain->row), chain->scratch);
  return (layer_draw){.layer = &chain->machine->shape->layer[r->layer],
                      .index = r->layer,
                      .bits = vpfi_states_edit(chain->states, r->plane[chain->order], chain->row),
                      .clamped = chain->clamped ? chain->clamped[r->layer] : NULL};
}

/* Draw each unit independently, from the fields in scratch->z. */
static void draw_apart(const vpfi_chain *chain, const layer_draw *d, float *drawn_with) {
  if (drawn_with) memcpy(drawn_with, chain->scratch->z, d->layer->size * sizeof(float));
  vpfi_draw_layer(chain->machine, d->index, d->clamped, chain->scratch, d->bits);
}

/* Draw the units one by one, as they see each other, from the complete field in scratch->z. */
static void sweep(vpfi_chain *chain, size_t role, float *drawn_with) {
  const layer_draw d = begin_draw(chain, role);
  chain->machine->kernels->sweep(d.bits, chain->scratch->z, chain->scratch->threshold,
                                 chain->machine->params->intra[d.index], d.layer->size, d.layer->width, d.clamped,
                                 drawn_with, false);
}

void vpfi_chain_draw(vpfi_chain *chain, size_t role, float *drawn_with) {
  const layer_draw d = begin_draw(chain, role);
  draw_apart(chain, &d, drawn_with);
}

void vpfi_chain_redraw(vpfi_chain *chain, size_t role, float *drawn_with) {
  if (chain->machine->shape->role[role].intra)
    sweep(chain, role, drawn_with);
  else
    vpfi_chain_draw(chain, role, drawn_with);
}

/* The next draw of a layer, unit by unit. */
static void draw_carefully(vpfi_chain *chain, size_t role, unsigned inputs, float *drawn_with) {
  const layer_draw d = begin_draw(chain, role);
  vpfi_draw_carefully(chain->machine, chain->order, role, inputs, d.clamped, chain->scratch, d.bits, drawn_with);
}

void vpfi_chain_resample(vpfi_chain *chain, size_t role, float *drawn_with) {
  vpfi_scratch *scratch = chain->scratch;
  if (chain->base) {
    vpfi_chain_slope(chain, role, scratch->field);
    vpfi_chain_draw_tempered(chain, role, scratch->field, drawn_with);
    return;
  }
  if (chain->machine->careful) {
    draw_carefully(chain, role, VPFI_FROM_ALL, drawn_with);
    return;
  }
  vpfi_field(chain->machine, chain->order, role, VPFI_FROM_ALL, scratch, scratch->z);
  vpfi_chain_redraw(chain, role, drawn_with);
}

/* Draw a layer anew from these inputs and then, if asked for, sweep it once. */
static void draw_anew(vpfi_chain *chain, size_t role, unsigned inputs, bool swept, float *drawn_with) {
  float *z = chain->scratch->z;
  assert(!chain->base);
  if (chain->machine->careful) {
    draw_carefully(chain, role, inputs, drawn_with);
    if (swept) draw_carefully(chain, role, inputs | VPFI_FROM_OWN, drawn_with);
    return;
  }
  vpfi_field(chain->machine, chain->order, role, inputs, chain->scratch, z);
  vpfi_chain_draw(chain, role, drawn_with);
  if (!swept) return;
  vpfi_field_add_own(chain->machine, chain->order, role, chain->scratch, z);
  sweep(chain, role, drawn_with);
}

void vpfi_chain_up(vpfi_chain *chain, size_t upper) {
  const vpfi_layer *layer = &chain->machine->shape->layer[upper];
  draw_anew(chain, layer->up, VPFI_FROM_BELOW, layer->intra, NULL);
}

void vpfi_chain_down(vpfi_chain *chain, size_t lower, float *drawn_with) {
  const vpfi_layer *layer = &chain->machine->shape->layer[lower];
  draw_anew(chain, layer->down, VPFI_FROM_ABOVE, lower == 0 && layer->intra, drawn_with);
}

void vpfi_chain_slope(const vpfi_chain *chain, size_t role, float *f) {
  const size_t layer = chain->machine->shape->role[role].layer;
  vpfi_field(chain->machine, chain->order, role, VPFI_FROM_ALL, chain->scratch, f);
  for (size_t j = 0; j < chain->machine->shape->layer[layer].width; j++) f[j] -= chain->base[layer][j];
}

/* The sweep of kernels_reference.c with z = base + beta f: a flip changes f, and z only through it. */
static void sweep_tempered(const vpfi_chain *chain, const layer_draw *d, float *f, float *drawn_with) {
  const vpfi_machine *machine = chain->machine;
  const float *base = chain->base[d->index];
  for (size_t j = 0; j < d->layer->size; j++) {
    const float z = base[j] + chain->beta * f[j];
    if (drawn_with) drawn_with[j] = z;
    if (d->clamped && vpfi_bits_get(d->clamped, j)) continue;
    const bool on = z > chain->scratch->threshold[j];
    if (on == vpfi_bits_get(d->bits, j)) continue;
    vpfi_bits_flip(d->bits, j);
    machine->kernels->add_row(f, machine->params->intra[d->index] + j * d->layer->width, on, d->layer->width);
  }
}

void vpfi_chain_draw_tempered(vpfi_chain *chain, size_t role, float *f, float *drawn_with) {
  const vpfi_machine *machine = chain->machine;
  const layer_draw d = begin_draw(chain, role);
  if (machine->shape->role[role].intra) {
    sweep_tempered(chain, &d, f, drawn_with);
    return;
  }
  machine->kernels->temper(chain->scratch->z, chain->base[d.index], f, chain->beta, d.layer->width);
  draw_apart(chain, &d, drawn_with);
}
