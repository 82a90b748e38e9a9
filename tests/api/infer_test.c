/* SPDX-License-Identifier: MIT */
/* vpf_model_infer() against the enumerated distribution of its procedure; and the two lines that
 * say which coupling learns from it: E[delta_j | below].
 *
 * Power: 48 000 draws over at most 512 cells find a root mean square relative error of 8 % of the
 * cells' probabilities; dropping U, the wrong bias role or a stale field in the sweep change
 * them by 30 % and more. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/enumerate.h"
#include "support/goodness.h"
#include "support/random_machine.h"

enum { DRAWS = 48000 };

static const family FAMILIES[] = {
    {"RBM", {3, 6}, 2, {0, 0}, VPF_COUPLING_PAIRWISE},
    {"RBM with U_0", {3, 5}, 2, {1, 0}, VPF_COUPLING_PAIRWISE},
    {"RBM with U_1", {3, 6}, 2, {0, 1}, VPF_COUPLING_PAIRWISE},
    {"joint RBM with both U", {3, 5}, 2, {1, 1}, VPF_COUPLING_JOINT},
    {"pairwise, three layers", {3, 3, 3}, 3, {0, 0, 0}, VPF_COUPLING_PAIRWISE},
    {"pairwise, three layers with U", {2, 3, 3}, 3, {1, 1, 1}, VPF_COUPLING_PAIRWISE},
    {"joint, three layers", {3, 3, 3}, 3, {0, 0, 0}, VPF_COUPLING_JOINT},
    {"joint, three layers with U", {2, 3, 3}, 3, {0, 1, 1}, VPF_COUPLING_JOINT},
    {"pairwise, four layers with some U", {2, 2, 3, 2}, 4, {0, 1, 0, 1}, VPF_COUPLING_PAIRWISE},
};
enum { N_FAMILIES = sizeof FAMILIES / sizeof FAMILIES[0] };

static const family WIDE[] = {
    {"wide RBM", {70, 67}, 2, {0, 0}, VPF_COUPLING_PAIRWISE},
    {"wide pairwise machine", {65, 130, 67}, 3, {0, 1, 1}, VPF_COUPLING_PAIRWISE},
    {"wide joint machine", {65, 67, 3, 129}, 4, {1, 1, 0, 0}, VPF_COUPLING_JOINT},
};
enum { N_WIDE = sizeof WIDE / sizeof WIDE[0] };

static void inferred_states_have_the_distribution_of_the_procedure(void **state) {
  (void)state;
  dice d = {301};
  for (size_t f = 0; f < N_FAMILIES; f++) {
    vpf_model *model = family_machine(&d, &FAMILIES[f], 1.2);
    brute_machine *truth = brute_read(model);
    const size_t visible = truth->size[0], hidden = truth->units - visible, inputs = (size_t)1 << visible;
    long double *p = calloc((size_t)1 << truth->units, sizeof *p);
    size_t *counts = calloc((size_t)1 << truth->units, sizeof *counts);
    assert_non_null(p);
    assert_non_null(counts);
    for (size_t x = 0; x < inputs; x++) {
      uint8_t bits[8];
      brute_unpack(x, visible, bits);
      long double *given = brute_inference(truth, bits, 1);
      for (size_t h = 0; h < (size_t)1 << hidden; h++) p[h << visible | x] = given[h] / (long double)inputs;
      free(given);
    }
    vpf_data *data = data_of_all_states(visible, DRAWS), *states;
    assert_ok(vpf_model_infer(model, data, 6000 + f, &states));
    assert_int_equal(vpf_data_rows(states), DRAWS);
    assert_int_equal(vpf_data_cols(states), truth->units);
    uint8_t *rows = bits_of_data(states);
    for (size_t r = 0; r < DRAWS; r++) {
      const size_t s = (size_t)brute_pack(rows + r * truth->units, truth->units);
      assert_int_equal(s % inputs, r % inputs); /* visible units are never touched */
      counts[s]++;
    }
    const double chance = chi_square_fit(counts, p, (size_t)1 << truth->units, NULL);
    if (chance < GOODNESS_LEAST_P) fail_msg("%s: p = %g", FAMILIES[f].name, chance);
    free(rows);
    vpf_data_destroy(states);
    vpf_data_destroy(data);
    free(counts);
    free(p);
    brute_free(truth);
    vpf_model_destroy(model);
  }
}

