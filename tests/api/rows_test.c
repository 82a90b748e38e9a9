/* SPDX-License-Identifier: MIT */
/* Row by row: log p, free energy, pseudo-likelihood and flow of each row against brute force (support/enumerate.h), and
 * their means against the functions that return means. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/enumerate.h"
#include "support/random_machine.h"

static bool has_energy(const vpf_model *model) {
  return vpf_model_get_coupling(model) == VPF_COUPLING_JOINT || vpf_model_layers(model) <= 2;
}

/* At most one hidden layer, without intra-layer weights: what the pseudo-likelihood needs. */
static bool is_closed(const vpf_model *model) {
  return vpf_model_layers(model) == 1 || (vpf_model_layers(model) == 2 && !vpf_model_has_intra(model, 1));
}

static void assert_row(double got, long double wanted, double tolerance, const char *what, const vpf_model *model,
                       size_t row) {
  if (fabs(got - (double)wanted) <= tolerance) return;
  char text[64];
  fail_msg("%s of row %zu of %s: %.12g instead of %.12Lg", what, row, machine_text(model, text), got, wanted);
}

static double mean_of(const double *values, size_t count) {
  double sum = 0;
  for (size_t k = 0; k < count; k++) sum += values[k];
  return sum / (double)count;
}

static long double brute_log_z(const brute_machine *truth) {
  long double sum = 0;
  uint8_t y[32];
  for (uint64_t s = 0; s < (uint64_t)1 << truth->units; s++) {
    brute_unpack(s, truth->units, y);
    sum += expl(-brute_energy(truth, y));
  }
  return logl(sum);
}

/* sum_i log p(x_i | the other x), from the probabilities of x and of its neighbours. */
static long double brute_pseudo(const brute_machine *truth, const uint8_t *x) {
  uint8_t other[16];
  const size_t n = truth->size[0];
  const long double here = brute_log_sum_hidden(truth, x);
  long double sum = 0;
  for (size_t i = 0; i < n; i++) {
    memcpy(other, x, n);
    other[i] = !other[i];
    sum -= brute_softplus(brute_log_sum_hidden(truth, other) - here);
  }
  return sum;
}

enum { ROWS = 16 };

static void check_log_p(const vpf_model *model, const brute_machine *truth, const uint8_t *x, const vpf_data *data) {
  double log_p[ROWS], free_energy[ROWS];
  const long double log_z = brute_log_z(truth);
  assert_ok(vpf_log_likelihood_rows(model, data, (double)log_z, log_p));
  assert_ok(vpf_model_free_energy(model, data, free_energy));
  for (size_t r = 0; r < ROWS; r++) { /* float parameters, double sums */
    const long double log_sum = brute_log_sum_hidden(truth, x + r * truth->size[0]);
    assert_row(log_p[r], log_sum - log_z, 1e-11, "log p", model, r);
    assert_row(free_energy[r], -log_sum, 1e-11, "free energy", model, r);
  }
}

static void check_pseudo(const vpf_model *model, const brute_machine *truth, const uint8_t *x, const vpf_data *data) {
  double pseudo[ROWS];
  assert_ok(vpf_pseudo_likelihood_rows(model, data, pseudo));
  for (size_t r = 0; r < ROWS; r++) /* fields and changes of softplus are float */
    assert_row(pseudo[r], brute_pseudo(truth, x + r * truth->size[0]), 1e-5, "pseudo-likelihood", model, r);
}

static void check_flow(dice *d, const vpf_model *model, const brute_machine *truth) {
  double flow[ROWS];
  uint8_t *y = random_bits(d, ROWS, truth->units, 0.2 + 0.6 * dice_unit(d));
  vpf_data *states = data_of_bits(y, ROWS, truth->units);
  assert_ok(vpf_model_flow_rows(model, states, flow));
  for (size_t r = 0; r < ROWS; r++) {
    const long double wanted = brute_flow(truth, y + r * truth->units);
    assert_row(flow[r], wanted, 2e-6 * (double)wanted, "flow", model, r);
  }
  vpf_data_destroy(states);
  free(y);
}

