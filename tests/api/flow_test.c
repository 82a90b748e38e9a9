/* SPDX-License-Identifier: MIT */
/* Energy, free energy, flow and its gradient against brute force (support/enumerate.h). */
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

/* Float sums of some tens of terms and an exponential good to 2e-7: 1e-5 leaves a factor of ten. A
 * forgotten term changes a flow by some percent. */
static const double FLOW_TOLERANCE = 1e-5;

static void assert_near(double got, long double wanted, double tolerance, const char *what, const vpf_model *model) {
  if (fabs(got - (double)wanted) <= tolerance) return;
  char text[64];
  fail_msg("%s of %s: %.9g instead of %.9Lg", what, machine_text(model, text), got, wanted);
}

/* The largest allowed error of one gradient entry: 1e-3 of it would be enough to tell a wrong
 * formula; what float sums lose is far below and goes with the size of all rates. */
static double gradient_tolerance(long double wanted, long double flow) {
  return 1e-4 * (double)fabsl(wanted) + 2e-6 * (double)flow;
}

static void assert_flow_and_gradient(const vpf_model *model, const uint8_t *rows, size_t n_rows, bool by_differences) {
  brute_machine *truth = brute_read(model);
  vpf_data *data = data_of_bits(rows, n_rows, truth->units);
  const size_t count = vpf_model_param_count(model);
  assert_int_equal(count, brute_parameter_count(truth));
  float *gradient = calloc(count, sizeof *gradient);
  long double *wanted = calloc(count, sizeof *wanted);
  assert_non_null(gradient);
  assert_non_null(wanted);

  double flow = -1;
  const long double k = brute_mean_flow(truth, rows, n_rows);
  assert_ok(vpf_model_flow(model, data, &flow));
  assert_near(flow, k, FLOW_TOLERANCE * (double)k, "flow", model);

  assert_ok(vpf_model_flow_gradient(model, data, gradient));
  if (!by_differences) brute_gradient(truth, rows, n_rows, wanted);
  for (size_t p = 0; p < count; p++) {
    if (by_differences) wanted[p] = brute_difference(truth, rows, n_rows, p);
    assert_near((double)gradient[p], wanted[p], gradient_tolerance(wanted[p], k), "a gradient entry", model);
  }
  free(wanted);
  free(gradient);
  vpf_data_destroy(data);
  brute_free(truth);
}

static void flow_and_gradient_match_brute_force_on_small_machines(void **state) {
  (void)state;
  dice d = {101};
  for (int trial = 0; trial < 150; trial++) {
    vpf_model *model = random_shape_machine(&d, 4, 6, 1.2);
    const size_t n_rows = 1 + dice_below(&d, 12);
    uint8_t *rows = random_bits(&d, n_rows, machine_units(model), 0.2 + 0.6 * dice_unit(&d));
    assert_flow_and_gradient(model, rows, n_rows, true);
    free(rows);
    vpf_model_destroy(model);
  }
}

/* The long derivative that is used for larger machines is itself checked here. */
static void written_out_gradient_of_the_tests_matches_differences(void **state) {
  (void)state;
  dice d = {102};
  for (int trial = 0; trial < 40; trial++) {
    vpf_model *model = random_shape_machine(&d, 4, 5, 1);
    brute_machine *truth = brute_read(model);
    uint8_t *rows = random_bits(&d, 5, truth->units, 0.5);
    const size_t count = brute_parameter_count(truth);
    long double *written = calloc(count, sizeof *written);
    assert_non_null(written);
    brute_gradient(truth, rows, 5, written);
    for (size_t p = 0; p < count; p++) {
      const long double difference = brute_difference(truth, rows, 5, p);
      assert_true(fabsl(written[p] - difference) < 1e-7L * (1 + fabsl(difference)) * brute_mean_flow(truth, rows, 5));
    }
    free(written);
    free(rows);
    brute_free(truth);
    vpf_model_destroy(model);
  }
}

