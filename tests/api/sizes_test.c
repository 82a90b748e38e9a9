/* SPDX-License-Identifier: MIT */
/* Odd sizes: layers of one unit and of more than 2^16, a hundred layers, one row, minibatches larger than the data. All that
 * is defined for them works. Sizes that no memory holds are refused, and their products do not wrap. */
#include "support/fixture.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/dice.h"
#include "support/random_machine.h"

enum { MOST_LAYERS = 100, ROWS = 5 };
static const size_t MOST_BYTES = (size_t)1 << 30;

/* As on a computer of one GiB, so that none is really asked for more. */
static void *allocate(size_t size, void *user) {
  (void)user;
  return size > MOST_BYTES ? NULL : malloc(size);
}

static void release(void *pointer, void *user) {
  (void)user;
  free(pointer);
}

typedef struct shape {
  const char *name;
  size_t layers, sizes[MOST_LAYERS];
  vpf_coupling coupling;
  uint8_t intra; /* of layer 0 */
} shape;

static vpf_model *machine_of(const shape *s) {
  uint8_t intra[MOST_LAYERS] = {s->intra};
  return fixture_model(s->sizes, s->layers, intra, s->coupling, 3);
}

static void assert_trains(const shape *s, vpf_method method, size_t rows, double batch) {
  vpf_model *model = machine_of(s);
  vpf_data *data = fixture_data(rows, s->sizes[0], 5);
  vpf_optimizer *optimizer = NULL;
  assert_ok(vpf_optimizer_create(&optimizer));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_METHOD, method));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_BATCH_SIZE, batch));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_PARTICLES, 3));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_AVERAGE, 0.5));
  assert_ok(vpf_train(model, data, optimizer, 0, NULL, NULL));
  const vpf_status status = vpf_train(model, data, optimizer, 2, NULL, NULL);
  if (status != VPF_ERR_UNSUPPORTED) {
    if (status) fail_msg("%s, method %d: %s", s->name, (int)method, vpf_error_message());
    fixture_through_the_file(&model, &optimizer, "sizes.safetensors");
    assert_ok(vpf_train(model, data, optimizer, 1, NULL, NULL));
    remove("sizes.safetensors");
  }
  vpf_optimizer_destroy(optimizer);
  vpf_data_destroy(data);
  vpf_model_destroy(model);
}

static bool has_energy(const shape *s) {
  return s->layers < 3 || s->coupling == VPF_COUPLING_JOINT;
}

static void assert_samples(const vpf_model *model, const vpf_data *data, size_t n) {
  float *probs = malloc(ROWS * n * sizeof *probs);
  vpf_data *states = NULL;
  assert_non_null(probs);
  assert_ok(vpf_generate(model, ROWS, 1, NULL, 1, probs));
  for (size_t k = 0; k < ROWS * n; k++) assert_true(probs[k] >= 0 && probs[k] <= 1);
  assert_ok(vpf_reconstruct(model, data, NULL, 2, 1, 1, probs));
  assert_ok(vpf_reconstruct_mean_field(model, data, NULL, 1, probs));
  assert_ok(vpf_model_infer(model, data, 1, &states));
  assert_int_equal(vpf_data_cols(states), vpf_model_units(model));
  vpf_data_destroy(states);
  free(probs);
}

static void assert_measures(const vpf_model *model, const vpf_data *data) {
  const vpf_ais_settings settings = {.struct_size = sizeof settings, .chains = 3, .betas = 4};
  vpf_likelihood l = {.struct_size = sizeof l};
  double bounds[ROWS], log_z;
  assert_ok(vpf_log_likelihood_bound_rows(model, data, 0, bounds));
  for (size_t r = 0; r < vpf_data_rows(data); r++) assert_true(isfinite(bounds[r]));
  assert_ok(vpf_estimate_likelihood(model, data, &settings, &l));
  assert_true(isfinite(l.mean) && isfinite(l.log_z) && l.mean < 0);
  if (vpf_exact_log_partition(model, &log_z) == VPF_OK) assert_true(l.log_z_bound <= log_z + 1e-6 * fabs(log_z));
}

static void assert_works(const shape *s) {
  vpf_model *model = machine_of(s);
  vpf_data *data = fixture_data(ROWS, s->sizes[0], 5);
  assert_ok(vpf_model_save(model, "sizes.safetensors"));
  vpf_model *again = NULL;
  assert_ok(vpf_model_load(&again, "sizes.safetensors"));
  assert_true(fixture_same_params(model, again));
  remove("sizes.safetensors");
  assert_samples(model, data, s->sizes[0]);
  if (has_energy(s)) assert_measures(model, data);
  vpf_model_destroy(again);
  vpf_data_destroy(data);
  vpf_model_destroy(model);
}

