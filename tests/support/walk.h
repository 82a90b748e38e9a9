/* SPDX-License-Identifier: MIT */
/* The exact distribution of a *procedure* of draws on a small machine, as a table over the states of
 * all units: generation (Algorithm 2) and filling in. */
#ifndef VPF_TESTS_WALK_H
#define VPF_TESTS_WALK_H

#include "support/enumerate.h"

typedef struct walk {
  const brute_machine *machine;
  long double *p;       /* [2^units] probability of each state; to begin with all 0 */
  long double *before;  /* [2^units] the same before layer 0 was last drawn (not swept) */
  long double on[64];   /* [units] mean of the probability with which each unit was last drawn on */
  long double on2[64];  /* [units] mean of its square */
  long double *next;
} walk;

walk walk_new(const brute_machine *machine);
void walk_free(walk *w);

/* What the field of a drawn unit sums beside its bias: the layer below, the one above, or both. */
typedef enum walk_inputs { WALK_UP, WALK_DOWN, WALK_ALL } walk_inputs;

/* Draw the units of a layer, one after the other: a sweep if its U is among the inputs, and
 * otherwise the same as all at once. held: [units of the layer] that are left alone, or NULL. */
void walk_draw(walk *w, size_t layer, walk_inputs inputs, bool own, const uint8_t *held);

/* Which state of layer 1 (unit k is bit k) makes the visible probabilities sigmoid(W h + b_down) nearest
 * to these, held units aside; aborts the test if they are not equal to 1e-5. */
size_t walk_hidden_of(const brute_machine *machine, const float *probs, const uint8_t *held);

/* Algorithm 2. steps: of each pair of layers from the bottom, [1] for one layer. prior: [top layer], NULL: 0.5. */
void walk_generate(walk *w, const size_t *steps, const float *prior);

/* Filling in: p holds the distribution of the visible units, hidden ones 0. Begin draws the hidden
 * ones bottom-up; a step is visible given hidden, hidden given visible. held: [n_0] or NULL. */
void walk_reconstruct_begin(walk *w);
void walk_reconstruct_step(walk *w, const uint8_t *held);

#endif
