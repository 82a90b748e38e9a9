/* SPDX-License-Identifier: MIT */
/* Drawing states: the E-step and Gibbs sampling. */
#ifndef VPFI_BM_GIBBS_H
#define VPFI_BM_GIBBS_H

#include "base/threads.h"
#include "bm/field.h"

/* How hidden states are drawn for given visible ones. */
typedef struct vpfi_estep {
  bool gibbs;        /* false: bottom-up (Algorithm 1, lines 4-9); true: all hidden layers, both neighbours */
  size_t sweeps;     /* bottom-up: of every layer with U; Gibbs: of all hidden layers */
  vpfi_order order;  /* bottom-up: which h_i the layer above is drawn from */
  bool random_start; /* Gibbs: start from fair coins instead of bottom-up */
} vpfi_estep;

/* Algorithm 1 as it stands. */
extern const vpfi_estep vpfi_estep_paper;

/* Draw the hidden states of all rows in place; stream names the randomness, scratch is
 * [team->threads]. */
void vpfi_infer(const vpfi_machine *machine, const vpfi_estep *estep, uint64_t stream, vpfi_states *states,
                vpfi_team *team, vpfi_scratch *scratch);

/* Fixed-order single-site Gibbs sampling of all layers from the bottom, in place. clamped: one
 * bit for each unit in rows as long as those of a state, [n_layers] pointers; NULL: none. */
void vpfi_gibbs_sample(const vpfi_machine *machine, uint64_t *const *clamped, size_t sweeps, uint64_t seed,
                       vpfi_states *states, size_t threads, vpfi_scratch *scratch);

/* The same with draws * thin sweeps. energy: [rows x draws], of the state after every thin-th. */
void vpfi_gibbs_trace(const vpfi_machine *machine, uint64_t *const *clamped, size_t draws, size_t thin, uint64_t seed,
                      vpfi_states *states, double *energy, size_t threads, vpfi_scratch *scratch);

/* Update one layer of one row given all its neighbours (the listed states), clamped units left
 * alone, and list it anew. */
void vpfi_gibbs_layer(const vpfi_machine *machine, const uint64_t *clamped, uint64_t stream, uint32_t pass,
                      vpfi_states *states, size_t row, size_t layer, vpfi_scratch *scratch);

/* One draw of a whole layer given its field: unit j is on if z_j > threshold_j. Fills
 * scratch->threshold for this (stream, pass, row). */
void vpfi_draw_thresholds(const vpfi_machine *machine, size_t layer, uint64_t stream, uint32_t pass, uint64_t id,
                          vpfi_scratch *scratch);

/* One asynchronous sweep over a layer with U (Eq. 5): unit after unit in fixed order. z must hold
 * the whole field, own layer included; it is kept up to date as units flip. drawn_with, unless
 * NULL, gets the field that each unit was drawn with. */
void vpfi_sweep(const vpfi_machine *machine, size_t layer, const uint64_t *clamped, float *z,
                const float *threshold, uint64_t *bits, float *drawn_with);

/* Draw all units of a layer that are not clamped, each on its own, with the fields in scratch->z
 * and the thresholds in scratch. */
void vpfi_draw_layer(const vpfi_machine *machine, size_t layer, const uint64_t *clamped, vpfi_scratch *scratch,
                     uint64_t *bits);

#endif
