/* SPDX-License-Identifier: MIT */
#include "support/enumerate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *pointer) {
  if (!pointer) {
    fprintf(stderr, "enumerate: no memory\n");
    abort();
  }
  return pointer;
}

static long double *new_numbers(size_t count) {
  return must(calloc(count ? count : 1, sizeof(long double)));
}

long double brute_sigmoid(long double z) {
  return z >= 0 ? 1 / (1 + expl(-z)) : expl(z) / (1 + expl(z));
}

long double brute_softplus(long double z) {
  return (z > 0 ? z : 0) + log1pl(expl(-fabsl(z)));
}

/* ---- Reading a model ---- */

static long double *widen(const float *values, size_t count) {
  long double *wide = new_numbers(count);
  for (size_t k = 0; k < count; k++) wide[k] = (long double)values[k];
  return wide;
}

static void require(vpf_status status) {
  if (status) {
    fprintf(stderr, "enumerate: %s: %s\n", vpf_status_string(status), vpf_error_message());
    abort();
  }
}

brute_machine *brute_read(const vpf_model *model) {
  brute_machine *m = must(calloc(1, sizeof *m));
  m->layers = vpf_model_layers(model);
  m->pairwise = vpf_model_get_coupling(model) == VPF_COUPLING_PAIRWISE;
  if (m->layers > BRUTE_MAX_LAYERS) abort();
  for (size_t i = 0; i < m->layers; i++) {
    m->size[i] = vpf_model_layer_size(model, i);
    m->first[i] = m->units;
    m->units += m->size[i];
  }
  for (size_t i = 0; i < m->layers; i++) {
    const size_t n = m->size[i], above = i + 1 < m->layers ? m->size[i + 1] : 0;
    float *buffer = must(calloc(n * (n + above), sizeof *buffer));
    require(vpf_model_get_bias(model, i, VPF_BIAS_UP, buffer));
    m->up[i] = widen(buffer, n);
    require(vpf_model_get_bias(model, i, VPF_BIAS_DOWN, buffer));
    m->down[i] = widen(buffer, n);
    if (above) {
      require(vpf_model_get_weights(model, i, buffer));
      m->w[i] = widen(buffer, n * above);
    }
    if (vpf_model_has_intra(model, i)) {
      require(vpf_model_get_intra(model, i, buffer));
      m->u[i] = widen(buffer, n * n);
    }
    free(buffer);
  }
  return m;
}

void brute_free(brute_machine *m) {
  for (size_t i = 0; m && i < BRUTE_MAX_LAYERS; i++) {
    free(m->w[i]);
    free(m->u[i]);
    free(m->up[i]);
    free(m->down[i]);
  }
  free(m);
}

/* ---- The flat order, from the documentation of vpf_model_param_count() ---- */

typedef enum block_kind { BIAS_DOWN, BIAS_UP, WEIGHTS, INTRA } block_kind;

typedef struct flat_block {
  block_kind kind;
  size_t layer; /* the lower one for WEIGHTS */
} flat_block;

enum { MAX_BLOCKS = 4 * BRUTE_MAX_LAYERS };

static size_t list_blocks(const brute_machine *m, flat_block *block) {
  size_t n = 0;
  if (m->layers == 1 || !m->pairwise) {
    for (size_t i = 0; i < m->layers; i++) block[n++] = (flat_block){BIAS_UP, i};
    for (size_t i = 0; i + 1 < m->layers; i++) block[n++] = (flat_block){WEIGHTS, i};
    for (size_t i = 0; i < m->layers; i++)
      if (m->u[i]) block[n++] = (flat_block){INTRA, i};
    return n;
  }
  for (size_t i = 0; i + 1 < m->layers; i++) {
    block[n++] = (flat_block){BIAS_DOWN, i};
    block[n++] = (flat_block){BIAS_UP, i + 1};
    block[n++] = (flat_block){WEIGHTS, i};
    if (i == 0 && m->u[0]) block[n++] = (flat_block){INTRA, 0};
    if (m->u[i + 1]) block[n++] = (flat_block){INTRA, i + 1};
  }
  return n;
}

