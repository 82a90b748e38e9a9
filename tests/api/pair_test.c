/* SPDX-License-Identifier: MIT */
/* vpf_model_pair(): a pair of a deep machine is the two-layer machine that it was trained as. */
#include "support/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/enumerate.h"
#include "support/random_machine.h"

static const family FAMILIES[] = {
    {"DBM", {5, 4, 3}, 3, {0, 0, 0}, VPF_COUPLING_PAIRWISE},
    {"DBM with U everywhere", {5, 4, 3, 2}, 4, {1, 1, 1, 1}, VPF_COUPLING_PAIRWISE},
    {"DBM with U on hidden layers", {3, 4, 4}, 3, {0, 1, 1}, VPF_COUPLING_PAIRWISE},
    {"wide DBM with some U", {130, 70, 67, 17}, 4, {1, 0, 1, 0}, VPF_COUPLING_PAIRWISE},
    {"RBM", {70, 33}, 2, {0, 0}, VPF_COUPLING_PAIRWISE},
    {"joint RBM with U", {9, 20}, 2, {1, 1}, VPF_COUPLING_JOINT},
};
enum { N_FAMILIES = sizeof FAMILIES / sizeof *FAMILIES };

/* In the documented flat order the pairs stand one behind the other. */
static void pairs_are_the_model_cut_apart(void **state) {
  (void)state;
  dice d = {501};
  for (size_t f = 0; f < N_FAMILIES; f++) {
    vpf_model *model = family_machine(&d, &FAMILIES[f], 1), *pair = NULL;
    const size_t count = vpf_model_param_count(model);
    float *all = malloc(count * sizeof *all), *joined = malloc(count * sizeof *joined);
    size_t used = 0;
    for (size_t p = 0; p + 1 < FAMILIES[f].layers; p++) {
      assert_ok(vpf_model_pair(&pair, model, p));
      assert_int_equal(vpf_model_layers(pair), 2);
      assert_int_equal(vpf_model_get_coupling(pair), FAMILIES[f].coupling);
      for (size_t l = 0; l < 2; l++) {
        assert_int_equal(vpf_model_layer_size(pair, l), FAMILIES[f].sizes[p + l]);
        assert_int_equal(vpf_model_has_intra(pair, l), p + l == 0 || l == 1 ? FAMILIES[f].intra[p + l] : 0);
      }
      assert_true(used + vpf_model_param_count(pair) <= count);
      assert_ok(vpf_model_get_params(pair, joined + used));
      used += vpf_model_param_count(pair);
      vpf_model_destroy(pair);
    }
    assert_int_equal(used, count);
    assert_ok(vpf_model_get_params(model, all));
    assert_memory_equal(all, joined, count * sizeof *all);
    free(joined);
    free(all);
    vpf_model_destroy(model);
  }
}

static void assert_same_numbers(const long double *a, const long double *b, size_t count) {
  for (size_t k = 0; k < count; k++) assert_true(a[k] >= b[k] && a[k] <= b[k]);
}

/* And by the getters, read through the roles that each bias has. */
static void each_pair_has_its_own_biases(void **state) {
  (void)state;
  dice d = {502};
  for (size_t f = 0; f < N_FAMILIES; f++) {
    vpf_model *model = family_machine(&d, &FAMILIES[f], 1), *pair = NULL;
    brute_machine *deep = brute_read(model);
    for (size_t p = 0; p + 1 < deep->layers; p++) {
      assert_ok(vpf_model_pair(&pair, model, p));
      brute_machine *two = brute_read(pair);
      const size_t n = two->size[0], m = two->size[1];
      assert_same_numbers(two->w[0], deep->w[p], n * m);
      assert_same_numbers(two->down[0], deep->down[p], n);
      assert_same_numbers(two->up[0], deep->down[p], n);
      assert_same_numbers(two->up[1], deep->up[p + 1], m);
      assert_same_numbers(two->down[1], deep->up[p + 1], m);
      if (two->u[0]) assert_same_numbers(two->u[0], deep->u[0], n * n);
      if (two->u[1]) assert_same_numbers(two->u[1], deep->u[p + 1], m * m);
      brute_free(two);
      vpf_model_destroy(pair);
    }
    brute_free(deep);
    vpf_model_destroy(model);
  }
}

