/* SPDX-License-Identifier: MIT */
/* A Markov chain that moves by drawing one layer at a time, at some inverse temperature. Gibbs sampling,
 * generation, filling in, contrastive divergence and annealing are all made of these draws.
 *
 * Between two layers of a machine:
 *
 *   down  h_{i-1} ~ sigmoid(W_{i-1} h_i + b_down); layer 0 is swept where it has U_0
 *   up    h_i ~ sigmoid(W_{i-1}^T h_{i-1} + b_up), then one sweep where layer i has U_i
 *
 * A joint machine does the same with its one bias, leaving out the input from the third layer.
 *
 * A tempered chain leads from independent units with biases `base`, at inverse temperature beta = 0, to the machine,
 * at beta = 1; the field of a unit is (Eq. (36))
 *
 *   z = base + beta f,   f = (bias - base) + sum of w y over its edges.
 *
 * drawn_with, unless NULL: [layer width], the fields with which the units were last drawn. */
#ifndef VPFI_BM_CHAIN_H
#define VPFI_BM_CHAIN_H

#include "bm/draw.h"

typedef struct vpfi_chain {
  const vpfi_machine *machine;
  vpfi_order order; /* of the states */
  vpfi_states *states;
  size_t row;
  vpfi_scratch *scratch; /* must see the row */
  uint64_t stream;
  uint32_t pass;            /* numbers the chain's draws */
  uint64_t *const *clamped; /* [n_layers] rows of bits: units held fixed; NULL: none */
  float *const *base;       /* [n_layers]: [width]; NULL: not tempered, the machine itself */
  float beta;               /* used where there is a base */
} vpfi_chain;

/* Leaves the upper layer's field from below in scratch->z (unspecified if the layer was swept). Not tempered. */
void vpfi_chain_up(vpfi_chain *chain, size_t upper);

/* Not tempered. */
void vpfi_chain_down(vpfi_chain *chain, size_t lower, float *drawn_with);

/* Half a Gibbs step: draw the layer of a role given all that the role sees or, where it sees U, sweep the layer
 * once from its current bits. This leaves the machine's distribution at that temperature unchanged, which a fresh
 * draw followed by a sweep would not. If not tempered, scratch->z is left as by vpfi_chain_up(); if tempered,
 * scratch->field is overwritten. */
void vpfi_chain_resample(vpfi_chain *chain, size_t role, float *drawn_with);

/* The second half of vpfi_chain_resample() for a chain that is not tempered, for callers that have put the layer's
 * complete field into scratch->z: the draw, or the sweep. */
void vpfi_chain_redraw(vpfi_chain *chain, size_t role, float *drawn_with);

/* The two halves of vpfi_chain_resample() for a tempered chain, for callers that need f [width] themselves: making it,
 * and the draw, which keeps it up to date where units of the layer see each other. */
void vpfi_chain_slope(const vpfi_chain *chain, size_t role, float *f);
void vpfi_chain_draw_tempered(vpfi_chain *chain, size_t role, float *f, float *drawn_with);

/* Draw the units of a layer independently, from the fields in scratch->z. */
void vpfi_chain_draw(vpfi_chain *chain, size_t role, float *drawn_with);

#endif
