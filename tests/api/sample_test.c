/* SPDX-License-Identifier: MIT */
/* Generation follows Algorithm 2, reconstruction holds what is known, features are mean field. */
#include "support/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/dice.h"
#include "support/enumerate.h"
#include "support/goodness.h"
#include "support/random_machine.h"
#include "support/walk.h"

#ifdef VPF_SANITIZED /* which look for other errors than those of distributions */
enum { ROWS = 10000 };
#else
enum { ROWS = 40000 };
#endif

static const family FAMILIES[] = {
    {"observed", {6}, 1, {1}, VPF_COUPLING_PAIRWISE},
    {"independent", {5}, 1, {0}, VPF_COUPLING_JOINT},
    {"RBM", {4, 3}, 2, {0, 0}, VPF_COUPLING_PAIRWISE},
    {"RBM with U_0", {4, 3}, 2, {1, 0}, VPF_COUPLING_PAIRWISE},
    {"RBM with U_1", {3, 4}, 2, {0, 1}, VPF_COUPLING_PAIRWISE},
    {"RBM with U_0 and U_1", {4, 3}, 2, {1, 1}, VPF_COUPLING_JOINT},
    {"DBM", {3, 3, 2}, 3, {0, 0, 0}, VPF_COUPLING_PAIRWISE},
    {"DBM with U", {3, 3, 3}, 3, {0, 1, 1}, VPF_COUPLING_PAIRWISE},
    {"joint DBM", {3, 3, 2}, 3, {0, 0, 0}, VPF_COUPLING_JOINT},
    {"joint DBM with U", {3, 2, 3}, 3, {0, 1, 1}, VPF_COUPLING_JOINT},
    {"four layers", {2, 2, 2, 2}, 4, {0, 0, 0, 0}, VPF_COUPLING_PAIRWISE},
    {"four layers with U everywhere", {3, 2, 2, 2}, 4, {1, 1, 1, 1}, VPF_COUPLING_PAIRWISE},
    {"joint, four layers with U everywhere", {3, 2, 2, 2}, 4, {1, 1, 1, 1}, VPF_COUPLING_JOINT},
};
enum { N_FAMILIES = sizeof FAMILIES / sizeof *FAMILIES };

static void assert_chance(double p, const char *what, size_t steps, const char *prior) {
  if (p < GOODNESS_LEAST_P) fail_msg("%s, %zu steps from the %s prior: p = %g", what, steps, prior, p);
}

/* A prior of random probabilities; `extreme` makes the first one certain. */
static const float *draw_prior(dice *d, size_t n, bool extreme, float *prior) {
  for (size_t j = 0; j < n; j++) prior[j] = (float)dice_unit(d);
  if (extreme) prior[0] = dice_below(d, 2) ? 1 : 0;
  return prior;
}

/* Depth 1 to 4, both couplings, with and without U, R and P prior, several r: all units of every
 * chain against the enumerated distribution of the procedure. */
static void generated_states_follow_the_distribution_of_algorithm_2(void **state) {
  (void)state;
  static const size_t lengths[][3] = {{1, 1, 1}, {2, 2, 2}, {5, 5, 5}, {1, 3, 2}};
  dice d = {61};
  for (size_t f = 0; f < N_FAMILIES; f++)
    for (size_t k = 0; k < 8; k++) {
      vpf_model *model = family_machine(&d, &FAMILIES[f], 1.0);
      brute_machine *machine = brute_read(model);
      const size_t cells = (size_t)1 << machine->units, *steps = lengths[k / 2];
      float room[8];
      const float *prior = k % 2 ? draw_prior(&d, machine->size[machine->layers - 1], steps[2] == 1, room) : NULL;
      walk w = walk_new(machine);
      walk_generate(&w, steps, prior);

      vpf_data *states = NULL;
      assert_ok(vpf_generate_states_by_pair(model, ROWS, steps, prior, 17 + f, &states));
      uint8_t *rows = bits_of_data(states);
      size_t *counts = calloc(cells, sizeof *counts);
      for (size_t r = 0; r < ROWS; r++) counts[brute_pack(rows + r * machine->units, machine->units)]++;
      assert_chance(chi_square_fit(counts, w.p, cells, NULL), FAMILIES[f].name, steps[0], prior ? "P" : "R");
      free(counts);
      free(rows);
      walk_free(&w);
      vpf_data_destroy(states);
      brute_free(machine);
      vpf_model_destroy(model);
    }
}