/* Columns first .. first+count-1 of rows of bits. */
static vpf_data *columns(const uint8_t *rows, size_t n_rows, size_t units, size_t first, size_t count) {
  uint8_t *cut = malloc(n_rows * count);
  assert_non_null(cut);
  for (size_t r = 0; r < n_rows; r++) memcpy(cut + r * count, rows + r * units + first, count);
  vpf_data *data = data_of_bits(cut, n_rows, count);
  free(cut);
  return data;
}

static void the_flow_of_a_model_is_the_sum_over_its_pairs(void **state) {
  (void)state;
  dice d = {503};
  enum { ROWS = 300 }; /* more than one chunk */
  for (size_t f = 0; f < N_FAMILIES; f++) {
    vpf_model *model = family_machine(&d, &FAMILIES[f], 0.3), *pair = NULL;
    const size_t units = machine_units(model), count = vpf_model_param_count(model);
    uint8_t *rows = random_bits(&d, ROWS, units, 0.4);
    vpf_data *states = data_of_bits(rows, ROWS, units);
    float *gradient = malloc(count * sizeof *gradient), *of_pair = malloc(count * sizeof *of_pair);
    double flow, sum = 0, part;
    assert_ok(vpf_model_flow(model, states, &flow));
    assert_ok(vpf_model_flow_gradient(model, states, gradient));
    for (size_t p = 0, first = 0, used = 0; p + 1 < FAMILIES[f].layers; first += FAMILIES[f].sizes[p++]) {
      vpf_data *cut = columns(rows, ROWS, units, first, FAMILIES[f].sizes[p] + FAMILIES[f].sizes[p + 1]);
      assert_ok(vpf_model_pair(&pair, model, p));
      assert_ok(vpf_model_flow(pair, cut, &part));
      assert_ok(vpf_model_flow_gradient(pair, cut, of_pair));
      for (size_t k = 0; k < vpf_model_param_count(pair); k++)
        assert_close((double)of_pair[k], (double)gradient[used + k], 1e-6 * part);
      sum += part;
      used += vpf_model_param_count(pair);
      vpf_model_destroy(pair);
      vpf_data_destroy(cut);
    }
    assert_close(sum, flow, 1e-12 * flow);
    free(of_pair);
    free(gradient);
    free(rows);
    vpf_data_destroy(states);
    vpf_model_destroy(model);
  }
}

/* log Z of a pair, enumerated here from the parameters of the deep machine. */
static void a_pair_has_the_partition_function_that_the_deep_machine_lacks(void **state) {
  (void)state;
  dice d = {504};
  const family *deep = &FAMILIES[1];
  vpf_model *model = family_machine(&d, deep, 1), *pair = NULL;
  double log_z;
  assert_status(vpf_exact_log_partition(model, &log_z), VPF_ERR_UNSUPPORTED);
  for (size_t p = 0; p + 1 < deep->layers; p++) {
    assert_ok(vpf_model_pair(&pair, model, p));
    assert_ok(vpf_exact_log_partition(pair, &log_z));
    brute_machine *truth = brute_read(model);
    if (p > 0) { /* U of the lower layer belongs to the pair below */
      free(truth->u[p]);
      truth->u[p] = NULL;
    }
    long double sum = 0;
    for (uint64_t s = 0; s < (uint64_t)1 << (deep->sizes[p] + deep->sizes[p + 1]); s++) {
      long double energy = 0;
      for (size_t l = 0; l < 2; l++) {
        const size_t n = truth->size[p + l], first = l * truth->size[p];
        const long double *bias = l == 0 ? truth->down[p] : truth->up[p + 1], *u = truth->u[p + l];
        for (size_t i = 0; i < n; i++) {
          if (!(s >> (first + i) & 1)) continue;
          energy -= bias[i];
          for (size_t j = 0; u && j < i; j++) energy -= s >> (first + j) & 1 ? u[i * n + j] : 0;
          for (size_t j = 0; l == 0 && j < truth->size[p + 1]; j++)
            energy -= s >> (n + j) & 1 ? truth->w[p][i * truth->size[p + 1] + j] : 0;
        }
      }
      sum += expl(-energy);
    }
    assert_close(log_z, (double)logl(sum), 1e-6);
    brute_free(truth);
    vpf_model_destroy(pair);
  }
  vpf_model_destroy(model);
}