/* Layers beyond one tile of 32 x 256, beyond one word of 64 bits, and beyond one block and one chunk of
 * rows; none of the sizes a round number. States sparse and dense, which are summed in different orders. */
static void flow_and_gradient_match_brute_force_over_many_tiles_and_chunks(void **state) {
  (void)state;
  static const struct {
    size_t sizes[3], layers, rows;
    uint8_t intra[3];
    vpf_coupling coupling;
  } shape[] = {
      {{70, 33, 5}, 3, 300, {0, 0, 0}, VPF_COUPLING_PAIRWISE}, {{70, 33, 5}, 3, 300, {1, 1, 1}, VPF_COUPLING_PAIRWISE},
      {{70, 33, 5}, 3, 300, {1, 1, 1}, VPF_COUPLING_JOINT},    {{70, 33, 5}, 3, 257, {0, 1, 0}, VPF_COUPLING_PAIRWISE},
      {{130}, 1, 300, {1}, VPF_COUPLING_JOINT},                {{17, 130}, 2, 270, {0, 1}, VPF_COUPLING_PAIRWISE},
      {{40, 270}, 2, 90, {0, 1}, VPF_COUPLING_PAIRWISE},       {{270, 40}, 2, 70, {1, 0}, VPF_COUPLING_PAIRWISE},
      {{5, 65, 129}, 3, 520, {0, 0, 1}, VPF_COUPLING_JOINT},   {{64, 64, 16}, 3, 64, {1, 1, 0}, VPF_COUPLING_PAIRWISE},
  };
  dice d = {103};
  for (size_t k = 0; k < sizeof shape / sizeof shape[0]; k++) {
    vpf_model *model =
        random_machine(&d, shape[k].sizes, shape[k].layers, shape[k].intra, shape[k].coupling, 0.25);
    uint8_t *rows = random_bits(&d, shape[k].rows, machine_units(model), k % 2 ? 0.25 : 0.6);
    assert_flow_and_gradient(model, rows, shape[k].rows, false);
    free(rows);
    vpf_model_destroy(model);
  }
}

/* Parameter k alone is not zero: it must be the one that the documented order says. */
static void flat_order_is_the_documented_one(void **state) {
  (void)state;
  dice d = {104};
  for (int trial = 0; trial < 60; trial++) {
    vpf_model *model = random_shape_machine(&d, 4, 4, 0);
    const size_t count = vpf_model_param_count(model);
    float *theta = calloc(count, sizeof *theta), *back = calloc(count, sizeof *back);
    assert_non_null(theta);
    assert_non_null(back);
    for (size_t k = 0; k < count; k++) theta[k] = (float)(k + 1);
    assert_ok(vpf_model_set_params(model, theta));
    brute_machine *truth = brute_read(model);
    assert_int_equal(count, brute_parameter_count(truth));
    for (size_t k = 0; k < count; k++) {
      const brute_parameter p = brute_parameter_at(truth, k);
      assert_true(*p.value == (long double)(k + 1));
      assert_true(!p.twin || *p.twin == (long double)(k + 1));
    }
    assert_ok(vpf_model_get_params(model, back));
    assert_memory_equal(theta, back, count * sizeof *theta);
    brute_free(truth);
    free(back);
    free(theta);
    vpf_model_destroy(model);
  }
}

static void energy_matches_brute_force(void **state) {
  (void)state;
  dice d = {105};
  int used = 0;
  while (used < 80) {
    vpf_model *model = random_shape_machine(&d, 4, 6, 1.5);
    const bool has_energy = vpf_model_get_coupling(model) == VPF_COUPLING_JOINT || vpf_model_layers(model) <= 2;
    uint8_t *rows = random_bits(&d, 16, machine_units(model), 0.6);
    vpf_data *data = data_of_bits(rows, 16, machine_units(model));
    double energy[16];
    if (has_energy) {
      brute_machine *truth = brute_read(model);
      assert_ok(vpf_model_energy(model, data, energy));
      for (size_t r = 0; r < 16; r++) /* float parameters, double sums */
        assert_near(energy[r], brute_energy(truth, rows + r * truth->units), 1e-12, "energy", model);
      brute_free(truth);
      used++;
    } else {
      assert_status(vpf_model_energy(model, data, energy), VPF_ERR_UNSUPPORTED);
      assert_message_has("pairwise");
    }
    vpf_data_destroy(data);
    free(rows);
    vpf_model_destroy(model);
  }
}