/* Up to three layers, any of them with intra-layer weights, either coupling. */
static void each_row_matches_enumeration(void **state) {
  (void)state;
  dice d = {201};
  size_t enumerated = 0, closed = 0, without = 0;
  for (int trial = 0; trial < 200; trial++) {
    vpf_model *model = random_shape_machine(&d, 3, 4, 1.2);
    brute_machine *truth = brute_read(model);
    uint8_t *x = random_bits(&d, ROWS, truth->size[0], 0.5);
    vpf_data *data = data_of_bits(x, ROWS, truth->size[0]);
    double unused[ROWS];
    check_flow(&d, model, truth);
    if (has_energy(model)) {
      check_log_p(model, truth, x, data);
    } else {
      assert_status(vpf_log_likelihood_rows(model, data, 0, unused), VPF_ERR_UNSUPPORTED);
      assert_status(vpf_model_free_energy(model, data, unused), VPF_ERR_UNSUPPORTED);
    }
    if (is_closed(model))
      check_pseudo(model, truth, x, data);
    else
      assert_status(vpf_pseudo_likelihood_rows(model, data, unused), VPF_ERR_UNSUPPORTED);
    *(is_closed(model) ? &closed : has_energy(model) ? &enumerated : &without) += 1;
    vpf_data_destroy(data);
    free(x);
    brute_free(truth);
    vpf_model_destroy(model);
  }
  assert_true(enumerated > 30 && closed > 30 && without > 20); /* or this test would claim less */
}

/* Layers beyond one strip and one word, rows beyond one block and one chunk; none of the sizes a round number. */
static const struct large {
  size_t sizes[3], layers, rows;
  uint8_t intra[3];
  vpf_coupling coupling;
} large[] = {
    {{70, 33, 5}, 3, 300, {1, 1, 1}, VPF_COUPLING_PAIRWISE}, {{70, 33, 5}, 3, 515, {0, 1, 0}, VPF_COUPLING_JOINT},
    {{130}, 1, 257, {1}, VPF_COUPLING_JOINT},                {{40, 270}, 2, 90, {0, 0}, VPF_COUPLING_PAIRWISE},
    {{270, 40}, 2, 256, {1, 0}, VPF_COUPLING_PAIRWISE},      {{20, 9}, 2, 90, {0, 1}, VPF_COUPLING_PAIRWISE},
};
enum { LARGE = sizeof large / sizeof *large, MOST_ROWS = 515 };

static vpf_model *large_machine(dice *d, size_t k) {
  return random_machine(d, large[k].sizes, large[k].layers, large[k].intra, large[k].coupling, 0.2);
}

static void each_flow_matches_brute_force_over_many_strips_and_chunks(void **state) {
  (void)state;
  dice d = {202};
  for (size_t k = 0; k < LARGE; k++) {
    vpf_model *model = large_machine(&d, k);
    brute_machine *truth = brute_read(model);
    uint8_t *y = random_bits(&d, large[k].rows, truth->units, k % 2 ? 0.25 : 0.6);
    vpf_data *states = data_of_bits(y, large[k].rows, truth->units);
    double flow[MOST_ROWS], mean;
    assert_ok(vpf_model_flow_rows(model, states, flow));
    for (size_t r = 0; r < large[k].rows; r++) {
      const long double wanted = brute_flow(truth, y + r * truth->units);
      assert_row(flow[r], wanted, 1e-5 * (double)wanted, "flow", model, r);
    }
    assert_ok(vpf_model_flow(model, states, &mean));
    assert_close(mean_of(flow, large[k].rows), mean, 1e-6 * mean); /* which adds floats */
    vpf_data_destroy(states);
    free(y);
    brute_free(truth);
    vpf_model_destroy(model);
  }
}

/* Each with values of its own, so that a row in another's place is seen. */
static void means_are_those_of_the_functions_of_means(void **state) {
  (void)state;
  dice d = {203};
  int used = 0;
  while (used < 40) {
    vpf_model *model = random_shape_machine(&d, 3, 6, 1.2);
    vpf_data *data = fixture_data(70, vpf_model_layer_size(model, 0), 1 + (uint64_t)used);
    double each[70], mean;
    if (has_energy(model)) {
      assert_ok(vpf_log_likelihood_rows(model, data, 0, each));
      assert_ok(vpf_log_likelihood(model, data, 0, &mean));
      assert_true(mean_of(each, 70) == mean); /* the same bits: log Z is taken off last */
      assert_ok(vpf_log_likelihood_rows(model, data, 12.3, each));
      assert_ok(vpf_log_likelihood(model, data, 12.3, &mean));
      assert_close(mean_of(each, 70), mean, 1e-13 * fabs(mean));
      used++;
    }
    if (is_closed(model)) {
      assert_ok(vpf_pseudo_likelihood_rows(model, data, each));
      assert_ok(vpf_pseudo_likelihood(model, data, &mean));
      assert_true(mean_of(each, 70) == mean);
    }
    vpf_data_destroy(data);
    vpf_model_destroy(model);
  }
}