/* The oracle above, against what is known in closed form: without U_1 the procedure is the exact
 * p(h|x) of an RBM. */
static void procedure_for_an_rbm_without_hidden_intra_weights_is_the_posterior(void **state) {
  (void)state;
  dice d = {302};
  for (size_t f = 0; f < 2; f++) {
    vpf_model *model = family_machine(&d, &FAMILIES[f], 1.5);
    brute_machine *truth = brute_read(model);
    uint8_t y[16] = {1, 0, 1};
    long double *p = brute_inference(truth, y, 1);
    const long double log_sum = brute_log_sum_hidden(truth, y);
    for (size_t h = 0; h < (size_t)1 << truth->size[1]; h++) {
      brute_unpack(h, truth->size[1], y + truth->size[0]);
      assert_true(fabsl(p[h] - expl(-brute_energy(truth, y) - log_sum)) < 1e-13L);
    }
    free(p);
    brute_free(truth);
    vpf_model_destroy(model);
  }
}

static void assert_slice(const vpf_model *model, const vpf_data *data, const vpf_data *all, size_t first, size_t count) {
  vpf_data *part, *of_part, *part_of_all;
  assert_ok(vpf_data_slice(&part, data, first, count));
  assert_ok(vpf_model_infer(model, part, 5, &of_part));
  assert_ok(vpf_data_slice(&part_of_all, all, first, count));
  assert_same_rows(of_part, part_of_all);
  vpf_data_destroy(part_of_all);
  vpf_data_destroy(of_part);
  vpf_data_destroy(part);
}

/* Many rows are inferred by tables of sums, few without. */
static void inference_of_a_slice_is_the_slice_of_inference(void **state) {
  (void)state;
  dice d = {303};
  for (size_t f = 0; f < N_WIDE; f++) {
    enum { ROWS = 1100 };
    vpf_model *model = family_machine(&d, &WIDE[f], 0.3);
    uint8_t *bits = random_bits(&d, ROWS, WIDE[f].sizes[0], 0.4);
    vpf_data *data = data_of_bits(bits, ROWS, WIDE[f].sizes[0]), *all;
    assert_ok(vpf_model_infer(model, data, 5, &all));
    static const size_t cut[][2] = {{0, 1}, {0, ROWS}, {1, 59}, {17, 1001}, {100, 999}, {ROWS - 1, 1}};
    for (size_t k = 0; k < sizeof cut / sizeof cut[0]; k++) assert_slice(model, data, all, cut[k][0], cut[k][1]);
    vpf_data_destroy(all);
    vpf_data_destroy(data);
    free(bits);
    vpf_model_destroy(model);
  }
}

static void only_the_bits_of_grey_rows_count(void **state) {
  (void)state;
  dice d = {304};
  vpf_model *model = family_machine(&d, &FAMILIES[2], 1);
  uint8_t levels[3 * 200];
  for (size_t k = 0; k < sizeof levels; k++) levels[k] = (uint8_t)dice_below(&d, 256);
  vpf_data *grey, *bits, *a, *b;
  assert_ok(vpf_data_from_u8(&grey, levels, 200, 3, 127));
  assert_ok(vpf_data_bits_only(&bits, grey));
  assert_ok(vpf_model_infer(model, grey, 1, &a));
  assert_ok(vpf_model_infer(model, bits, 1, &b));
  assert_same_rows(a, b);
  vpf_data_destroy(b);
  vpf_data_destroy(a);
  vpf_data_destroy(bits);
  vpf_data_destroy(grey);
  vpf_model_destroy(model);
}