static const shape shapes[] = {
    {"a wide visible layer", 2, {65537, 2}, VPF_COUPLING_JOINT, 0},
    {"a wide hidden layer", 2, {3, 65537}, VPF_COUPLING_JOINT, 0},
    {"a wide middle layer", 3, {2, 65537, 3}, VPF_COUPLING_PAIRWISE, 0},
    {"a wide middle layer, joint", 3, {2, 65537, 3}, VPF_COUPLING_JOINT, 0},
    {"one unit", 1, {1}, VPF_COUPLING_JOINT, 0},
    {"one unit with U", 1, {1}, VPF_COUPLING_JOINT, 1},
    {"one unit each", 2, {1, 1}, VPF_COUPLING_JOINT, 0},
    {"one unit each, with U", 3, {1, 1, 1}, VPF_COUPLING_PAIRWISE, 1},
};
enum { N_SHAPES = sizeof shapes / sizeof *shapes };

static shape tower(vpf_coupling coupling) {
  shape s = {.name = "a hundred layers", .layers = MOST_LAYERS, .coupling = coupling};
  for (size_t l = 0; l < MOST_LAYERS; l++) s.sizes[l] = 1 + l % 3;
  return s;
}

static void machines_of_odd_sizes_sample_and_measure(void **state) {
  (void)state;
  for (size_t k = 0; k < N_SHAPES; k++) assert_works(&shapes[k]);
  for (int coupling = 0; coupling < 2; coupling++) {
    const shape s = tower((vpf_coupling)coupling);
    assert_works(&s);
  }
}

static void machines_of_odd_sizes_train(void **state) {
  (void)state;
  for (int method = 0; method < 4; method++) {
    for (size_t k = 0; k < N_SHAPES; k++) {
      if (method == VPF_METHOD_PTT && shapes[k].sizes[0] + shapes[k].sizes[1] > 1000) continue; /* a minute each */
      assert_trains(&shapes[k], (vpf_method)method, ROWS, 2);
      if (shapes[k].sizes[0] < 10) assert_trains(&shapes[k], (vpf_method)method, 1, 1048576);
    }
    for (int coupling = 0; coupling < 2; coupling++) {
      const shape s = tower((vpf_coupling)coupling);
      assert_trains(&s, (vpf_method)method, ROWS, 40);
    }
  }
}

/* ---- Too large ---- */

static void assert_no_machine(size_t layers, const size_t *sizes, const uint8_t *intra, vpf_status expected) {
  vpf_model *model = (vpf_model *)(uintptr_t)0x51;
  assert_status(vpf_model_create(&model, sizes, layers, intra, VPF_COUPLING_JOINT), expected);
  assert_null(model);
}

static void machines_that_no_memory_holds_are_refused(void **state) {
  (void)state;
  const uint8_t intra[] = {1, 1};
  const size_t most = (size_t)1 << 31;
  assert_no_machine(1, (size_t[]){most + 1}, NULL, VPF_ERR_LIMIT);
  assert_no_machine(1, (size_t[]){SIZE_MAX}, NULL, VPF_ERR_LIMIT);
  assert_no_machine(2, (size_t[]){most, most}, NULL, VPF_ERR_LIMIT);
  assert_no_machine(2, (size_t[]){SIZE_MAX, SIZE_MAX}, NULL, VPF_ERR_LIMIT);
  assert_no_machine(2, (size_t[]){SIZE_MAX / 2 + 1, SIZE_MAX / 2 + 1}, NULL, VPF_ERR_LIMIT); /* their sum wraps to 0 */
  assert_no_machine(2, (size_t[]){(size_t)1 << 24, (size_t)1 << 24}, NULL, VPF_ERR_LIMIT);
  assert_no_machine(2, (size_t[]){(size_t)1 << 24, 2}, intra, VPF_ERR_LIMIT);
  assert_no_machine(1, (size_t[]){most}, NULL, VPF_ERR_MEMORY);
  assert_no_machine(2, (size_t[]){65537, 65537}, NULL, VPF_ERR_MEMORY);
  assert_no_machine(1, (size_t[]){65537}, intra, VPF_ERR_MEMORY);
}

static void data_that_no_memory_holds_are_refused(void **state) {
  (void)state;
  static const size_t sizes[][2] = {{(size_t)1 << 47, 1}, {1, ((size_t)1 << 31) + 1}, {SIZE_MAX, 1}, {1, SIZE_MAX},
                                    {SIZE_MAX, SIZE_MAX}, {(size_t)1 << 46, (size_t)1 << 31},
                                    {(size_t)1 << 32, (size_t)1 << 31}};
  const uint8_t byte = 0;
  const float value = 0;
  for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
    vpf_data *data = (vpf_data *)(uintptr_t)0x51;
    assert_status(vpf_data_from_u8(&data, &byte, sizes[k][0], sizes[k][1], 0), VPF_ERR_LIMIT);
    assert_null(data);
    assert_status(vpf_data_from_f32(&data, &value, sizes[k][0], sizes[k][1], 0), VPF_ERR_LIMIT);
    assert_null(data);
  }
  vpf_data *data = fixture_data(ROWS, 7, 1), *out = NULL;
  assert_status(vpf_data_slice(&out, data, 1, SIZE_MAX), VPF_ERR_ARGUMENT);
  assert_status(vpf_data_slice(&out, data, SIZE_MAX, 2), VPF_ERR_ARGUMENT);
  assert_status(vpf_data_columns(&out, data, 6, SIZE_MAX - 4), VPF_ERR_ARGUMENT); /* the sum would wrap to 1 */
  assert_status(vpf_data_columns(&out, data, SIZE_MAX, 1), VPF_ERR_ARGUMENT);
  vpf_data_destroy(data);
}

