/* SPDX-License-Identifier: MIT */
/* Likelihoods against brute force, Parzen windows against a double loop, metrics against their
 * formula. */
#include "support/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/dice.h"
#include "support/enumerate.h"
#include "support/random_machine.h"

static int has_energy(const vpf_model *model) {
  return vpf_model_get_coupling(model) == VPF_COUPLING_JOINT || vpf_model_layers(model) <= 2;
}

/* log sum exp(-E) over all states of all units. */
static double brute_log_partition(const vpf_model *model) {
  brute_machine *machine = brute_read(model);
  uint8_t y[32];
  long double sum = 0;
  for (uint64_t s = 0; s < (uint64_t)1 << machine->units; s++) {
    brute_unpack(s, machine->units, y);
    sum += expl(-brute_energy(machine, y));
  }
  brute_free(machine);
  return (double)logl(sum);
}

static void exact_log_partition_is_the_sum_over_all_units(void **state) {
  (void)state;
  dice d = {41};
  for (int k = 0; k < 60; k++) {
    vpf_model *model = random_shape_machine(&d, 4, 4, 1.5);
    double log_z = -1;
    if (has_energy(model)) {
      assert_ok(vpf_exact_log_partition(model, &log_z));
      assert_close(log_z, brute_log_partition(model), 1e-9 * (1 + fabs(log_z)));
    } else {
      assert_status(vpf_exact_log_partition(model, &log_z), VPF_ERR_UNSUPPORTED);
      assert_close(log_z, -1, 0);
    }
    vpf_model_destroy(model);
  }
}

/* More units than one chunk of the enumeration, on either side. */
static void exact_log_partition_enumerates_the_smaller_side(void **state) {
  (void)state;
  dice d = {42};
  const size_t wide[] = {300, 13}, tall[] = {13, 300};
  vpf_model *a = random_machine(&d, wide, 2, NULL, VPF_COUPLING_JOINT, 0.3), *b = NULL;
  assert_ok(vpf_model_create(&b, tall, 2, NULL, VPF_COUPLING_JOINT));
  float *w = malloc(300 * 13 * sizeof *w), *t = malloc(300 * 13 * sizeof *t), bias[300];
  assert_ok(vpf_model_get_weights(a, 0, w));
  for (int i = 0; i < 300; i++)
    for (int j = 0; j < 13; j++) t[j * 300 + i] = w[i * 13 + j];
  assert_ok(vpf_model_set_weights(b, 0, t));
  assert_ok(vpf_model_get_bias(a, 0, VPF_BIAS_UP, bias));
  assert_ok(vpf_model_set_bias(b, 1, VPF_BIAS_UP, bias));
  assert_ok(vpf_model_get_bias(a, 1, VPF_BIAS_UP, bias));
  assert_ok(vpf_model_set_bias(b, 0, VPF_BIAS_UP, bias));
  double x, y;
  assert_ok(vpf_exact_log_partition(a, &x));
  assert_ok(vpf_exact_log_partition(b, &y));
  assert_close(x, y, 1e-10 * x);
  free(w);
  free(t);
  vpf_model_destroy(a);
  vpf_model_destroy(b);
}

/* No weights: every unit on its own, and nothing to enumerate however many there are. */
static void independent_units_have_a_closed_form(void **state) {
  (void)state;
  const size_t sizes[] = {1000};
  vpf_model *model = NULL;
  assert_ok(vpf_model_create(&model, sizes, 1, NULL, VPF_COUPLING_JOINT));
  float bias[1000];
  long double sum = 0;
  for (int j = 0; j < 1000; j++) {
    bias[j] = (float)(j - 500) / 10;
    sum += brute_softplus((long double)bias[j]);
  }
  assert_ok(vpf_model_set_bias(model, 0, VPF_BIAS_UP, bias));
  double log_z;
  assert_ok(vpf_exact_log_partition(model, &log_z));
  assert_close(log_z, (double)sum, 1e-9 * (double)sum);
  double ais, error;
  assert_ok(vpf_ais_log_partition(model, 4, 5, 1, &ais, &error));
  assert_close(ais, (double)sum, 1e-9 * (double)sum);
  assert_close(error, 0, 1e-12);
  vpf_model_destroy(model);
}