static void one_layer_gives_a_copy(void **state) {
  (void)state;
  dice d = {305};
  const size_t sizes[1] = {70};
  const uint8_t intra[1] = {1};
  for (size_t u = 0; u < 2; u++) {
    vpf_model *model = random_machine(&d, sizes, 1, u ? intra : NULL, VPF_COUPLING_PAIRWISE, 1);
    uint8_t *bits = random_bits(&d, 13, 70, 0.5);
    vpf_data *data = data_of_bits(bits, 13, 70), *states;
    assert_ok(vpf_model_infer(model, data, 1, &states));
    assert_same_rows(data, states);
    vpf_data_destroy(states);
    vpf_data_destroy(data);
    free(bits);
    vpf_model_destroy(model);
  }
}

static void the_number_of_threads_changes_no_bit(void **state) {
  (void)state;
  dice d = {306};
  for (size_t f = 0; f < N_WIDE; f++) {
    vpf_model *model = family_machine(&d, &WIDE[f], 0.3);
    uint8_t *bits = random_bits(&d, 53, WIDE[f].sizes[0], 0.4);
    vpf_data *data = data_of_bits(bits, 53, WIDE[f].sizes[0]), *one = NULL;
    static const size_t threads[] = {1, 2, 7};
    for (size_t k = 0; k < 3; k++) {
      vpf_data *out;
      vpf_set_threads(threads[k]);
      assert_ok(vpf_model_infer(model, data, 3, &out));
      if (k == 0) {
        one = out;
        continue;
      }
      assert_same_rows(one, out);
      vpf_data_destroy(out);
    }
    vpf_data_destroy(one);
    vpf_data_destroy(data);
    free(bits);
    vpf_model_destroy(model);
  }
  vpf_set_threads(0);
}

/* ---- E[delta_j | below] ---- */

/* A machine 3-1-2 whose one middle unit j is looked at. The rate of unit j is the only one that
 * its own bias enters, so delta_j is found from the public flow as
 *   K(b_j) - K(b_j - z_j) + 1,
 * the second machine giving the unit the field 0. */
typedef struct bench {
  vpf_model *model;
  vpf_coupling coupling;
  uint8_t x[3], top[2];
  double z0; /* the field from below, from which the unit is drawn */
  double z;  /* pairwise: t', the whole field in the pair above; joint: z0 + t */
} bench;

static bench set_up(dice *d, vpf_coupling coupling) {
  const size_t sizes[3] = {3, 1, 2};
  bench b = {random_machine(d, sizes, 3, NULL, coupling, 1.3), coupling, {0}, {0}, 0, 0};
  float w0[3], w1[2], up, down;
  assert_ok(vpf_model_get_weights(b.model, 0, w0));
  assert_ok(vpf_model_get_weights(b.model, 1, w1));
  assert_ok(vpf_model_get_bias(b.model, 1, VPF_BIAS_UP, &up));
  assert_ok(vpf_model_get_bias(b.model, 1, VPF_BIAS_DOWN, &down));
  b.z0 = (double)up;
  b.z = coupling == VPF_COUPLING_JOINT ? 0 : (double)down;
  for (size_t i = 0; i < 3; i++) b.z0 += (b.x[i] = (uint8_t)dice_below(d, 2)) * (double)w0[i];
  for (size_t i = 0; i < 2; i++) b.z += (b.top[i] = (uint8_t)dice_below(d, 2)) * (double)w1[i];
  if (coupling == VPF_COUPLING_JOINT) b.z += b.z0;
  return b;
}

static vpf_data *row_with(const bench *b, uint8_t on) {
  uint8_t row[6];
  memcpy(row, b->x, 3);
  row[3] = on;
  memcpy(row + 4, b->top, 2);
  return data_of_bits(row, 1, 6);
}

