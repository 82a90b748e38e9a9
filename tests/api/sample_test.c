/* SPDX-License-Identifier: MIT */
/* Generation follows Algorithm 2, reconstruction holds what is known, features are mean field. */
#include "support/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "support/dice.h"
#include "support/enumerate.h"
#include "support/goodness.h"
#include "support/random_machine.h"

enum { ROWS = 100000 };

/* ---- The exact distribution of the procedure, as a table over all units ---- */

/* P(layer `at` drawn unit by unit, each from its bias and the layer `from`), then swept or not. */
typedef struct walk {
  const brute_machine *machine;
  long double *p, *next; /* [2^units] */
} walk;

static uint64_t layer_bits(const brute_machine *m, uint64_t s, size_t layer) {
  return s >> m->first[layer] & (((uint64_t)1 << m->size[layer]) - 1);
}

static long double input(const brute_machine *m, uint64_t s, size_t layer, size_t j, int up) {
  long double z = up ? m->up[layer][j] : m->down[layer][j];
  if (up && layer > 0)
    for (size_t i = 0; i < m->size[layer - 1]; i++)
      z += layer_bits(m, s, layer - 1) >> i & 1 ? m->w[layer - 1][i * m->size[layer] + j] : 0;
  else if (!up && layer + 1 < m->layers)
    for (size_t k = 0; k < m->size[layer + 1]; k++)
      z += layer_bits(m, s, layer + 1) >> k & 1 ? m->w[layer][j * m->size[layer + 1] + k] : 0;
  return z;
}

/* Draw unit j of a layer anew in every state: with `own`, U is part of its field. */
static void draw_unit(walk *w, size_t layer, size_t j, int up, int own) {
  const brute_machine *m = w->machine;
  const uint64_t bit = (uint64_t)1 << (m->first[layer] + j);
  for (uint64_t s = 0; s < (uint64_t)1 << m->units; s++) {
    if (s & bit) continue;
    long double z = input(m, s, layer, j, up);
    for (size_t k = 0; own && k < m->size[layer]; k++)
      z += layer_bits(m, s, layer) >> k & 1 ? m->u[layer][j * m->size[layer] + k] : 0;
    const long double both = w->p[s] + w->p[s | bit], on = brute_sigmoid(z);
    w->next[s] = both * (1 - on);
    w->next[s | bit] = both * on;
  }
  memcpy(w->p, w->next, ((size_t)1 << m->units) * sizeof *w->p);
}

/* A layer without U: unit after unit is the same as all at once. */
static void draw_layer(walk *w, size_t layer, int up, int own) {
  for (size_t j = 0; j < w->machine->size[layer]; j++) draw_unit(w, layer, j, up, own);
}

static void procedure(walk *w, size_t steps, const float *prior) {
  const brute_machine *m = w->machine;
  const size_t top = m->layers - 1;
  for (uint64_t s = 0; s < (uint64_t)1 << m->units; s++) {
    w->p[s] = s & (((uint64_t)1 << m->first[top]) - 1) ? 0 : 1;
    for (size_t j = 0; j < m->size[top]; j++) {
      const long double on = prior ? (long double)prior[j] : 0.5L;
      w->p[s] *= layer_bits(m, s, top) >> j & 1 ? on : 1 - on;
    }
  }
  if (top == 0)
    for (size_t r = 0; r < steps; r++) draw_layer(w, 0, 1, m->u[0] != NULL);
  for (size_t i = top; i >= 1; i--)
    for (size_t r = 0; r < steps; r++) {
      draw_layer(w, i - 1, 0, 0);
      if (i == 1 && m->u[0]) draw_layer(w, 0, 0, 1);
      draw_layer(w, i, 1, 0);
      if (m->u[i]) draw_layer(w, i, 1, 1);
    }
}

static const family FAMILIES[] = {
    {"observed", {6}, 1, {1}, VPF_COUPLING_PAIRWISE},
    {"independent", {5}, 1, {0}, VPF_COUPLING_JOINT},
    {"RBM", {4, 3}, 2, {0, 0}, VPF_COUPLING_PAIRWISE},
    {"RBM with U_0 and U_1", {4, 3}, 2, {1, 1}, VPF_COUPLING_JOINT},
    {"DBM", {3, 3, 2}, 3, {0, 0, 0}, VPF_COUPLING_PAIRWISE},
    {"DBM with U", {3, 3, 3}, 3, {0, 1, 1}, VPF_COUPLING_PAIRWISE},
    {"joint DBM with U everywhere", {3, 2, 2, 2}, 4, {1, 1, 1, 1}, VPF_COUPLING_JOINT},
};
enum { N_FAMILIES = sizeof FAMILIES / sizeof *FAMILIES };