static void log_likelihood_is_that_of_the_exact_distribution(void **state) {
  (void)state;
  dice d = {43};
  for (int k = 0; k < 40; k++) {
    vpf_model *model = random_shape_machine(&d, 4, 4, 1.0);
    const size_t n = vpf_model_layer_size(model, 0);
    uint8_t *rows = random_bits(&d, 20, n, 0.5);
    vpf_data *data = data_of_bits(rows, 20, n);
    double got = 0, log_z = 0;
    if (has_energy(model)) {
      brute_machine *machine = brute_read(model);
      long double sum = 0;
      for (int r = 0; r < 20; r++) sum += brute_log_sum_hidden(machine, rows + (size_t)r * n);
      assert_ok(vpf_exact_log_partition(model, &log_z));
      assert_ok(vpf_log_likelihood(model, data, log_z, &got));
      assert_close(got, (double)(sum / 20) - brute_log_partition(model), 1e-8);
      brute_free(machine);
    } else {
      assert_status(vpf_log_likelihood(model, data, 0, &got), VPF_ERR_UNSUPPORTED);
    }
    vpf_data_destroy(data);
    free(rows);
    vpf_model_destroy(model);
  }
}

/* sum_i log p(x_i | rest) from the exact probabilities of a row and of its neighbours. */
static double brute_pseudo(const brute_machine *machine, const uint8_t *row, size_t n) {
  uint8_t other[8];
  const long double here = brute_log_sum_hidden(machine, row);
  long double sum = 0;
  for (size_t i = 0; i < n; i++) {
    memcpy(other, row, n);
    other[i] = !other[i];
    sum -= brute_softplus(brute_log_sum_hidden(machine, other) - here);
  }
  return (double)sum;
}

static void pseudo_likelihood_is_a_product_of_conditionals(void **state) {
  (void)state;
  dice d = {44};
  const family families[] = {{"alone", {6}, 1, {0}, VPF_COUPLING_PAIRWISE},
                             {"observed", {6}, 1, {1}, VPF_COUPLING_JOINT},
                             {"RBM", {6, 4}, 2, {0, 0}, VPF_COUPLING_PAIRWISE},
                             {"RBM with U_0", {5, 4}, 2, {1, 0}, VPF_COUPLING_PAIRWISE}};
  for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
    vpf_model *model = family_machine(&d, &families[f], 1.0);
    brute_machine *machine = brute_read(model);
    const size_t n = families[f].sizes[0];
    uint8_t *rows = random_bits(&d, 10, n, 0.5);
    vpf_data *data = data_of_bits(rows, 10, n);
    double expected = 0, got;
    for (size_t r = 0; r < 10; r++) expected += brute_pseudo(machine, rows + r * n, n) / 10;
    assert_ok(vpf_pseudo_likelihood(model, data, &got));
    assert_close(got, expected, 1e-6);
    vpf_data_destroy(data);
    free(rows);
    brute_free(machine);
    vpf_model_destroy(model);
  }
  const size_t sizes[] = {3, 2, 2};
  const uint8_t intra[] = {0, 1, 0};
  vpf_model *deep = random_machine(&d, sizes, 3, NULL, VPF_COUPLING_JOINT, 1);
  vpf_model *lateral = random_machine(&d, sizes, 2, intra, VPF_COUPLING_JOINT, 1);
  vpf_data *data = fixture_data(2, 3, 1);
  double unused;
  assert_status(vpf_pseudo_likelihood(deep, data, &unused), VPF_ERR_UNSUPPORTED);
  assert_status(vpf_pseudo_likelihood(lateral, data, &unused), VPF_ERR_UNSUPPORTED);
  vpf_data_destroy(data);
  vpf_model_destroy(deep);
  vpf_model_destroy(lateral);
}