static size_t block_count(const brute_machine *m, flat_block block) {
  const size_t n = m->size[block.layer];
  if (block.kind == WEIGHTS) return n * m->size[block.layer + 1];
  return block.kind == INTRA ? n * (n - 1) / 2 : n;
}

size_t brute_parameter_count(const brute_machine *m) {
  flat_block block[MAX_BLOCKS];
  const size_t blocks = list_blocks(m, block);
  size_t count = 0;
  for (size_t b = 0; b < blocks; b++) count += block_count(m, block[b]);
  return count;
}

static bool one_bias(const brute_machine *m, size_t layer) {
  return !m->pairwise || layer == 0 || layer + 1 == m->layers;
}

brute_parameter brute_parameter_at(const brute_machine *m, size_t k) {
  flat_block block[MAX_BLOCKS];
  const size_t blocks = list_blocks(m, block);
  size_t b = 0;
  while (b < blocks && k >= block_count(m, block[b])) k -= block_count(m, block[b++]);
  if (b == blocks) abort();
  const size_t layer = block[b].layer, n = m->size[layer];
  if (block[b].kind == WEIGHTS) return (brute_parameter){m->w[layer] + k, NULL};
  if (block[b].kind == INTRA) { /* strict upper triangle by rows */
    size_t i = 0;
    while (k >= n - 1 - i) k -= n - 1 - i++;
    const size_t j = i + 1 + k;
    return (brute_parameter){m->u[layer] + i * n + j, m->u[layer] + j * n + i};
  }
  long double *up = m->up[layer] + k, *down = m->down[layer] + k;
  if (one_bias(m, layer)) return (brute_parameter){up, down};
  return (brute_parameter){block[b].kind == BIAS_UP ? up : down, NULL};
}

/* ---- Energy ---- */

static long double weight_between(const brute_machine *m, size_t lower, size_t i, size_t j) {
  return m->w[lower][i * m->size[lower + 1] + j];
}

long double brute_energy(const brute_machine *m, const uint8_t *y) {
  if (m->pairwise && m->layers > 2) abort();
  long double sum = 0;
  for (size_t l = 0; l < m->layers; l++) {
    const uint8_t *own = y + m->first[l];
    for (size_t i = 0; i < m->size[l]; i++) {
      if (!own[i]) continue;
      sum += m->up[l][i];
      for (size_t j = i + 1; m->u[l] && j < m->size[l]; j++) sum += own[j] * m->u[l][i * m->size[l] + j];
      for (size_t j = 0; l + 1 < m->layers && j < m->size[l + 1]; j++)
        sum += y[m->first[l + 1] + j] * weight_between(m, l, i, j);
    }
  }
  return -sum;
}

/* ---- Flow ---- */

/* What the field of a unit sums. A unit of a joint machine sees all its neighbours; in a pair a
 * lower unit sees the layer above, an upper unit the layer below; U counts in the pair in which
 * its layer is the upper one, U_0 in the first pair. */
typedef struct view {
  size_t layer;
  bool below, above, own;
  const long double *bias;
} view;

static size_t list_views(const brute_machine *m, view *v) {
  size_t n = 0;
  if (m->pairwise && m->layers > 1) {
    for (size_t pair = 0; pair + 1 < m->layers; pair++) {
      v[n++] = (view){pair, false, true, pair == 0, m->down[pair]};
      v[n++] = (view){pair + 1, true, false, true, m->up[pair + 1]};
    }
    return n;
  }
  for (size_t l = 0; l < m->layers; l++) v[n++] = (view){l, true, true, true, m->up[l]};
  return n;
}

enum { MAX_VIEWS = 2 * BRUTE_MAX_LAYERS };

static long double field(const brute_machine *m, const view *v, const uint8_t *y, size_t unit) {
  const size_t l = v->layer;
  long double z = v->bias[unit];
  for (size_t i = 0; v->below && l > 0 && i < m->size[l - 1]; i++)
    if (y[m->first[l - 1] + i]) z += weight_between(m, l - 1, i, unit);
  for (size_t i = 0; v->above && l + 1 < m->layers && i < m->size[l + 1]; i++)
    if (y[m->first[l + 1] + i]) z += weight_between(m, l, unit, i);
  for (size_t i = 0; v->own && m->u[l] && i < m->size[l]; i++)
    if (y[m->first[l] + i]) z += m->u[l][i * m->size[l] + unit];
  return z;
}

