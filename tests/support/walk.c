/* SPDX-License-Identifier: MIT */
#include "support/walk.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t states_of(const walk *w) {
  return (size_t)1 << w->machine->units;
}

walk walk_new(const brute_machine *machine) {
  walk w = {.machine = machine};
  w.p = calloc(states_of(&w), sizeof *w.p);
  w.before = calloc(states_of(&w), sizeof *w.before);
  w.next = calloc(states_of(&w), sizeof *w.next);
  if (!w.p || !w.before || !w.next) {
    fprintf(stderr, "walk: no memory\n");
    abort();
  }
  return w;
}

void walk_free(walk *w) {
  free(w->p);
  free(w->before);
  free(w->next);
}

static uint64_t layer_bits(const brute_machine *m, uint64_t s, size_t layer) {
  return s >> m->first[layer] & (((uint64_t)1 << m->size[layer]) - 1);
}

static long double field(const brute_machine *m, uint64_t s, size_t layer, size_t j, walk_inputs inputs, bool own) {
  long double z = inputs == WALK_DOWN ? m->down[layer][j] : m->up[layer][j];
  if (inputs != WALK_DOWN && layer > 0)
    for (size_t i = 0; i < m->size[layer - 1]; i++)
      z += layer_bits(m, s, layer - 1) >> i & 1 ? m->w[layer - 1][i * m->size[layer] + j] : 0;
  if (inputs != WALK_UP && layer + 1 < m->layers)
    for (size_t k = 0; k < m->size[layer + 1]; k++)
      z += layer_bits(m, s, layer + 1) >> k & 1 ? m->w[layer][j * m->size[layer + 1] + k] : 0;
  for (size_t k = 0; own && k < m->size[layer]; k++)
    z += layer_bits(m, s, layer) >> k & 1 ? m->u[layer][j * m->size[layer] + k] : 0;
  return z;
}

static void draw_unit(walk *w, size_t layer, size_t j, walk_inputs inputs, bool own) {
  const brute_machine *m = w->machine;
  const size_t unit = m->first[layer] + j;
  const uint64_t bit = (uint64_t)1 << unit;
  w->on[unit] = w->on2[unit] = 0;
  for (uint64_t s = 0; s < states_of(w); s++) {
    if (s & bit) continue;
    const long double both = w->p[s] + w->p[s | bit], on = brute_sigmoid(field(m, s, layer, j, inputs, own));
    w->next[s] = both * (1 - on);
    w->next[s | bit] = both * on;
    w->on[unit] += both * on;
    w->on2[unit] += both * on * on;
  }
  memcpy(w->p, w->next, states_of(w) * sizeof *w->p);
}

void walk_draw(walk *w, size_t layer, walk_inputs inputs, bool own, const uint8_t *held) {
  if (layer == 0 && !own) memcpy(w->before, w->p, states_of(w) * sizeof *w->p);
  for (size_t j = 0; j < w->machine->size[layer]; j++)
    if (!held || !held[j]) draw_unit(w, layer, j, inputs, own);
}

size_t walk_hidden_of(const brute_machine *m, const float *probs, const uint8_t *held) {
  size_t best = 0;
  long double least = 1;
  for (uint64_t h = 0; h < (uint64_t)1 << m->size[1]; h++) {
    long double largest = 0;
    for (size_t i = 0; i < m->size[0]; i++) {
      if (held && held[i]) continue;
      const long double p = brute_sigmoid(field(m, h << m->first[1], 0, i, WALK_DOWN, false));
      largest = fmaxl(largest, fabsl(p - (long double)probs[i]));
    }
    if (largest < least) {
      least = largest;
      best = h;
    }
  }
  if (least > 1e-5L) {
    fprintf(stderr, "walk: no state of layer 1 has these probabilities; the nearest is %Lg off\n", least);
    abort();
  }
  return best;
}

static void begin_at_prior(walk *w, const float *prior) {
  const brute_machine *m = w->machine;
  const size_t top = m->layers - 1;
  for (uint64_t s = 0; s < states_of(w); s++) {
    w->p[s] = s & (((uint64_t)1 << m->first[top]) - 1) ? 0 : 1;
    for (size_t j = 0; j < m->size[top]; j++) {
      const long double on = prior ? (long double)prior[j] : 0.5L;
      w->p[s] *= layer_bits(m, s, top) >> j & 1 ? on : 1 - on;
    }
  }
}

/* The half steps between two layers. */
static void step_down(walk *w, size_t lower, const uint8_t *held) {
  walk_draw(w, lower, WALK_DOWN, false, held);
  if (lower == 0 && w->machine->u[0]) walk_draw(w, 0, WALK_DOWN, true, held);
}

static void step_up(walk *w, size_t upper) {
  walk_draw(w, upper, WALK_UP, false, NULL);
  if (w->machine->u[upper]) walk_draw(w, upper, WALK_UP, true, NULL);
}

void walk_generate(walk *w, const size_t *steps, const float *prior) {
  const brute_machine *m = w->machine;
  const size_t top = m->layers - 1;
  begin_at_prior(w, prior);
  for (size_t r = 0; top == 0 && r < steps[0]; r++) walk_draw(w, 0, WALK_UP, m->u[0] != NULL, NULL);
  for (size_t i = top; i >= 1; i--)
    for (size_t r = 0; r < steps[i - 1]; r++) {
      step_down(w, i - 1, NULL);
      step_up(w, i);
    }
}

static bool is_joint_and_deep(const brute_machine *m) {
  return !m->pairwise && m->layers > 2;
}

void walk_reconstruct_begin(walk *w) {
  const size_t layers = is_joint_and_deep(w->machine) ? w->machine->layers : 2;
  for (size_t l = 1; l < layers && l < w->machine->layers; l++) step_up(w, l);
}

void walk_reconstruct_step(walk *w, const uint8_t *held) {
  const brute_machine *m = w->machine;
  if (m->layers == 1) {
    walk_draw(w, 0, WALK_UP, m->u[0] != NULL, held);
  } else if (is_joint_and_deep(m)) {
    for (size_t l = 0; l < m->layers; l++) walk_draw(w, l, WALK_ALL, m->u[l] != NULL, l == 0 ? held : NULL);
  } else {
    step_down(w, 0, held);
    step_up(w, 1);
  }
}