/* On 50 enumerable machines of every family: the estimates scatter around the truth by their own
 * standard error. */
static void ais_is_within_its_own_error_of_the_truth(void **state) {
  (void)state;
  dice d = {45};
  const family families[] = {{"observed", {7}, 1, {1}, VPF_COUPLING_JOINT},
                             {"RBM", {6, 5}, 2, {0, 0}, VPF_COUPLING_JOINT},
                             {"RBM with U", {5, 5}, 2, {1, 1}, VPF_COUPLING_PAIRWISE},
                             {"DBM", {4, 4, 3}, 3, {0, 0, 0}, VPF_COUPLING_JOINT},
                             {"DBM with U", {4, 4, 3}, 3, {0, 1, 1}, VPF_COUPLING_JOINT}};
  double sum_z = 0, worst = 0;
  int count = 0;
  for (size_t f = 0; f < sizeof families / sizeof *families; f++)
    for (int k = 0; k < 10; k++) {
      vpf_model *model = family_machine(&d, &families[f], 1.0);
      double log_z, estimate, error;
      assert_ok(vpf_exact_log_partition(model, &log_z));
      assert_ok(vpf_ais_log_partition(model, 200, 200, dice_bits(&d), &estimate, &error));
      assert_true(error > 0 && error < 0.2);
      const double z = (estimate - log_z) / error;
      sum_z += z;
      worst = fmax(worst, fabs(z));
      count++;
      vpf_model_destroy(model);
    }
  print_message("AIS: mean z %.3f, largest |z| %.2f over %d machines\n", sum_z / count, worst, count);
  assert_close(sum_z / count, 0, 0.3);
  assert_true(worst < 4);
}

static void parzen_equals_a_direct_double_loop(void **state) {
  (void)state;
  dice d = {46};
  enum { DIM = 11, CENTRES = 4200, POINTS = 1040 }; /* more than one block of either */
  float *centres = malloc(CENTRES * DIM * sizeof *centres), *points = malloc(POINTS * DIM * sizeof *points);
  for (int k = 0; k < CENTRES * DIM; k++) centres[k] = (float)dice_unit(&d);
  for (int k = 0; k < POINTS * DIM; k++) points[k] = (float)dice_unit(&d);
  const double sigmas[] = {0.1, 0.4, 2.0};
  double best = -INFINITY, best_sigma = 0;
  for (int s = 0; s < 3; s++) {
    double sum = 0, sum2 = 0;
    for (int p = 0; p < POINTS; p++) {
      long double density = 0;
      for (int c = 0; c < CENTRES; c++) {
        long double distance2 = 0;
        for (int k = 0; k < DIM; k++) {
          const long double diff = (long double)points[p * DIM + k] - (long double)centres[c * DIM + k];
          distance2 += diff * diff;
        }
        density += expl(-distance2 / (2 * (long double)sigmas[s] * (long double)sigmas[s]));
      }
      const double one = (double)(logl(density / CENTRES) -
                                  DIM * logl((long double)sigmas[s] * sqrtl(2 * 3.14159265358979323846264L)));
      sum += one;
      sum2 += one * one;
    }
    const double mean = sum / POINTS, error = sqrt((sum2 / POINTS - mean * mean) / (POINTS - 1));
    double got, got_error;
    assert_ok(vpf_parzen(centres, CENTRES, points, POINTS, DIM, sigmas[s], &got, &got_error));
    assert_close(got, mean, 1e-5 * fabs(mean));
    assert_close(got_error, error, 1e-4 * error);
    if (mean > best) best = mean, best_sigma = sigmas[s];
  }
  double chosen;
  assert_ok(vpf_parzen_select_sigma(centres, CENTRES, points, POINTS, DIM, sigmas, 3, &chosen));
  assert_close(chosen, best_sigma, 0);
  free(centres);
  free(points);
}