static void free_energy_is_minus_log_of_the_sum_over_hidden_states(void **state) {
  (void)state;
  dice d = {106};
  for (int trial = 0; trial < 60; trial++) {
    const size_t sizes[2] = {1 + dice_below(&d, 7), 1 + dice_below(&d, 7)}, layers = trial % 3 ? 2 : 1;
    const uint8_t intra[2] = {(uint8_t)dice_below(&d, 2), 0};
    const vpf_coupling coupling = dice_below(&d, 2) ? VPF_COUPLING_JOINT : VPF_COUPLING_PAIRWISE;
    vpf_model *model = random_machine(&d, sizes, layers, intra, coupling, 2);
    brute_machine *truth = brute_read(model);
    uint8_t *rows = random_bits(&d, 20, sizes[0], 0.5);
    vpf_data *data = data_of_bits(rows, 20, sizes[0]);
    double free_energy[20];
    assert_ok(vpf_model_free_energy(model, data, free_energy));
    for (size_t r = 0; r < 20; r++)
      assert_near(free_energy[r], -brute_log_sum_hidden(truth, rows + r * sizes[0]), 1e-12, "free energy", model);
    vpf_data_destroy(data);
    free(rows);
    brute_free(truth);
    vpf_model_destroy(model);
  }
}

static void free_energy_of_large_fields_does_not_overflow(void **state) {
  (void)state;
  const size_t sizes[2] = {1, 2};
  const uint8_t bits[2] = {0, 1};
  const float w[2] = {3000, -3000}, b[2] = {0, 0};
  vpf_model *model;
  assert_ok(vpf_model_create(&model, sizes, 2, NULL, VPF_COUPLING_PAIRWISE));
  assert_ok(vpf_model_set_weights(model, 0, w));
  assert_ok(vpf_model_set_bias(model, 1, VPF_BIAS_UP, b));
  vpf_data *data = data_of_bits(bits, 2, 1);
  double out[2];
  assert_ok(vpf_model_free_energy(model, data, out));
  assert_near(out[0], -2 * logl(2), 1e-14, "free energy", model);
  assert_near(out[1], -3000, 1e-9, "free energy", model);
  vpf_data_destroy(data);
  vpf_model_destroy(model);
}

static void families_without_an_energy_are_refused(void **state) {
  (void)state;
  const size_t sizes[3] = {3, 2, 2};
  const uint8_t top[2] = {0, 1};
  dice d = {107};
  vpf_model *deep = random_machine(&d, sizes, 3, NULL, VPF_COUPLING_PAIRWISE, 1);
  vpf_model *joint = random_machine(&d, sizes, 3, NULL, VPF_COUPLING_JOINT, 1);
  vpf_model *swept = random_machine(&d, sizes, 2, top, VPF_COUPLING_PAIRWISE, 1);
  const uint8_t zeros[7] = {0};
  vpf_data *all = data_of_bits(zeros, 1, 7), *visible = data_of_bits(zeros, 1, 3), *two = data_of_bits(zeros, 1, 5);
  double out = 0;
  assert_status(vpf_model_energy(deep, all, &out), VPF_ERR_UNSUPPORTED);
  assert_status(vpf_model_free_energy(deep, visible, &out), VPF_ERR_UNSUPPORTED);
  assert_message_has("3 layers");
  assert_ok(vpf_model_free_energy(joint, visible, &out));
  assert_ok(vpf_model_free_energy(swept, visible, &out));
  assert_ok(vpf_model_energy(joint, all, &out));
  assert_ok(vpf_model_energy(swept, two, &out));
  assert_ok(vpf_model_flow(deep, all, &out));
  /* and rows of another width */
  float gradient[64];
  assert_status(vpf_model_energy(joint, visible, &out), VPF_ERR_SHAPE);
  assert_status(vpf_model_free_energy(swept, two, &out), VPF_ERR_SHAPE);
  assert_status(vpf_model_flow(deep, visible, &out), VPF_ERR_SHAPE);
  assert_status(vpf_model_flow_gradient(deep, visible, gradient), VPF_ERR_SHAPE);
  assert_message_has("7");
  assert_message_has("3");
  vpf_data_destroy(two);
  vpf_data_destroy(visible);
  vpf_data_destroy(all);
  vpf_model_destroy(swept);
  vpf_model_destroy(joint);
  vpf_model_destroy(deep);
}