/* Without U_0, the answer is p = sigmoid(W h + b) for the h from which the images were last drawn.
 * So it has as many values as h, each with the enumerated probability. */
static void generated_probabilities_are_those_of_the_last_visible_pass(void **state) {
  (void)state;
  enum { CHAINS = 20000 };
  dice d = {66};
  static const size_t lengths[][3] = {{1, 1, 1}, {2, 2, 2}, {3, 3, 3}, {1, 2, 4}, {3, 1, 2}};
  for (size_t f = 0; f < N_FAMILIES; f++)
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
      const size_t *steps = lengths[k];
      if (FAMILIES[f].intra[0] || FAMILIES[f].layers == 1) continue;
      vpf_model *model = family_machine(&d, &FAMILIES[f], 1.0);
      brute_machine *machine = brute_read(model);
      const size_t n = machine->size[0], m = machine->size[1], cells = (size_t)1 << m;
      walk w = walk_new(machine);
      walk_generate(&w, steps, NULL);
      long double p[16] = {0};
      for (uint64_t s = 0; s < (uint64_t)1 << machine->units; s++) p[s >> n & (cells - 1)] += w.before[s];

      float *probs = malloc(CHAINS * n * sizeof *probs);
      size_t counts[16] = {0};
      assert_ok(vpf_generate_by_pair(model, CHAINS, steps, NULL, 18 + f, probs));
      for (size_t r = 0; r < CHAINS; r++) counts[walk_hidden_of(machine, probs + r * n, NULL)]++;
      assert_chance(chi_square_fit(counts, p, cells, NULL), FAMILIES[f].name, steps[0], "R");
      free(probs);
      walk_free(&w);
      brute_free(machine);
      vpf_model_destroy(model);
    }
}