static void parzen_with_one_centre_is_a_gaussian(void **state) {
  (void)state;
  const float centre[2] = {0.25f, 0.5f}, point[2] = {0.75f, 0.5f};
  double got, error = -1;
  assert_ok(vpf_parzen(centre, 1, point, 1, 2, 0.2, &got, &error));
  assert_close(got, -0.25 / (2 * 0.04) - log(2 * 3.141592653589793 * 0.04), 1e-6);
  assert_close(error, 0, 0);
}

/* Exponents beyond double do not become NaN where point and centre meet; a mean beyond double is refused. */
static void parzen_takes_any_sigma(void **state) {
  (void)state;
  const float centres[4] = {0, 0, 1, 1}, at_one[2] = {1, 1}, between[2] = {0.5f, 0};
  double got;
  assert_ok(vpf_parzen(centres, 2, at_one, 1, 2, 1e-200, &got, NULL));
  assert_close(got, -log(2) - 2 * log(1e-200 * sqrt(2 * 3.141592653589793)), 1e-9);
  assert_status(vpf_parzen(centres, 2, between, 1, 2, 1e-200, &got, NULL), VPF_ERR_OVERFLOW);
  assert_message_has("1e-200");
  assert_ok(vpf_parzen(centres, 2, between, 1, 2, 1e200, &got, NULL));
  assert_close(got, -2 * log(1e200 * sqrt(2 * 3.141592653589793)), 1e-9);
}

/* Draw by draw with vpf_generate() and vpf_parzen(), one point at a time. */
static void parzen_of_a_machine_is_that_of_its_draws(void **state) {
  (void)state;
  enum { N = 15, COUNT = 40, POINTS = 12, DRAWS = 4 };
  dice d = {47};
  const size_t sizes[] = {N, 6};
  vpf_model *model = random_machine(&d, sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 1.0);
  float points[POINTS * N], prior[6], centres[COUNT * N];
  for (int k = 0; k < POINTS * N; k++) points[k] = (float)dice_unit(&d);
  for (int j = 0; j < 6; j++) prior[j] = (float)dice_unit(&d);
  const uint64_t seed = UINT64_MAX - 1; /* goes on from 0 */
  double point[POINTS] = {0}, draw[DRAWS] = {0}, mean = 0, error_points = 0, error_draws = 0, one;
  for (size_t k = 0; k < DRAWS; k++) {
    assert_ok(vpf_generate(model, COUNT, 3, prior, seed + k, centres));
    for (size_t p = 0; p < POINTS; p++) {
      assert_ok(vpf_parzen(centres, COUNT, points + p * N, 1, N, 0.3, &one, NULL));
      draw[k] += one / POINTS;
      point[p] += one / DRAWS;
      mean += one / (POINTS * DRAWS);
    }
  }
  for (int k = 0; k < DRAWS; k++) error_draws += (draw[k] - mean) * (draw[k] - mean) / (DRAWS - 1) / DRAWS;
  for (int p = 0; p < POINTS; p++) error_points += (point[p] - mean) * (point[p] - mean) / (POINTS - 1) / POINTS;

  vpf_parzen_report got = {.struct_size = sizeof got};
  assert_ok(vpf_parzen_generated(model, COUNT, 3, prior, seed, DRAWS, points, POINTS, 0.3, &got));
  assert_close(got.mean, mean, 1e-5 * fabs(mean));
  assert_close(got.stderr_points, sqrt(error_points), 1e-4 * sqrt(error_points));
  assert_close(got.stderr_draws, sqrt(error_draws), 1e-3 * sqrt(error_draws));
  assert_int_equal(got.draws, DRAWS);
  assert_ok(vpf_parzen_generated(model, COUNT, 3, prior, seed, 1, points, POINTS, 0.3, &got));
  assert_close(got.mean, draw[0], 1e-5 * fabs(mean));
  assert_close(got.stderr_draws, 0, 0);
  assert_ok(vpf_parzen_generated(model, COUNT, 3, prior, seed, DRAWS, points, 1, 0.3, &got));
  assert_close(got.stderr_points, 0, 0);

  const size_t steps[] = {3, 3, 3};
  vpf_parzen_report by_pair = {.struct_size = sizeof by_pair};
  assert_ok(vpf_parzen_generated_by_pair(model, COUNT, steps, prior, seed, DRAWS, points, 1, 0.3, &by_pair));
  assert_memory_equal(&by_pair, &got, sizeof got);
  vpf_model_destroy(model);
}