/* 300 rows in which only one unit of one row has too large a field, behind the first chunk. */
static void overflow_names_row_layer_and_unit(void **state) {
  (void)state;
  const size_t sizes[3] = {2, 70, 3};
  for (int coupling = 0; coupling < 2; coupling++) {
    vpf_model *model;
    assert_ok(vpf_model_create(&model, sizes, 3, NULL, (vpf_coupling)coupling));
    float w[2 * 70] = {0}, w1[70 * 3] = {0};
    w[0 * 70 + 66] = 100;
    w[1 * 70 + 66] = 60.5f;
    w1[69 * 3 + 2] = -170; /* against unit 2 of layer 2, if it and unit 69 are on */
    assert_ok(vpf_model_set_weights(model, 0, w));
    assert_ok(vpf_model_set_weights(model, 1, w1));
    float bias[70] = {0};
    bias[69] = 100; /* enough for unit 69 itself to be at ease */
    assert_ok(vpf_model_set_bias(model, 1, VPF_BIAS_DOWN, bias));
    uint8_t *rows = calloc(300, 75);
    assert_non_null(rows);
    rows[290 * 75 + 0] = rows[290 * 75 + 1] = 1;
    rows[291 * 75 + 0] = rows[291 * 75 + 1] = 1; /* later rows do not count */
    vpf_data *data = data_of_bits(rows, 300, 75);
    double flow = 7;
    float *gradient = calloc(vpf_model_param_count(model), sizeof *gradient);
    assert_non_null(gradient);
    assert_status(vpf_model_flow(model, data, &flow), VPF_ERR_OVERFLOW);
    assert_message_has("row 290, layer 1, unit 66:");
    assert_message_has("160.5");
    assert_status(vpf_model_flow_gradient(model, data, gradient), VPF_ERR_OVERFLOW);
    assert_message_has("row 290, layer 1, unit 66:");
    vpf_data_destroy(data);

    rows[7 * 75 + 2 + 69] = rows[7 * 75 + 2 + 70 + 2] = 1;
    data = data_of_bits(rows, 300, 75);
    assert_status(vpf_model_flow(model, data, &flow), VPF_ERR_OVERFLOW);
    assert_message_has("row 7, layer 2, unit 2:");
    assert_message_has("-170");
    vpf_data_destroy(data);
    free(gradient);
    free(rows);
    vpf_model_destroy(model);
  }
}

/* The limit is |z|/2 = 80, inclusive, for a unit that disagrees with its field; sums that are infinite overflow too. The
 * rate of a unit that agrees is next to nothing, however large the field. */