static void as_many_samples_as_no_memory_holds_are_refused(void **state) {
  (void)state;
  const size_t sizes[] = {3, 2}, large = ((size_t)1 << 47) - 1, beyond = large + 1;
  vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_JOINT, 1);
  vpf_data *data = fixture_data(ROWS, 3, 1), *states = NULL;
  vpf_ladder *ladder = NULL;
  float probs[3];
  double energy[ROWS];
  assert_status(vpf_generate(model, beyond, 1, NULL, 1, probs), VPF_ERR_LIMIT);
  assert_status(vpf_generate(model, large, 1, NULL, 1, probs), VPF_ERR_MEMORY);
  assert_status(vpf_generate(model, large, ((size_t)1 << 28) - 1, NULL, 1, probs), VPF_ERR_MEMORY);
  assert_status(vpf_generate(model, 1, (size_t)1 << 28, NULL, 1, probs), VPF_ERR_ARGUMENT);
  assert_status(vpf_generate_states(model, SIZE_MAX, 1, NULL, 1, &states), VPF_ERR_LIMIT);
  assert_status(vpf_exact_sample(model, beyond, 1, &states), VPF_ERR_LIMIT);
  assert_status(vpf_exact_sample(model, large, 1, &states), VPF_ERR_MEMORY);
  assert_ok(vpf_ladder_create(&ladder, model, NULL, NULL));
  assert_status(vpf_ladder_sample(ladder, NULL, beyond, 4, 1, &states, NULL), VPF_ERR_LIMIT);
  assert_status(vpf_ladder_sample(ladder, NULL, large, ((size_t)1 << 28) - 1, 1, &states, NULL), VPF_ERR_MEMORY);
  assert_ok(vpf_model_infer(model, data, 1, &states));
  assert_status(vpf_gibbs_trace(model, states, NULL, SIZE_MAX / 2, 3, 1, energy, NULL), VPF_ERR_LIMIT);
  vpf_data_destroy(states);
  vpf_ladder_destroy(ladder);
  vpf_data_destroy(data);
  vpf_model_destroy(model);
}

static void measures_that_no_memory_holds_are_refused(void **state) {
  (void)state;
  const size_t sizes[] = {40, 30}, most = (size_t)1 << 31;
  vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_JOINT, 1);
  vpf_ais_result result = {.struct_size = sizeof result};
  vpf_parzen_report report = {.struct_size = sizeof report};
  vpf_chain_report chains = {.struct_size = sizeof chains};
  const float points[40] = {0};
  const double values[4] = {0};
  double mean, error;
  size_t bins;
  vpf_ais_settings settings = {.struct_size = sizeof settings, .chains = most, .betas = 2};
  assert_status(vpf_ais(model, &settings, &result), VPF_ERR_MEMORY);
  settings.chains = most + 1;
  assert_status(vpf_ais(model, &settings, &result), VPF_ERR_ARGUMENT);
  assert_status(vpf_ais_log_partition(model, 2, most, 1, &mean, &error), VPF_ERR_MEMORY);
  assert_status(vpf_parzen(points, most + 1, points, 1, 1, 1, &mean, &error), VPF_ERR_LIMIT);
  assert_status(vpf_parzen(points, 1, points, 1, most, 1, &mean, &error), VPF_ERR_LIMIT);
  assert_status(vpf_parzen_generated(model, most, 1, NULL, 1, 1, points, 1, 1, &report), VPF_ERR_MEMORY);
  assert_status(vpf_parzen_generated(model, 1, 1, NULL, 1, SIZE_MAX, points, 1, 1, &report), VPF_ERR_MEMORY);
  assert_status(vpf_chain_diagnostics(values, SIZE_MAX, 4, &chains), VPF_ERR_LIMIT);
  assert_status(vpf_chain_diagnostics(values, 4, SIZE_MAX / 2, &chains), VPF_ERR_LIMIT);
  vpf_data *data = fixture_data(1, 40, 1);
  assert_status(vpf_activation_histogram(model, data, 0, 1048577, &bins), VPF_ERR_ARGUMENT);
  vpf_data_destroy(data);
  vpf_model_destroy(model);
}

int main(void) {
  const vpf_allocator own = {.struct_size = sizeof own, .allocate = allocate, .release = release};
  if (vpf_set_allocator(&own)) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(machines_of_odd_sizes_sample_and_measure),
      cmocka_unit_test(machines_of_odd_sizes_train),
      cmocka_unit_test(machines_that_no_memory_holds_are_refused),
      cmocka_unit_test(data_that_no_memory_holds_are_refused),
      cmocka_unit_test(as_many_samples_as_no_memory_holds_are_refused),
      cmocka_unit_test(measures_that_no_memory_holds_are_refused),
  };
  return cmocka_run_group_tests_name("sizes", tests, NULL, NULL);
}
