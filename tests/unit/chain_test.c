/* SPDX-License-Identifier: MIT */
/* Tempered chains: a draw of a layer leaves the distribution at its inverse temperature unchanged, which is enumerated
 * here from the definition, and says the fields that it drew with. */
#include "support/dice.h"
#include "support/fixture.h"
#include "support/goodness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bm/chain.h"
#include "bm/workspace.h"
#include "num/bits.h"

enum { MOST_UNITS = 9, STATES = 1 << MOST_UNITS, ROWS = 200000 };

typedef struct tempered {
  vpfi_shape shape;
  vpfi_params params;
  float *base[3];
  double minus_energy[STATES], independent[STATES]; /* of every state: -E, and sum of base y */
} tempered;

static bool is_on(size_t state, size_t unit) {
  return state >> unit & 1;
}

/* The weight between two units, from the definition: consecutive layers by W, one layer by U. */
static double weight(const tempered *t, size_t layer_a, size_t a, size_t layer_b, size_t b) {
  const vpfi_layer *layer = t->shape.layer;
  if (layer_a == layer_b) return t->params.intra[layer_a] ? (double)t->params.intra[layer_a][a * layer[layer_a].width + b] : 0;
  return layer_b == layer_a + 1 ? (double)t->params.weights[layer_a][a * layer[layer_b].width + b] : 0;
}

static void enumerate(tempered *t) {
  size_t layer_of[MOST_UNITS], index[MOST_UNITS], units = 0;
  for (size_t l = 0; l < t->shape.n_layers; l++)
    for (size_t j = 0; j < t->shape.layer[l].size; j++, units++) layer_of[units] = l, index[units] = j;
  for (size_t state = 0; state < (size_t)1 << units; state++) {
    t->minus_energy[state] = t->independent[state] = 0;
    for (size_t a = 0; a < units; a++) {
      if (!is_on(state, a)) continue;
      t->minus_energy[state] += (double)t->params.bias[t->shape.layer[layer_of[a]].up][index[a]];
      t->independent[state] += (double)t->base[layer_of[a]][index[a]];
      for (size_t b = a + 1; b < units; b++)
        if (is_on(state, b)) t->minus_energy[state] += weight(t, layer_of[a], index[a], layer_of[b], index[b]);
    }
  }
}

static tempered *create(const size_t *sizes, size_t layers, const uint8_t *intra) {
  tempered *t = calloc(1, sizeof *t);
  dice d = {7};
  assert_non_null(t);
  assert_ok(vpfi_shape_init(&t->shape, sizes, layers, intra, VPF_COUPLING_JOINT));
  assert_ok(vpfi_params_init(&t->params, &t->shape));
  float theta[64];
  assert_true(t->shape.param_count <= 64);
  for (size_t k = 0; k < t->shape.param_count; k++) theta[k] = (float)dice_normal(&d);
  vpfi_params_set_flat(&t->params, &t->shape, theta);
  for (size_t l = 0; l < layers; l++) {
    const vpfi_layer *layer = &t->shape.layer[l];
    t->base[l] = aligned_alloc(64, layer->width * sizeof(float));
    assert_non_null(t->base[l]);
    for (size_t j = 0; j < layer->width; j++) t->base[l][j] = j < layer->size ? (float)dice_normal(&d) : 0;
  }
  enumerate(t);
  return t;
}

static void destroy(tempered *t) {
  for (size_t l = 0; l < t->shape.n_layers; l++) free(t->base[l]);
  vpfi_params_clear(&t->params, &t->shape);
  vpfi_shape_clear(&t->shape);
  free(t);
}

/* p(y) proportional to exp((1 - beta) sum of base y - beta E(y)) */
static void distribution(const tempered *t, double beta, long double *p) {
  const size_t states = (size_t)1 << t->shape.units;
  long double sum = 0;
  for (size_t s = 0; s < states; s++) {
    p[s] = expl((1 - (long double)beta) * t->independent[s] + (long double)beta * t->minus_energy[s]);
    sum += p[s];
  }
  for (size_t s = 0; s < states; s++) p[s] /= sum;
}

static size_t state_of(const tempered *t, const vpfi_states *states, size_t row) {
  size_t state = 0;
  for (size_t l = 0; l < t->shape.n_layers; l++)
    for (size_t j = 0; j < t->shape.layer[l].size; j++)
      state |= (size_t)vpfi_bits_get(vpfi_states_row(states, l, row), j) << (t->shape.layer[l].first + j);
  return state;
}

static void set_state(const tempered *t, vpfi_states *states, size_t row, size_t state) {
  for (size_t l = 0; l < t->shape.n_layers; l++) {
    uint64_t *bits = vpfi_states_edit(states, l, row);
    bits[0] = state >> t->shape.layer[l].first & (((uint64_t)1 << t->shape.layer[l].size) - 1);
  }
}