static void bad_input_for_draws_is_refused(void **state) {
  (void)state;
  const size_t sizes[] = {3, 2};
  vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 1);
  const float x[6] = {0, 1, 0.5f, 0, NAN, 1}, wrong[2] = {0.5f, 2};
  vpf_parzen_report out = {.struct_size = sizeof out, .mean = 5};
  assert_status(vpf_parzen_generated(NULL, 2, 1, NULL, 1, 1, x, 1, 0.2, &out), VPF_ERR_ARGUMENT);
  assert_status(vpf_parzen_generated(model, 0, 1, NULL, 1, 1, x, 1, 0.2, &out), VPF_ERR_ARGUMENT);
  assert_status(vpf_parzen_generated(model, (size_t)1 << 33, 1, NULL, 1, 1, x, 1, 0.2, &out), VPF_ERR_LIMIT);
  assert_status(vpf_parzen_generated(model, 2, 0, NULL, 1, 1, x, 1, 0.2, &out), VPF_ERR_ARGUMENT);
  assert_message_has("steps 0");
  assert_status(vpf_parzen_generated_by_pair(model, 2, NULL, NULL, 1, 1, x, 1, 0.2, &out), VPF_ERR_ARGUMENT);
  assert_status(vpf_parzen_generated(model, 2, 1, wrong, 1, 1, x, 1, 0.2, &out), VPF_ERR_ARGUMENT);
  assert_message_has("prior[1] is 2");
  assert_status(vpf_parzen_generated(model, 2, 1, NULL, 1, 0, x, 1, 0.2, &out), VPF_ERR_ARGUMENT);
  assert_message_has("draws is 0");
  assert_status(vpf_parzen_generated(model, 2, 1, NULL, 1, 1, NULL, 1, 0.2, &out), VPF_ERR_ARGUMENT);
  assert_status(vpf_parzen_generated(model, 2, 1, NULL, 1, 1, x, 0, 0.2, &out), VPF_ERR_ARGUMENT);
  assert_status(vpf_parzen_generated(model, 2, 1, NULL, 1, 1, x, 2, 0.2, &out), VPF_ERR_ARGUMENT);
  assert_message_has("points[1][1]");
  assert_status(vpf_parzen_generated(model, 2, 1, NULL, 1, 1, x, 1, -0.2, &out), VPF_ERR_ARGUMENT);
  assert_message_has("sigma -0.2");
  assert_status(vpf_parzen_generated(model, 2, 1, NULL, 1, 1, x, 1, 0.2, NULL), VPF_ERR_ARGUMENT);
  out.struct_size = sizeof out - 1;
  assert_status(vpf_parzen_generated(model, 2, 1, NULL, 1, 1, x, 1, 0.2, &out), VPF_ERR_ARGUMENT);
  assert_message_has("struct_size is");
  assert_close(out.mean, 5, 0);
  vpf_model_destroy(model);
}