/* Give the unit another field in the role that is looked at (pairwise: in the pair above). */
static void shift_field(vpf_model *model, double shift) {
  float bias;
  assert_ok(vpf_model_get_bias(model, 1, VPF_BIAS_DOWN, &bias));
  bias = (float)((double)bias + shift);
  assert_ok(vpf_model_set_bias(model, 1, VPF_BIAS_DOWN, &bias));
}

static double rate_of_unit(const bench *b, uint8_t on) {
  vpf_model *still;
  assert_ok(vpf_model_clone(&still, b->model));
  shift_field(still, -b->z);
  vpf_data *row = row_with(b, on);
  double flow, flow_still;
  assert_ok(vpf_model_flow(b->model, row, &flow));
  assert_ok(vpf_model_flow(still, row, &flow_still));
  vpf_data_destroy(row);
  vpf_model_destroy(still);
  return flow - flow_still + 1;
}

static double chance_from_below(const bench *b) {
  return (double)brute_sigmoid((long double)b->z0);
}

static double expected_rate(const bench *b) {
  const double on = chance_from_below(b);
  return on * rate_of_unit(b, 1) + (1 - on) * rate_of_unit(b, 0);
}

/* joint:    E[delta_j | below] = cosh(t/2) / cosh(z0/2), t the input from above;
 * pairwise: E[delta_j | below] = cosh((t' - z0)/2) / cosh(z0/2), t' the whole field above.
 * With z the field in question both are cosh((z - z0)/2) / cosh(z0/2). */
static void expected_rate_of_a_middle_unit_follows_the_cosh_formulas(void **state) {
  (void)state;
  dice d = {307};
  for (int trial = 0; trial < 60; trial++) {
    bench b = set_up(&d, trial % 2 ? VPF_COUPLING_JOINT : VPF_COUPLING_PAIRWISE);
    const double t = b.z - b.z0, formula = cosh(t / 2) / cosh(b.z0 / 2);
    const double rate = expected_rate(&b);
    if (fabs(rate - formula) > 3e-6 * (1 + formula) * exp(fabs(b.z) / 2))
      fail_msg("%s, z0 %g, z %g: %.8g instead of %.8g", b.coupling == VPF_COUPLING_JOINT ? "joint" : "pairwise", b.z0,
               b.z, rate, formula);
    vpf_model_destroy(b.model);
  }
}

/* Along the field from above, the expectation is least at t = 0 (joint: the layers above are
 * driven to silence) and at t' = z0 (pairwise: they learn to predict the layer). There the
 * expected gradient of the bias that carries the field vanishes; beside it, it pushes back. */
static void expected_rate_is_least_at_silence_if_joint_and_at_prediction_if_pairwise(void **state) {
  (void)state;
  dice d = {308};
  for (int trial = 0; trial < 20; trial++) {
    bench b = set_up(&d, trial % 2 ? VPF_COUPLING_JOINT : VPF_COUPLING_PAIRWISE);
    const bool joint = b.coupling == VPF_COUPLING_JOINT;
    /* The flat position of the bias in question: joint 3 visible biases before it; pairwise behind
     * the first pair's 3 + 1 biases and 3 weights. */
    const size_t position = joint ? 3 : 7;
    const double on = chance_from_below(&b), start = b.z;
    double least = 1e30, least_at = 0, slope_at[5];
    int k = 0;
    for (double t = -2; t <= 2; t += 0.25) { /* t = z - z0 */
      shift_field(b.model, b.z0 + t - b.z);
      b.z = b.z0 + t;
      const double rate = expected_rate(&b);
      if (rate < least) {
        least = rate;
        least_at = t;
      }
      if (fmod(t, 1) < 0 || fmod(t, 1) > 0) continue;
      float g[2][16];
      for (uint8_t y = 0; y < 2; y++) {
        vpf_data *row = row_with(&b, y);
        assert_int_equal(vpf_model_param_count(b.model), joint ? 11 : 12);
        assert_ok(vpf_model_flow_gradient(b.model, row, g[y]));
        vpf_data_destroy(row);
      }
      slope_at[k++] = on * (double)g[1][position] + (1 - on) * (double)g[0][position];
    }
    assert_true(least_at > -0.1 && least_at < 0.1);
    assert_int_equal(k, 5);
    for (k = 0; k < 5; k++) { /* d/dt cosh(t/2) / cosh(z0/2) at t = -2 .. 2 */
      const double formula = sinh((k - 2) / 2.0) / 2 / cosh(b.z0 / 2);
      assert_true(fabs(slope_at[k] - formula) < 1e-5 * exp(fabs(start) / 2 + 2));
    }
    vpf_model_destroy(b.model);
  }
}