static void generated_states_follow_the_distribution_of_algorithm_2(void **state) {
  (void)state;
  dice d = {61};
  for (size_t f = 0; f < N_FAMILIES; f++)
    for (size_t steps = 1; steps <= 3; steps += 2) {
      vpf_model *model = family_machine(&d, &FAMILIES[f], 1.0);
      brute_machine *machine = brute_read(model);
      const size_t cells = (size_t)1 << machine->units, n_top = machine->size[machine->layers - 1];
      float prior[8];
      for (size_t j = 0; j < n_top; j++) prior[j] = (float)dice_unit(&d);
      const float *given = steps == 1 ? prior : NULL;
      walk w = {machine, calloc(cells, sizeof *w.p), calloc(cells, sizeof *w.next)};
      procedure(&w, steps, given);

      vpf_data *states = NULL;
      assert_ok(vpf_generate_states(model, ROWS, steps, given, 17 + f, &states));
      uint8_t *rows = bits_of_data(states);
      size_t *counts = calloc(cells, sizeof *counts);
      for (size_t r = 0; r < ROWS; r++) counts[brute_pack(rows + r * machine->units, machine->units)]++;
      const double p = chi_square_fit(counts, w.p, cells, NULL);
      if (p < 1e-6) print_error("%s, %zu steps: p = %g\n", FAMILIES[f].name, steps, p);
      assert_true(p >= 1e-6);
      free(counts);
      free(rows);
      free(w.p);
      free(w.next);
      vpf_data_destroy(states);
      brute_free(machine);
      vpf_model_destroy(model);
    }
}

/* The probabilities returned are those the visible states were last drawn with: the same seed
 * draws the same states, and over many chains the two agree in the mean. */
static void generated_probabilities_are_those_of_the_drawn_states(void **state) {
  (void)state;
  dice d = {62};
  for (size_t f = 0; f < N_FAMILIES; f++) {
    vpf_model *model = family_machine(&d, &FAMILIES[f], 1.0);
    const size_t n = vpf_model_layer_size(model, 0), units = machine_units(model);
    float *probs = malloc(ROWS * n * sizeof *probs);
    vpf_data *states = NULL;
    assert_ok(vpf_generate(model, ROWS, 3, NULL, 5, probs));
    assert_ok(vpf_generate_states(model, ROWS, 3, NULL, 5, &states));
    uint8_t *rows = bits_of_data(states);
    double surprise = 0, variance = 0;
    for (size_t r = 0; r < ROWS; r++)
      for (size_t i = 0; i < n; i++) {
        const double p = (double)probs[r * n + i];
        assert_true(p >= 0 && p <= 1);
        surprise += (rows[r * units + i] - p) * (1 + (double)i); /* weights, so that errors cannot cancel */
        variance += p * (1 - p) * (1 + (double)i) * (1 + (double)i);
      }
    assert_true(fabs(surprise) < 6 * sqrt(variance));
    free(rows);
    free(probs);
    vpf_data_destroy(states);
    vpf_model_destroy(model);
  }
}

/* Weights so strong that nothing is left to chance. */
static void degenerate_weights_give_the_answer_worked_out_by_hand(void **state) {
  (void)state;
  const size_t sizes[] = {2, 1};
  vpf_model *model = NULL;
  assert_ok(vpf_model_create(&model, sizes, 2, NULL, VPF_COUPLING_PAIRWISE));
  const float w[2] = {100, -100}, visible[2] = {-50, 50}, hidden[1] = {0}, on[1] = {1}, off[1] = {0};
  assert_ok(vpf_model_set_weights(model, 0, w));
  assert_ok(vpf_model_set_bias(model, 0, VPF_BIAS_DOWN, visible));
  assert_ok(vpf_model_set_bias(model, 1, VPF_BIAS_UP, hidden));
  float probs[2];
  assert_ok(vpf_generate(model, 1, 4, on, 1, probs)); /* h = 1 <-> x = (1, 0) */
  assert_close((double)probs[0], 1, 1e-6);
  assert_close((double)probs[1], 0, 1e-6);
  assert_ok(vpf_generate(model, 1, 4, off, 1, probs)); /* h = 0 -> x = (0, 1) -> h = 0 */
  assert_close((double)probs[0], 0, 1e-6);
  assert_close((double)probs[1], 1, 1e-6);
  vpf_model_destroy(model);
}