long double brute_flow(const brute_machine *m, const uint8_t *y) {
  view v[MAX_VIEWS];
  const size_t views = list_views(m, v);
  long double flow = 0;
  for (size_t k = 0; k < views; k++)
    for (size_t j = 0; j < m->size[v[k].layer]; j++)
      flow += expl((0.5L - y[m->first[v[k].layer] + j]) * field(m, &v[k], y, j));
  return flow;
}

long double brute_mean_flow(const brute_machine *m, const uint8_t *rows, size_t n_rows) {
  long double sum = 0;
  for (size_t r = 0; r < n_rows; r++) sum += brute_flow(m, rows + r * m->units);
  return sum / (long double)n_rows;
}

long double brute_difference(const brute_machine *m, const uint8_t *rows, size_t n_rows, size_t k) {
  const brute_parameter p = brute_parameter_at(m, k);
  const long double step = 1e-5L, kept = *p.value, kept_twin = p.twin ? *p.twin : 0;
  long double flow[2];
  for (int side = 0; side < 2; side++) {
    const long double shift = side ? step : -step;
    *p.value = kept + shift;
    if (p.twin && p.twin != p.value) *p.twin = kept_twin + shift;
    flow[side] = brute_mean_flow(m, rows, n_rows);
  }
  *p.value = kept;
  if (p.twin) *p.twin = kept_twin;
  return (flow[1] - flow[0]) / (2 * step);
}

/* d delta_j / d theta = alpha_j delta_j d z_j / d theta, z_j being linear in theta. Gradients are
 * collected in a machine of the same layout and then read in flat order. */
static void add_unit(const brute_machine *m, brute_machine *g, const view *v, const uint8_t *y, size_t unit) {
  const size_t l = v->layer;
  const long double alpha = 0.5L - y[m->first[l] + unit], gain = alpha * expl(alpha * field(m, v, y, unit));
  (v->bias == m->up[l] ? g->up : g->down)[l][unit] += gain;
  for (size_t i = 0; v->below && l > 0 && i < m->size[l - 1]; i++)
    g->w[l - 1][i * m->size[l] + unit] += y[m->first[l - 1] + i] * gain;
  for (size_t i = 0; v->above && l + 1 < m->layers && i < m->size[l + 1]; i++)
    g->w[l][unit * m->size[l + 1] + i] += y[m->first[l + 1] + i] * gain;
  for (size_t i = 0; v->own && m->u[l] && i < m->size[l]; i++)
    if (i != unit) {
      const size_t a = i < unit ? i : unit, b = i < unit ? unit : i;
      g->u[l][a * m->size[l] + b] += y[m->first[l] + i] * gain;
    }
}

void brute_gradient(const brute_machine *m, const uint8_t *rows, size_t n_rows, long double *out) {
  brute_machine g = *m;
  for (size_t l = 0; l < m->layers; l++) {
    const size_t n = m->size[l];
    g.up[l] = new_numbers(n);
    g.down[l] = new_numbers(n);
    g.w[l] = l + 1 < m->layers ? new_numbers(n * m->size[l + 1]) : NULL;
    g.u[l] = m->u[l] ? new_numbers(n * n) : NULL;
  }
  view v[MAX_VIEWS];
  const size_t views = list_views(m, v);
  for (size_t r = 0; r < n_rows; r++)
    for (size_t k = 0; k < views; k++)
      for (size_t j = 0; j < m->size[v[k].layer]; j++) add_unit(m, &g, &v[k], rows + r * m->units, j);
  const size_t count = brute_parameter_count(m);
  for (size_t k = 0; k < count; k++) {
    const brute_parameter p = brute_parameter_at(&g, k);
    out[k] = (*p.value + (p.twin ? *p.twin : 0)) / (long double)n_rows; /* a twin holds the rest of the sum */
  }
  for (size_t l = 0; l < m->layers; l++) {
    free(g.up[l]);
    free(g.down[l]);
    free(g.w[l]);
    free(g.u[l]);
  }
}

/* ---- Distributions ---- */

void brute_unpack(uint64_t state, size_t units, uint8_t *y) {
  for (size_t k = 0; k < units; k++) y[k] = state >> k & 1;
}