/* The same in the mean over drawn states. The top units have such biases that they are on, so
 * that what comes from above does not depend on what was drawn. */
static void drawn_states_obey_the_cosh_formulas_in_the_mean(void **state) {
  (void)state;
  dice d = {309};
  enum { ROWS = 40000 };
  for (int trial = 0; trial < 6; trial++) {
    bench b = set_up(&d, trial % 2 ? VPF_COUPLING_JOINT : VPF_COUPLING_PAIRWISE);
    const float certain[2] = {60, 60};
    assert_ok(vpf_model_set_bias(b.model, 2, VPF_BIAS_UP, certain));
    float w1[2];
    assert_ok(vpf_model_get_weights(b.model, 1, w1));
    for (size_t i = 0; i < 2; i++) b.z += (1 - b.top[i]) * (double)w1[i];
    uint8_t *x = calloc(ROWS, 3);
    assert_non_null(x);
    for (size_t r = 0; r < ROWS; r++) memcpy(x + 3 * r, b.x, 3);
    vpf_data *visible = data_of_bits(x, ROWS, 3), *states;
    assert_ok(vpf_model_infer(b.model, visible, 11, &states));
    vpf_model *still;
    assert_ok(vpf_model_clone(&still, b.model));
    shift_field(still, -b.z);
    double flow, flow_still;
    assert_ok(vpf_model_flow(b.model, states, &flow));
    assert_ok(vpf_model_flow(still, states, &flow_still));
    /* two values, exp(-z/2) with probability p and exp(z/2): its standard deviation */
    const double p = chance_from_below(&b), spread = sqrt(p * (1 - p)) * fabs(2 * sinh(b.z / 2));
    const double formula = cosh((b.z - b.z0) / 2) / cosh(b.z0 / 2), mean = flow - flow_still + 1;
    if (fabs(mean - formula) > 5.5 * spread / sqrt((double)ROWS) + 1e-5 * flow)
      fail_msg("trial %d: mean rate %g instead of %g, spread %g", trial, mean, formula, spread);
    vpf_model_destroy(still);
    vpf_data_destroy(states);
    vpf_data_destroy(visible);
    free(x);
    vpf_model_destroy(b.model);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(inferred_states_have_the_distribution_of_the_procedure),
      cmocka_unit_test(procedure_for_an_rbm_without_hidden_intra_weights_is_the_posterior),
      cmocka_unit_test(inference_of_a_slice_is_the_slice_of_inference),
      cmocka_unit_test(only_the_bits_of_grey_rows_count),
      cmocka_unit_test(one_layer_gives_a_copy),
      cmocka_unit_test(the_number_of_threads_changes_no_bit),
      cmocka_unit_test(expected_rate_of_a_middle_unit_follows_the_cosh_formulas),
      cmocka_unit_test(expected_rate_is_least_at_silence_if_joint_and_at_prediction_if_pairwise),
      cmocka_unit_test(drawn_states_obey_the_cosh_formulas_in_the_mean),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