static void reconstruction_holds_known_pixels_and_averages_the_last_steps(void **state) {
  (void)state;
  dice d = {63};
  for (size_t f = 0; f < N_FAMILIES; f++) {
    vpf_model *model = family_machine(&d, &FAMILIES[f], 1.0);
    const size_t n = vpf_model_layer_size(model, 0);
    uint8_t *rows = random_bits(&d, 50, n, 0.5), known[8] = {0, 1, 0, 1};
    vpf_data *data = data_of_bits(rows, 50, n);
    float *one = malloc(50 * n * sizeof *one), *sum = calloc(50 * n, sizeof *sum), *average = malloc(50 * n * sizeof *average);
    for (size_t steps = 1; steps <= 4; steps++) { /* the same seed walks the same chain */
      assert_ok(vpf_reconstruct(model, data, known, steps, 1, 9, one));
      for (size_t k = 0; k < 50 * n && steps > 1; k++) sum[k] += one[k];
      for (size_t r = 0; r < 50; r++)
        for (size_t i = 0; i < n; i++)
          if (known[i]) assert_close((double)one[r * n + i], rows[r * n + i], 0);
    }
    assert_ok(vpf_reconstruct(model, data, known, 4, 3, 9, average));
    for (size_t k = 0; k < 50 * n; k++) assert_close((double)average[k], (double)sum[k] / 3, 1e-6);
    free(one);
    free(sum);
    free(average);
    free(rows);
    vpf_data_destroy(data);
    vpf_model_destroy(model);
  }
}

/* RBM, everything clamped but one pixel: the mean over many steps is its exact conditional. */
static void clamped_reconstruction_converges_to_the_conditional(void **state) {
  (void)state;
  dice d = {64};
  const family families[] = {{"RBM", {4, 3}, 2, {0, 0}, VPF_COUPLING_PAIRWISE},
                             {"joint DBM with U", {3, 2, 2}, 3, {1, 1, 0}, VPF_COUPLING_JOINT},
                             {"observed", {5}, 1, {1}, VPF_COUPLING_JOINT}};
  for (size_t f = 0; f < 3; f++) {
    vpf_model *model = family_machine(&d, &families[f], 1.0);
    brute_machine *machine = brute_read(model);
    const size_t n = machine->size[0];
    uint8_t *rows = random_bits(&d, 200, n, 0.5), known[8], other[8];
    memset(known, 1, sizeof known);
    known[1] = 0;
    vpf_data *data = data_of_bits(rows, 200, n);
    float *probs = malloc(200 * n * sizeof *probs);
    assert_ok(vpf_reconstruct(model, data, known, 3000, 2900, 3, probs));
    double difference = 0, square = 0;
    for (size_t r = 0; r < 200; r++) {
      memcpy(other, rows + r * n, n);
      other[1] = 1;
      const long double on = brute_log_sum_hidden(machine, other);
      other[1] = 0;
      const double exact = (double)brute_sigmoid(on - brute_log_sum_hidden(machine, other));
      difference += ((double)probs[r * n + 1] - exact) / 200;
      square += pow((double)probs[r * n + 1] - exact, 2) / 200;
    }
    assert_close(difference, 0, 0.005);
    assert_close(sqrt(square), 0, 0.03);
    free(probs);
    free(rows);
    vpf_data_destroy(data);
    brute_free(machine);
    vpf_model_destroy(model);
  }
}

static void features_are_mean_field_and_their_means_the_prior(void **state) {
  (void)state;
  dice d = {65};
  const family f = {"DBM with U", {20, 7, 5}, 3, {1, 1, 1}, VPF_COUPLING_PAIRWISE};
  vpf_model *model = family_machine(&d, &f, 0.7);
  brute_machine *machine = brute_read(model);
  enum { N = 1500 }; /* more than one chunk of rows */
  uint8_t *rows = random_bits(&d, N, 20, 0.3);
  vpf_data *data = data_of_bits(rows, N, 20);
  for (size_t layer = 0; layer < 3; layer++) {
    const size_t n = f.sizes[layer];
    float *out = malloc(N * n * sizeof *out), mean[20];
    assert_ok(vpf_encode(model, data, layer, out));
    assert_ok(vpf_mean_activations(model, data, layer, mean));
    double sums[20] = {0};
    for (size_t r = 0; r < N; r++) {
      long double m[20], next[20];
      for (size_t i = 0; i < 20; i++) m[i] = rows[r * 20 + i];
      for (size_t l = 1; l <= layer; l++) {
        for (size_t j = 0; j < f.sizes[l]; j++) {
          next[j] = machine->up[l][j];
          for (size_t i = 0; i < f.sizes[l - 1]; i++) next[j] += m[i] * machine->w[l - 1][i * f.sizes[l] + j];
        }
        for (size_t j = 0; j < f.sizes[l]; j++) m[j] = brute_sigmoid(next[j]);
      }
      for (size_t j = 0; j < n; j++) {
        assert_close((double)out[r * n + j], (double)m[j], 2e-6);
        sums[j] += (double)m[j] / N;
      }
    }
    for (size_t j = 0; j < n; j++) assert_close((double)mean[j], sums[j], 2e-6);
    free(out);
  }
  free(rows);
  vpf_data_destroy(data);
  brute_free(machine);
  vpf_model_destroy(model);
}