/* Independent draws from p. */
static void start_at(const tempered *t, vpfi_states *states, const long double *p) {
  dice d = {11};
  dice_table table = dice_table_new(p, (size_t)1 << t->shape.units);
  for (size_t row = 0; row < states->rows; row++) set_state(t, states, row, dice_draw(&d, &table));
  dice_table_free(&table);
}

static void stay(const tempered *t, float beta, uint64_t *const *clamped, size_t clamped_units) {
  static long double p[STATES];
  static size_t counts[STATES];
  vpfi_workspace work;
  assert_ok(vpfi_workspace_begin(&work, &t->shape, &t->params, ROWS, 0));
  distribution(t, (double)beta, p);
  start_at(t, &work.states, p);
  memset(counts, 0, sizeof counts);
  for (size_t row = 0; row < ROWS; row++) {
    vpfi_chain chain = {.machine = &work.machine, .states = &work.states, .row = row, .scratch = work.scratch,
                        .stream = 5, .clamped = clamped, .base = t->base, .beta = beta};
    const size_t before = state_of(t, &work.states, row);
    vpfi_scratch_see(work.scratch, &work.states, row);
    for (size_t l = 0; l < t->shape.n_layers; l++) vpfi_chain_resample(&chain, t->shape.layer[l].up, NULL);
    const size_t after = state_of(t, &work.states, row);
    assert_int_equal((before ^ after) & clamped_units, 0);
    counts[after]++;
  }
  const double fit = chi_square_fit(counts, p, (size_t)1 << t->shape.units, NULL);
  if (!(fit > GOODNESS_LEAST_P)) fail_msg("beta %g: p %g", (double)beta, fit);
  vpfi_workspace_end(&work);
}

static const size_t sizes[] = {3, 4, 2};
static const uint8_t plain[] = {0, 0, 0}, with_intra[] = {1, 1, 0};

static void a_draw_leaves_the_tempered_distribution_unchanged(void **state) {
  (void)state;
  const float beta[] = {0.0f, 0.3f, 0.8f, 1.0f};
  for (int kind = 0; kind < 2; kind++) {
    tempered *t = create(sizes, 3, kind ? with_intra : plain);
    for (size_t k = 0; k < sizeof beta / sizeof *beta; k++) stay(t, beta[k], NULL, 0);
    destroy(t);
  }
}

static void clamped_units_keep_their_bits(void **state) {
  (void)state;
  uint64_t mask[3] = {5, 2, 1}; /* units 0, 2; 1; 0 of their layers */
  uint64_t *const clamped[3] = {&mask[0], &mask[1], &mask[2]};
  for (int kind = 0; kind < 2; kind++) {
    tempered *t = create(sizes, 3, kind ? with_intra : plain);
    stay(t, 0.6f, clamped, 5 | 2u << 3 | 1u << 7);
    destroy(t);
  }
}

/* z = (1 - beta) base + beta (bias + sum of w y), for a unit of a swept layer given those before it as they now are. */
static void fields_are_those_that_were_drawn_with(void **state) {
  (void)state;
  const double beta = 0.7;
  for (int kind = 0; kind < 2; kind++) {
    tempered *t = create(sizes, 3, kind ? with_intra : plain);
    vpfi_workspace work;
    assert_ok(vpfi_workspace_begin(&work, &t->shape, &t->params, 50, 0));
    for (size_t row = 0; row < 50; row++) {
      vpfi_chain chain = {.machine = &work.machine, .states = &work.states, .row = row, .scratch = work.scratch,
                          .stream = 9, .base = t->base, .beta = (float)beta};
      float drawn_with[16];
      set_state(t, &work.states, row, (row * 37) % STATES);
      vpfi_scratch_see(work.scratch, &work.states, row);
      size_t y = state_of(t, &work.states, row);
      vpfi_chain_resample(&chain, t->shape.layer[1].up, drawn_with);
      const size_t after = state_of(t, &work.states, row);
      for (size_t j = 0; j < 4; j++) {
        const size_t bit = (size_t)1 << (t->shape.layer[1].first + j), on = y | bit, off = y & ~bit;
        const double z = (1 - beta) * (t->independent[on] - t->independent[off]) +
                         beta * (t->minus_energy[on] - t->minus_energy[off]);
        assert_close((double)drawn_with[j], z, 1e-5);
        if (kind) y = (y & ~bit) | (after & bit);
      }
    }
    vpfi_workspace_end(&work);
    destroy(t);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_draw_leaves_the_tempered_distribution_unchanged),
      cmocka_unit_test(clamped_units_keep_their_bits),
      cmocka_unit_test(fields_are_those_that_were_drawn_with),
  };
  return cmocka_run_group_tests_name("chain", tests, NULL, NULL);
}