/* All that can be said of the rows of a machine; -1 where there is nothing. */
typedef struct findings {
  double log_p[MOST_ROWS], free_energy[MOST_ROWS], pseudo[MOST_ROWS], flow[MOST_ROWS];
} findings;

static void find_all(const vpf_model *model, const vpf_data *data, findings *found) {
  vpf_data *states = NULL;
  for (size_t r = 0; r < MOST_ROWS; r++) found->log_p[r] = found->free_energy[r] = found->pseudo[r] = found->flow[r] = -1;
  assert_ok(vpf_model_infer(model, data, 5, &states));
  assert_ok(vpf_model_flow_rows(model, states, found->flow));
  vpf_data_destroy(states);
  if (has_energy(model) && (vpf_model_layers(model) < 3 || !vpf_model_has_intra(model, 1))) {
    assert_ok(vpf_log_likelihood_rows(model, data, 3.5, found->log_p));
    assert_ok(vpf_model_free_energy(model, data, found->free_energy));
  }
  if (is_closed(model)) assert_ok(vpf_pseudo_likelihood_rows(model, data, found->pseudo));
}

static void threads_and_kernels_do_not_change_a_bit(void **state) {
  (void)state;
  dice d = {204};
  static findings one, many;
  for (size_t k = 0; k < LARGE; k++) {
    vpf_model *model = large_machine(&d, k);
    vpf_data *data = fixture_data(large[k].rows, large[k].sizes[0], 6);
    vpf_set_threads(1);
    find_all(model, data, &one);
    for (size_t threads = 2; threads <= 9; threads++) {
      vpf_set_threads(threads);
      if (threads == 9) assert_int_equal(setenv("VPF_KERNELS", "reference", 1), 0);
      find_all(model, data, &many);
      assert_memory_equal(&one, &many, sizeof one);
    }
    unsetenv("VPF_KERNELS");
    vpf_data_destroy(data);
    vpf_model_destroy(model);
  }
  vpf_set_threads(0);
}

/* Row r alone, or in another place of another data set, has the value that it has among others. */
static void a_row_is_scored_by_itself(void **state) {
  (void)state;
  dice d = {205};
  static findings all, some;
  for (size_t k = 0; k < LARGE; k++) {
    vpf_model *model = large_machine(&d, k);
    vpf_data *data = fixture_data(80, large[k].sizes[0], 7), *slice = NULL;
    find_all(model, data, &all);
    assert_ok(vpf_data_slice(&slice, data, 67, 3));
    find_all(model, slice, &some); /* a slice draws the hidden units that the whole draws */
    assert_memory_equal(some.log_p, all.log_p + 67, 3 * sizeof(double));
    assert_memory_equal(some.free_energy, all.free_energy + 67, 3 * sizeof(double));
    assert_memory_equal(some.pseudo, all.pseudo + 67, 3 * sizeof(double));
    assert_memory_equal(some.flow, all.flow + 67, 3 * sizeof(double));
    vpf_data_destroy(slice);
    vpf_data_destroy(data);
    vpf_model_destroy(model);
  }
}

/* ---- Errors, which leave the output as it was ---- */

static double output[4];

static void clear_output(void) {
  for (size_t r = 0; r < 4; r++) output[r] = -77;
}

static void assert_untouched(void) {
  for (size_t r = 0; r < 4; r++) assert_true(output[r] == -77);
}

static void null_is_refused(void **state) {
  (void)state;
  const size_t sizes[] = {3, 2};
  vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 1);
  vpf_data *data = fixture_data(4, 3, 1), *states = fixture_data(4, 5, 1);
  clear_output();
  assert_status(vpf_log_likelihood_rows(NULL, data, 0, output), VPF_ERR_ARGUMENT);
  assert_message_has("vpf_log_likelihood_rows: model is NULL");
  assert_status(vpf_log_likelihood_rows(model, NULL, 0, output), VPF_ERR_ARGUMENT);
  assert_message_has("data is NULL");
  assert_status(vpf_log_likelihood_rows(model, data, 0, NULL), VPF_ERR_ARGUMENT);
  assert_message_has("out_log_p is NULL");
  assert_status(vpf_pseudo_likelihood_rows(NULL, data, output), VPF_ERR_ARGUMENT);
  assert_message_has("vpf_pseudo_likelihood_rows: model is NULL");
  assert_status(vpf_pseudo_likelihood_rows(model, NULL, output), VPF_ERR_ARGUMENT);
  assert_message_has("data is NULL");
  assert_status(vpf_pseudo_likelihood_rows(model, data, NULL), VPF_ERR_ARGUMENT);
  assert_message_has("out_pseudo is NULL");
  assert_status(vpf_model_flow_rows(NULL, states, output), VPF_ERR_ARGUMENT);
  assert_message_has("vpf_model_flow_rows: model is NULL");
  assert_status(vpf_model_flow_rows(model, NULL, output), VPF_ERR_ARGUMENT);
  assert_status(vpf_model_flow_rows(model, states, NULL), VPF_ERR_ARGUMENT);
  for (size_t k = 0; k < 3; k++) {
    const double bad[] = {(double)NAN, HUGE_VAL, -HUGE_VAL};
    assert_status(vpf_log_likelihood_rows(model, data, bad[k], output), VPF_ERR_ARGUMENT);
    assert_message_has("log_z is");
  }
  assert_untouched();
  vpf_data_destroy(states);
  vpf_data_destroy(data);
  vpf_model_destroy(model);
}