static void a_pair_is_independent_and_survives_a_file(void **state) {
  (void)state;
  dice d = {505};
  static const char path[] = "pair_test.model";
  vpf_model *model = family_machine(&d, &FAMILIES[1], 1), *pair = NULL, *again = NULL, *loaded = NULL;
  assert_ok(vpf_model_pair(&pair, model, 1));
  assert_ok(vpf_model_pair(&again, model, 1));
  assert_ok(vpf_model_init(model, 3));
  assert_true(fixture_same_params(pair, again));
  vpf_model_destroy(model);
  assert_ok(vpf_model_save(pair, path));
  assert_ok(vpf_model_load(&loaded, path));
  assert_true(fixture_same_params(pair, loaded));
  assert_int_equal(vpf_model_layer_size(loaded, 0), 4);
  assert_int_equal(vpf_model_has_intra(loaded, 0), 0);
  assert_int_equal(vpf_model_has_intra(loaded, 1), 1);
  unlink(path);
  vpf_model_destroy(loaded);
  vpf_model_destroy(again);
  vpf_model_destroy(pair);
}

static void pairs_that_do_not_exist_are_refused(void **state) {
  (void)state;
  const size_t sizes[] = {4, 3, 2};
  vpf_model *deep = fixture_model(sizes, 3, NULL, VPF_COUPLING_PAIRWISE, 1), *out = deep;
  vpf_model *joint = fixture_model(sizes, 3, NULL, VPF_COUPLING_JOINT, 1);
  vpf_model *one = fixture_model(sizes, 1, NULL, VPF_COUPLING_JOINT, 1);
  assert_status(vpf_model_pair(&out, deep, 2), VPF_ERR_ARGUMENT);
  assert_message_has("pair 2 is not in a model of 3 layers");
  assert_null(out);
  out = deep;
  assert_status(vpf_model_pair(&out, joint, 0), VPF_ERR_UNSUPPORTED);
  assert_message_has("joint model of 3 layers");
  assert_null(out);
  assert_status(vpf_model_pair(&out, one, 0), VPF_ERR_ARGUMENT);
  assert_message_has("pair 0 is not in a model of 1 layers");
  assert_status(vpf_model_pair(&out, deep, SIZE_MAX), VPF_ERR_ARGUMENT);
  assert_status(vpf_model_pair(&out, NULL, 0), VPF_ERR_ARGUMENT);
  assert_status(vpf_model_pair(NULL, deep, 0), VPF_ERR_ARGUMENT);
  vpf_model_destroy(one);
  vpf_model_destroy(joint);
  vpf_model_destroy(deep);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pairs_are_the_model_cut_apart),
      cmocka_unit_test(each_pair_has_its_own_biases),
      cmocka_unit_test(the_flow_of_a_model_is_the_sum_over_its_pairs),
      cmocka_unit_test(a_pair_has_the_partition_function_that_the_deep_machine_lacks),
      cmocka_unit_test(a_pair_is_independent_and_survives_a_file),
      cmocka_unit_test(pairs_that_do_not_exist_are_refused),
  };
  return cmocka_run_group_tests_name("pair", tests, NULL, NULL);
}