static void threads_do_not_change_samples(void **state) {
  (void)state;
#ifdef _OPENMP
  const size_t sizes[] = {70, 33, 9};
  const uint8_t intra[] = {1, 1, 1};
  vpf_model *model = fixture_model(sizes, 3, intra, VPF_COUPLING_PAIRWISE, 2);
  vpf_data *data = fixture_data(50, 70, 1);
  float *first = malloc(2 * 50 * 70 * sizeof *first), *other = malloc(2 * 50 * 70 * sizeof *other);
  const int threads[] = {1, 2, 7};
  for (int k = 0; k < 3; k++) {
    omp_set_num_threads(threads[k]);
    float *out = k == 0 ? first : other;
    assert_ok(vpf_generate(model, 50, 3, NULL, 4, out));
    assert_ok(vpf_reconstruct(model, data, NULL, 3, 2, 4, out + 50 * 70));
    if (k > 0) assert_memory_equal(first, other, 2 * 50 * 70 * sizeof *first);
  }
  free(first);
  free(other);
  vpf_data_destroy(data);
  vpf_model_destroy(model);
#else
  skip();
#endif
}

static void bad_input_is_refused(void **state) {
  (void)state;
  const size_t sizes[] = {4, 2};
  vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 1);
  vpf_data *data = fixture_data(2, 4, 1), *narrow = fixture_data(2, 3, 1), *out = NULL;
  float probs[8], prior[2] = {0.5f, 1.5f};
  assert_status(vpf_generate(model, 0, 1, NULL, 1, probs), VPF_ERR_ARGUMENT);
  assert_status(vpf_generate(model, 2, 0, NULL, 1, probs), VPF_ERR_ARGUMENT);
  assert_message_has("steps 0");
  assert_status(vpf_generate(model, 2, 1, prior, 1, probs), VPF_ERR_ARGUMENT);
  assert_message_has("prior[1] is 1.5");
  prior[1] = NAN;
  assert_status(vpf_generate_states(model, 2, 1, prior, 1, &out), VPF_ERR_ARGUMENT);
  assert_null(out);
  assert_status(vpf_generate(NULL, 2, 1, NULL, 1, probs), VPF_ERR_ARGUMENT);
  assert_status(vpf_generate(model, 2, 1, NULL, 1, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_encode(model, data, 2, probs), VPF_ERR_ARGUMENT);
  assert_status(vpf_encode(model, narrow, 1, probs), VPF_ERR_SHAPE);
  assert_status(vpf_mean_activations(model, NULL, 1, probs), VPF_ERR_ARGUMENT);
  assert_status(vpf_reconstruct(model, narrow, NULL, 1, 1, 1, probs), VPF_ERR_SHAPE);
  assert_status(vpf_reconstruct(model, data, NULL, 1, 2, 1, probs), VPF_ERR_ARGUMENT);
  assert_message_has("average_last 2 is outside [1, 1]");
  assert_status(vpf_reconstruct(model, data, NULL, 0, 0, 1, probs), VPF_ERR_ARGUMENT);
  vpf_data_destroy(data);
  vpf_data_destroy(narrow);
  vpf_model_destroy(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(generated_states_follow_the_distribution_of_algorithm_2),
      cmocka_unit_test(generated_probabilities_are_those_of_the_drawn_states),
      cmocka_unit_test(degenerate_weights_give_the_answer_worked_out_by_hand),
      cmocka_unit_test(reconstruction_holds_known_pixels_and_averages_the_last_steps),
      cmocka_unit_test(clamped_reconstruction_converges_to_the_conditional),
      cmocka_unit_test(features_are_mean_field_and_their_means_the_prior),
      cmocka_unit_test(threads_do_not_change_samples),
      cmocka_unit_test(bad_input_is_refused),
  };
  return cmocka_run_group_tests_name("sample", tests, NULL, NULL);
}