static void fields_up_to_the_limit_are_allowed_and_no_further(void **state) {
  (void)state;
  static const struct {
    float bias, weight;
    bool within;
  } point[] = {{160, 0, true},         {-160, 0, true},        {160.0001f, 0, false}, {-160.0001f, 0, false},
               {100, 60, true},        {100, 60.01f, false},   {3e38f, 3e38f, false}, {-3e38f, -3e38f, false},
               {-3e38f, 3e38f, true}};
  const size_t sizes[2] = {1, 1};
  vpf_model *model;
  assert_ok(vpf_model_create(&model, sizes, 2, NULL, VPF_COUPLING_PAIRWISE));
  for (size_t k = 0; k < sizeof point / sizeof point[0]; k++)
    for (int on = 0; on < 2; on++) {
      const uint8_t row[2] = {1, (uint8_t)on};
      const float minus = -point[k].weight; /* the visible unit's own field is then 0 or its bias */
      vpf_data *data = data_of_bits(row, 1, 2);
      assert_ok(vpf_model_set_weights(model, 0, &point[k].weight));
      assert_ok(vpf_model_set_bias(model, 1, VPF_BIAS_UP, &point[k].bias));
      assert_ok(vpf_model_set_bias(model, 0, VPF_BIAS_UP, on ? &minus : (const float[1]){0}));
      double flow;
      float gradient[3];
      const bool fits = point[k].within || on == (point[k].bias > 0);
      /* the lower unit agrees with its field as well: it is on, and where it is large, that is positive */
      assert_int_equal(vpf_model_flow(model, data, &flow), fits ? VPF_OK : VPF_ERR_OVERFLOW);
      assert_int_equal(vpf_model_flow_gradient(model, data, gradient), fits ? VPF_OK : VPF_ERR_OVERFLOW);
      if (fits) {
        const long double z = (long double)point[k].bias + (long double)point[k].weight, k0 = 1 + expl((0.5L - on) * z);
        assert_near(flow, k0, 1e-5 * (double)k0, "flow at the limit", model);
      }
      vpf_data_destroy(data);
    }
  vpf_model_destroy(model);
}

static void order_of_rows_does_not_matter(void **state) {
  (void)state;
  dice d = {108};
  const size_t sizes[3] = {40, 20, 7};
  const uint8_t intra[3] = {0, 1, 0};
  vpf_model *model = random_machine(&d, sizes, 3, intra, VPF_COUPLING_PAIRWISE, 0.3);
  enum { ROWS = 310, UNITS = 67 };
  uint8_t *rows = random_bits(&d, ROWS, UNITS, 0.4), *turned = calloc(ROWS, UNITS);
  assert_non_null(turned);
  for (size_t r = 0; r < ROWS; r++) memcpy(turned + r * UNITS, rows + (r * 77 + 13) % ROWS * UNITS, UNITS);
  vpf_data *a = data_of_bits(rows, ROWS, UNITS), *b = data_of_bits(turned, ROWS, UNITS);
  const size_t count = vpf_model_param_count(model);
  float *ga = calloc(count, sizeof *ga), *gb = calloc(count, sizeof *gb);
  double ka, kb;
  assert_ok(vpf_model_flow(model, a, &ka));
  assert_ok(vpf_model_flow(model, b, &kb));
  assert_near(ka, (long double)kb, 1e-7 * kb, "flow of turned rows", model); /* float sums in a block of rows */
  assert_ok(vpf_model_flow_gradient(model, a, ga));
  assert_ok(vpf_model_flow_gradient(model, b, gb));
  for (size_t k = 0; k < count; k++)
    assert_near((double)ga[k], (long double)gb[k], 1e-6 * ka, "gradient of turned rows", model);
  free(gb);
  free(ga);
  vpf_data_destroy(b);
  vpf_data_destroy(a);
  free(turned);
  free(rows);
  vpf_model_destroy(model);
}