static void rows_of_another_width_are_refused(void **state) {
  (void)state;
  const size_t sizes[] = {3, 2};
  vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 1);
  vpf_data *visible = fixture_data(4, 3, 1), *wide = fixture_data(4, 5, 1);
  clear_output();
  assert_status(vpf_log_likelihood_rows(model, wide, 0, output), VPF_ERR_SHAPE);
  assert_status(vpf_model_free_energy(model, wide, output), VPF_ERR_SHAPE);
  assert_status(vpf_pseudo_likelihood_rows(model, wide, output), VPF_ERR_SHAPE);
  assert_status(vpf_model_flow_rows(model, visible, output), VPF_ERR_SHAPE);
  assert_untouched();
  vpf_data_destroy(wide);
  vpf_data_destroy(visible);
  vpf_model_destroy(model);
}

static void too_many_hidden_units_are_refused(void **state) {
  (void)state;
  const size_t sizes[] = {1, 26};
  const uint8_t intra[] = {0, 1};
  vpf_model *model = fixture_model(sizes, 2, intra, VPF_COUPLING_PAIRWISE, 1);
  vpf_data *data = fixture_data(4, 1, 1);
  clear_output();
  assert_status(vpf_log_likelihood_rows(model, data, 0, output), VPF_ERR_LIMIT);
  assert_message_has("25");
  assert_message_has("26");
  assert_status(vpf_model_free_energy(model, data, output), VPF_ERR_LIMIT);
  assert_message_has("26");
  assert_untouched();
  vpf_data_destroy(data);
  vpf_model_destroy(model);
}

/* Three units that inhibit each other beyond all measure. */
static vpf_model *absurd(void) {
  const size_t n = 3;
  const uint8_t intra = 1;
  const float u[] = {0, -3e38f, -3e38f, -3e38f, 0, -3e38f, -3e38f, -3e38f, 0};
  vpf_model *model = NULL;
  assert_ok(vpf_model_create(&model, &n, 1, &intra, VPF_COUPLING_JOINT));
  assert_ok(vpf_model_set_intra(model, 0, u));
  return model;
}

static void the_row_that_is_not_finite_is_named(void **state) {
  (void)state;
  const uint8_t bits[4 * 3] = {0, 0, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1};
  vpf_model *model = absurd();
  vpf_data *all = data_of_bits(bits, 4, 3), *tame = data_of_bits(bits, 2, 3);
  double mean = -77;
  clear_output();
  assert_status(vpf_pseudo_likelihood_rows(model, all, output), VPF_ERR_OVERFLOW);
  assert_message_has("vpf_pseudo_likelihood_rows: the pseudo-likelihood of row 2 is -inf");
  assert_status(vpf_pseudo_likelihood(model, all, &mean), VPF_ERR_OVERFLOW);
  assert_message_has("vpf_pseudo_likelihood: the pseudo-likelihood of row 2 is -inf");
  assert_true(mean == -77);
  assert_status(vpf_model_flow_rows(model, all, output), VPF_ERR_OVERFLOW);
  assert_message_has("vpf_model_flow_rows: the flow of row 2 is inf");
  assert_untouched();
  assert_ok(vpf_model_flow_rows(model, tame, output)); /* units that will not come on flip at the rate 0 */
  assert_true(output[0] == 3 && output[1] == 1 && output[2] == -77);
  clear_output();
  assert_ok(vpf_pseudo_likelihood_rows(model, tame, output));
  assert_true(output[2] == -77);
  vpf_data_destroy(tame);
  vpf_data_destroy(all);
  vpf_model_destroy(model);
}