static void weight_metrics_follow_their_formula(void **state) {
  (void)state;
  const size_t sizes[] = {4, 3};
  vpf_model *model = NULL;
  assert_ok(vpf_model_create(&model, sizes, 2, NULL, VPF_COUPLING_PAIRWISE));
  /* unit 0: all equal: participation 4; unit 1: one weight: 1; unit 2: none: 0 */
  const float w[12] = {2, 0, 0, -2, 3, 0, 2, 0, 0, 2, 0, 0};
  double rho, w2;
  assert_ok(vpf_model_set_weights(model, 0, w));
  assert_ok(vpf_weight_metrics(model, 0, &rho, &w2));
  assert_close(rho, (4 + 1 + 0) / 12.0, 1e-12);
  assert_close(w2, (16 + 9) / 3.0, 1e-12);
  assert_ok(vpf_weight_metrics(model, 0, NULL, NULL));
  assert_status(vpf_weight_metrics(model, 1, &rho, &w2), VPF_ERR_ARGUMENT);
  vpf_model_destroy(model);
}

static void bad_input_is_refused(void **state) {
  (void)state;
  const size_t big[] = {30, 30};
  const uint8_t intra[] = {0, 1};
  float x[4] = {0, 1, NAN, 0};
  double out = 5;
  vpf_model *model = fixture_model(big, 2, NULL, VPF_COUPLING_JOINT, 1);
  vpf_model *lateral = fixture_model(big, 2, intra, VPF_COUPLING_JOINT, 1);
  vpf_data *data = fixture_data(3, 30, 1), *narrow = fixture_data(3, 29, 1);
  assert_status(vpf_exact_log_partition(model, &out), VPF_ERR_LIMIT);
  assert_message_has("30 units would have to be enumerated; at most 25");
  assert_status(vpf_log_likelihood(lateral, data, 0, &out), VPF_ERR_LIMIT);
  assert_status(vpf_log_likelihood(model, narrow, 0, &out), VPF_ERR_SHAPE);
  assert_status(vpf_log_likelihood(model, data, NAN, &out), VPF_ERR_ARGUMENT);
  assert_status(vpf_ais_log_partition(model, 1, 10, 1, &out, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_ais_log_partition(model, 10, 1, 1, &out, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_parzen(x, 2, x, 1, 2, 0.2, &out, NULL), VPF_ERR_ARGUMENT);
  assert_message_has("centres[1][0]");
  assert_status(vpf_parzen(x, 1, x, 1, 2, 0, &out, NULL), VPF_ERR_ARGUMENT);
  assert_message_has("sigma 0");
  assert_status(vpf_parzen(x, 1, x, 1, 2, NAN, &out, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_parzen(x, 0, x, 1, 2, 0.2, &out, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_parzen(NULL, 1, x, 1, 2, 0.2, &out, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_parzen_select_sigma(x, 1, x, 1, 2, NULL, 0, &out), VPF_ERR_ARGUMENT);
  assert_close(out, 5, 0);
  vpf_model_destroy(model);
  vpf_model_destroy(lateral);
  vpf_data_destroy(data);
  vpf_data_destroy(narrow);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exact_log_partition_is_the_sum_over_all_units),
      cmocka_unit_test(exact_log_partition_enumerates_the_smaller_side),
      cmocka_unit_test(independent_units_have_a_closed_form),
      cmocka_unit_test(log_likelihood_is_that_of_the_exact_distribution),
      cmocka_unit_test(pseudo_likelihood_is_a_product_of_conditionals),
      cmocka_unit_test(ais_is_within_its_own_error_of_the_truth),
      cmocka_unit_test(parzen_equals_a_direct_double_loop),
      cmocka_unit_test(parzen_with_one_centre_is_a_gaussian),
      cmocka_unit_test(parzen_takes_any_sigma),
      cmocka_unit_test(parzen_of_a_machine_is_that_of_its_draws),
      cmocka_unit_test(bad_input_for_draws_is_refused),
      cmocka_unit_test(weight_metrics_follow_their_formula),
      cmocka_unit_test(bad_input_is_refused),
  };
  return cmocka_run_group_tests_name("evaluate", tests, NULL, NULL);
}