uint64_t brute_pack(const uint8_t *y, size_t units) {
  uint64_t state = 0;
  for (size_t k = 0; k < units && k < 64; k++) state |= (uint64_t)y[k] << k; /* no state has more bits */
  return state;
}

long double *brute_distribution(const brute_machine *m) {
  const size_t states = (size_t)1 << m->units;
  long double *p = new_numbers(states), total = 0;
  uint8_t y[64];
  for (size_t s = 0; s < states; s++) {
    brute_unpack(s, m->units, y);
    total += p[s] = expl(-brute_energy(m, y));
  }
  for (size_t s = 0; s < states; s++) p[s] /= total;
  return p;
}

long double brute_log_sum_hidden(const brute_machine *m, const uint8_t *x) {
  const size_t hidden = m->units - m->size[0];
  uint8_t y[64];
  memcpy(y, x, m->size[0]);
  long double sum = 0;
  for (size_t h = 0; h < (size_t)1 << hidden; h++) {
    brute_unpack(h, hidden, y + m->size[0]);
    sum += expl(-brute_energy(m, y));
  }
  return logl(sum);
}

void brute_gibbs_sweep(const brute_machine *m, const uint8_t *clamped, long double *p) {
  uint8_t y[64];
  for (size_t j = 0; j < m->units; j++) {
    if (clamped && clamped[j]) continue;
    const size_t bit = (size_t)1 << j;
    for (size_t s = 0; s < (size_t)1 << m->units; s++) {
      if (s & bit) continue;
      brute_unpack(s, m->units, y);
      const long double off = brute_energy(m, y);
      y[j] = 1;
      const long double on = brute_sigmoid(off - brute_energy(m, y)), mass = p[s] + p[s | bit];
      p[s] = mass * (1 - on);
      p[s | bit] = mass * on;
    }
  }
}

/* p [2^size] of one layer, given the states y of the layer below it. */
static void infer_layer(const brute_machine *m, size_t layer, const uint8_t *y, size_t sweeps, long double *p) {
  const size_t n = m->size[layer], states = (size_t)1 << n;
  const view from_below = {layer, true, false, false, m->up[layer]};
  for (size_t s = 0; s < states; s++) {
    p[s] = 1;
    for (size_t j = 0; j < n; j++) {
      const long double on = brute_sigmoid(field(m, &from_below, y, j));
      p[s] *= s >> j & 1 ? on : 1 - on;
    }
  }
  for (size_t visit = 0; m->u[layer] && visit < sweeps * n; visit++) { /* Eq. (20), one unit after the other */
    const size_t j = visit % n;
    for (size_t s = 0; s < states; s++) {
      if (s >> j & 1) continue;
      long double z = field(m, &from_below, y, j);
      for (size_t i = 0; i < n; i++)
        if (s >> i & 1) z += m->u[layer][i * n + j];
      const size_t with = s | (size_t)1 << j;
      const long double mass = p[s] + p[with], on = brute_sigmoid(z);
      p[s] = mass * (1 - on);
      p[with] = mass * on;
    }
  }
}

/* Multiply what is known of the layers below by the distribution of this one, and go on up. */
static void infer_from(const brute_machine *m, size_t layer, uint8_t *y, size_t sweeps, long double so_far,
                       long double *out) {
  if (layer == m->layers || layer == BRUTE_MAX_LAYERS) { /* the second tells the compiler what the first means */
    out[brute_pack(y + m->size[0], m->units - m->size[0])] += so_far;
    return;
  }
  const size_t states = (size_t)1 << m->size[layer];
  long double *p = new_numbers(states);
  infer_layer(m, layer, y, sweeps, p);
  for (size_t s = 0; s < states; s++) {
    brute_unpack(s, m->size[layer], y + m->first[layer]);
    infer_from(m, layer + 1, y, sweeps, so_far * p[s], out);
  }
  free(p);
}

long double *brute_inference(const brute_machine *m, const uint8_t *x, size_t sweeps) {
  long double *out = new_numbers((size_t)1 << (m->units - m->size[0]));
  uint8_t y[64] = {0};
  memcpy(y, x, m->size[0]);
  infer_from(m, 1, y, sweeps, 1, out);
  return out;
}