static void equal_steps_of_all_pairs_give_the_same_bits(void **state) {
  (void)state;
  enum { CHAINS = 50 };
  dice d = {67};
  for (size_t f = 0; f < N_FAMILIES; f++) {
    vpf_model *model = family_machine(&d, &FAMILIES[f], 1.0);
    const size_t values = CHAINS * vpf_model_layer_size(model, 0), steps[] = {3, 3, 3};
    float *evenly = calloc(values, sizeof *evenly), *by_pair = calloc(values, sizeof *by_pair);
    assert_ok(vpf_generate(model, CHAINS, 3, NULL, 5, evenly));
    assert_ok(vpf_generate_by_pair(model, CHAINS, steps, NULL, 5, by_pair));
    assert_memory_equal(evenly, by_pair, values * sizeof *evenly);
    vpf_data *states = NULL, *states_by_pair = NULL;
    assert_ok(vpf_generate_states(model, CHAINS, 3, NULL, 5, &states));
    assert_ok(vpf_generate_states_by_pair(model, CHAINS, steps, NULL, 5, &states_by_pair));
    uint8_t *bits = bits_of_data(states), *bits_by_pair = bits_of_data(states_by_pair);
    assert_memory_equal(bits, bits_by_pair, CHAINS * machine_units(model));
    free(bits_by_pair);
    free(bits);
    vpf_data_destroy(states_by_pair);
    vpf_data_destroy(states);
    free(by_pair);
    free(evenly);
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

/* Three layers of two units, all certain. W_1 copies the top layer, W_0 swaps the middle one, and U_1
 * turns both middle units on as soon as one of them is and layer 1 is swept. */
static vpf_model *certain_machine(vpf_coupling coupling, const uint8_t *intra, const float *top_bias) {
  const size_t sizes[] = {2, 2, 2};
  const float copy[4] = {100, 0, 0, 100}, swap[4] = {0, 100, 100, 0}, off[2] = {-50, -50}, u[4] = {0, 200, 200, 0};
  vpf_model *model = NULL;
  assert_ok(vpf_model_create(&model, sizes, 3, intra, coupling));
  assert_ok(vpf_model_set_weights(model, 0, swap));
  assert_ok(vpf_model_set_weights(model, 1, copy));
  for (size_t l = 0; l < 2; l++) {
    assert_ok(vpf_model_set_bias(model, l, VPF_BIAS_DOWN, off));
    assert_ok(vpf_model_set_bias(model, l, VPF_BIAS_UP, off));
  }
  assert_ok(vpf_model_set_bias(model, 2, VPF_BIAS_UP, top_bias));
  if (intra) assert_ok(vpf_model_set_intra(model, 1, u));
  return model;
}

/* Takes the model. */
static void assert_generates(vpf_model *model, size_t steps, const uint8_t expected[6]) {
  const float top[2] = {1, 0};
  float probs[2];
  vpf_data *states = NULL;
  assert_ok(vpf_generate_states(model, 1, steps, top, 1, &states));
  uint8_t *bits = bits_of_data(states);
  assert_memory_equal(bits, expected, 6);
  assert_ok(vpf_generate(model, 1, steps, top, 1, probs));
  for (size_t i = 0; i < 2; i++) assert_close((double)probs[i], expected[i], 1e-6);
  free(bits);
  vpf_data_destroy(states);
  vpf_model_destroy(model);
}

/* Top (1,0) -> middle (1,0), which as the lower layer of a pair is not swept -> image (0,1); then the
 * middle is drawn from the image, (1,0), and swept, (1,1), which the second step shows: (1,1). */
static void layers_are_swept_where_they_are_the_upper_ones(void **state) {
  (void)state;
  const uint8_t middle[] = {0, 1, 0}, once[6] = {0, 1, 1, 1, 1, 0}, twice[6] = {1, 1, 1, 1, 1, 0};
  const float off[2] = {-50, -50};
  for (int coupling = VPF_COUPLING_PAIRWISE; coupling <= VPF_COUPLING_JOINT; coupling++) {
    assert_generates(certain_machine((vpf_coupling)coupling, middle, off), 1, once);
    assert_generates(certain_machine((vpf_coupling)coupling, middle, off), 2, twice);
  }
}

/* The top layer ends as (1,1), and would turn the second middle unit on if its input counted when
 * the middle layer is drawn from the image. */
static void the_third_layer_is_left_out_of_joint_machines(void **state) {
  (void)state;
  const uint8_t expected[6] = {0, 1, 1, 0, 1, 1};
  const float second_on[2] = {-50, 50};
  assert_generates(certain_machine(VPF_COUPLING_JOINT, NULL, second_on), 1, expected);
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
  const size_t sizes[] = {70, 33, 9};
  const uint8_t intra[] = {1, 1, 1};
  vpf_model *model = fixture_model(sizes, 3, intra, VPF_COUPLING_PAIRWISE, 2);
  vpf_data *data = fixture_data(50, 70, 1);
  float *first = malloc(2 * 50 * 70 * sizeof *first), *other = malloc(2 * 50 * 70 * sizeof *other);
  static const size_t threads[] = {1, 2, 7};
  for (int k = 0; k < 3; k++) {
    vpf_set_threads(threads[k]);
    float *out = k == 0 ? first : other;
    assert_ok(vpf_generate(model, 50, 3, NULL, 4, out));
    assert_ok(vpf_reconstruct(model, data, NULL, 3, 2, 4, out + 50 * 70));
    if (k > 0) assert_memory_equal(first, other, 2 * 50 * 70 * sizeof *first);
  }
  free(first);
  free(other);
  vpf_data_destroy(data);
  vpf_model_destroy(model);
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
  assert_status(vpf_generate_by_pair(model, 2, (const size_t[]){0}, NULL, 1, probs), VPF_ERR_ARGUMENT);
  assert_message_has("steps 0");
  assert_status(vpf_generate_by_pair(model, 2, NULL, NULL, 1, probs), VPF_ERR_ARGUMENT);
  assert_status(vpf_generate_states_by_pair(model, 2, NULL, NULL, 1, &out), VPF_ERR_ARGUMENT);
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
      cmocka_unit_test(generated_probabilities_are_those_of_the_last_visible_pass),
      cmocka_unit_test(equal_steps_of_all_pairs_give_the_same_bits),
      cmocka_unit_test(generated_probabilities_are_those_of_the_drawn_states),
      cmocka_unit_test(degenerate_weights_give_the_answer_worked_out_by_hand),
      cmocka_unit_test(layers_are_swept_where_they_are_the_upper_ones),
      cmocka_unit_test(the_third_layer_is_left_out_of_joint_machines),
      cmocka_unit_test(reconstruction_holds_known_pixels_and_averages_the_last_steps),
      cmocka_unit_test(clamped_reconstruction_converges_to_the_conditional),
      cmocka_unit_test(features_are_mean_field_and_their_means_the_prior),
      cmocka_unit_test(threads_do_not_change_samples),
      cmocka_unit_test(bad_input_is_refused),
  };
  return cmocka_run_group_tests_name("sample", tests, NULL, NULL);
}