/* To the bit: adding the rows of a zero U changes no sum. */
static void zero_intra_weights_are_no_intra_weights(void **state) {
  (void)state;
  dice d = {109};
  const size_t sizes[3] = {6, 5, 4};
  const uint8_t intra[3] = {1, 1, 1};
  for (int coupling = 0; coupling < 2; coupling++)
    for (size_t layers = 1; layers <= 3; layers++) {
      vpf_model *without = random_machine(&d, sizes, layers, NULL, (vpf_coupling)coupling, 1), *with;
      assert_ok(vpf_model_create(&with, sizes, layers, intra, (vpf_coupling)coupling));
      float buffer[64];
      for (size_t i = 0; i < layers; i++) {
        assert_ok(vpf_model_get_bias(without, i, VPF_BIAS_UP, buffer));
        assert_ok(vpf_model_set_bias(with, i, VPF_BIAS_UP, buffer));
        assert_ok(vpf_model_get_bias(without, i, VPF_BIAS_DOWN, buffer));
        assert_ok(vpf_model_set_bias(with, i, VPF_BIAS_DOWN, buffer));
        if (i + 1 == layers) break;
        assert_ok(vpf_model_get_weights(without, i, buffer));
        assert_ok(vpf_model_set_weights(with, i, buffer));
      }
      const size_t units = machine_units(with);
      uint8_t *rows = random_bits(&d, 9, units, 0.5);
      vpf_data *data = data_of_bits(rows, 9, units);
      double a, b;
      assert_ok(vpf_model_flow(without, data, &a));
      assert_ok(vpf_model_flow(with, data, &b));
      assert_true(a <= b && b <= a);
      vpf_data_destroy(data);
      free(rows);
      vpf_model_destroy(with);
      vpf_model_destroy(without);
    }
}

/* With the same flat vector, to the bit: for one and two layers the flat orders agree up to the
 * place of the weights. */
static void couplings_agree_for_one_and_two_layers(void **state) {
  (void)state;
  dice d = {110};
  const size_t sizes[2] = {7, 5};
  for (int trial = 0; trial < 8; trial++) {
    const size_t layers = 1 + (size_t)trial / 4;
    const uint8_t intra[2] = {trial & 1, trial >> 1 & 1};
    vpf_model *pairwise = random_machine(&d, sizes, layers, intra, VPF_COUPLING_PAIRWISE, 1), *joint;
    assert_ok(vpf_model_create(&joint, sizes, layers, intra, VPF_COUPLING_JOINT));
    const size_t count = vpf_model_param_count(pairwise), units = machine_units(pairwise);
    assert_int_equal(count, vpf_model_param_count(joint));
    float *theta = calloc(count, sizeof *theta), *ga = calloc(count, sizeof *ga), *gb = calloc(count, sizeof *gb);
    assert_ok(vpf_model_get_params(pairwise, theta));
    assert_ok(vpf_model_set_params(joint, theta));
    uint8_t *rows = random_bits(&d, 20, units, 0.5);
    vpf_data *data = data_of_bits(rows, 20, units);
    double ka, kb, ea[20], eb[20];
    assert_ok(vpf_model_flow(pairwise, data, &ka));
    assert_ok(vpf_model_flow(joint, data, &kb));
    assert_true(ka <= kb && kb <= ka);
    assert_ok(vpf_model_flow_gradient(pairwise, data, ga));
    assert_ok(vpf_model_flow_gradient(joint, data, gb));
    assert_memory_equal(ga, gb, count * sizeof *ga);
    assert_ok(vpf_model_energy(pairwise, data, ea));
    assert_ok(vpf_model_energy(joint, data, eb));
    assert_memory_equal(ea, eb, sizeof ea);
    vpf_data_destroy(data);
    free(rows);
    free(gb);
    free(ga);
    free(theta);
    vpf_model_destroy(joint);
    vpf_model_destroy(pairwise);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(flow_and_gradient_match_brute_force_on_small_machines),
      cmocka_unit_test(written_out_gradient_of_the_tests_matches_differences),
      cmocka_unit_test(flow_and_gradient_match_brute_force_over_many_tiles_and_chunks),
      cmocka_unit_test(flat_order_is_the_documented_one),
      cmocka_unit_test(energy_matches_brute_force),
      cmocka_unit_test(free_energy_is_minus_log_of_the_sum_over_hidden_states),
      cmocka_unit_test(free_energy_of_large_fields_does_not_overflow),
      cmocka_unit_test(families_without_an_energy_are_refused),
      cmocka_unit_test(overflow_names_row_layer_and_unit),
      cmocka_unit_test(fields_up_to_the_limit_are_allowed_and_no_further),
      cmocka_unit_test(order_of_rows_does_not_matter),
      cmocka_unit_test(zero_intra_weights_are_no_intra_weights),
      cmocka_unit_test(couplings_agree_for_one_and_two_layers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