/* In float, exp(z/2) ends at 88, and K is refused where |z|/2 is above 80. In double it ends at 709. */
static void a_flow_is_found_where_k_is_refused(void **state) {
  (void)state;
  const size_t n = 1;
  const struct {
    float bias;
    vpf_status k, row;
  } cases[] = {{160, VPF_OK, VPF_OK}, {162, VPF_ERR_OVERFLOW, VPF_OK}, {1414, VPF_ERR_OVERFLOW, VPF_OK},
               {1420, VPF_ERR_OVERFLOW, VPF_ERR_OVERFLOW}};
  const uint8_t bits[2] = {1, 0};
  vpf_model *model = NULL;
  vpf_data *data = data_of_bits(bits, 2, 1);
  assert_ok(vpf_model_create(&model, &n, 1, NULL, VPF_COUPLING_JOINT));
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    double mean;
    clear_output();
    assert_ok(vpf_model_set_bias(model, 0, VPF_BIAS_UP, &cases[k].bias));
    assert_status(vpf_model_flow(model, data, &mean), cases[k].k);
    assert_status(vpf_model_flow_rows(model, data, output), cases[k].row);
    if (cases[k].row) continue;
    assert_close(output[0], exp(-0.5 * (double)cases[k].bias), 1e-13 * output[0]);
    assert_close(output[1], exp(0.5 * (double)cases[k].bias), 1e-13 * output[1]);
  }
  assert_message_has("row 1 is inf");
  vpf_data_destroy(data);
  vpf_model_destroy(model);
}

/* What the first chunks of rows found is not written if a later chunk fails. */
static void a_flow_that_overflows_late_leaves_no_row(void **state) {
  (void)state;
  enum { MANY = 600 };
  uint8_t *bits = calloc(MANY, 3);
  double *flow = calloc(MANY, sizeof *flow);
  assert_true(bits && flow);
  memset(bits + 3 * 599, 1, 3);
  vpf_model *model = absurd();
  vpf_data *data = data_of_bits(bits, MANY, 3);
  assert_status(vpf_model_flow_rows(model, data, flow), VPF_ERR_OVERFLOW);
  assert_message_has("the flow of row 599 is inf");
  for (size_t r = 0; r < MANY; r++) assert_true(flow[r] == 0);
  vpf_data_destroy(data);
  vpf_model_destroy(model);
  free(flow);
  free(bits);
}

/* Sums of floats in double: however large the parameters, there is a log p. */
static void log_p_and_free_energy_are_always_finite(void **state) {
  (void)state;
  dice d = {207};
  const family families[] = {{"observed", {6}, 1, {1}, VPF_COUPLING_JOINT},
                             {"RBM", {6, 5}, 2, {0, 0}, VPF_COUPLING_PAIRWISE},
                             {"RBM with U", {6, 5}, 2, {1, 1}, VPF_COUPLING_PAIRWISE},
                             {"DBM", {6, 4, 3}, 3, {0, 0, 0}, VPF_COUPLING_JOINT},
                             {"DBM with U", {6, 4, 3}, 3, {1, 1, 1}, VPF_COUPLING_JOINT}};
  for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
    vpf_model *model = family_machine(&d, &families[f], 5e37);
    vpf_data *data = fixture_data(ROWS, 6, 3);
    double log_p[ROWS], free_energy[ROWS];
    assert_ok(vpf_log_likelihood_rows(model, data, -1e308, log_p));
    assert_ok(vpf_model_free_energy(model, data, free_energy));
    for (size_t r = 0; r < ROWS; r++) assert_true(isfinite(log_p[r]) && isfinite(free_energy[r]));
    vpf_data_destroy(data);
    vpf_model_destroy(model);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_row_matches_enumeration),
      cmocka_unit_test(each_flow_matches_brute_force_over_many_strips_and_chunks),
      cmocka_unit_test(means_are_those_of_the_functions_of_means),
      cmocka_unit_test(threads_and_kernels_do_not_change_a_bit),
      cmocka_unit_test(a_row_is_scored_by_itself),
      cmocka_unit_test(null_is_refused),
      cmocka_unit_test(rows_of_another_width_are_refused),
      cmocka_unit_test(too_many_hidden_units_are_refused),
      cmocka_unit_test(the_row_that_is_not_finite_is_named),
      cmocka_unit_test(a_flow_is_found_where_k_is_refused),
      cmocka_unit_test(a_flow_that_overflows_late_leaves_no_row),
      cmocka_unit_test(log_p_and_free_energy_are_always_finite),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
