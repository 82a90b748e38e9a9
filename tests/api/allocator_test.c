/* SPDX-License-Identifier: MIT */
/* vpf_set_allocator(): all memory goes through it, every failure of it is survived, and what failed
 * changed nothing. Each scenario is run once for each allocation that it makes, which then fails,
 * once alone and once with all that follow. */
#include "support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vpf/experimental/stdp.h>

static struct {
  long live, calls, fail_at;
  int from_then_on;
  uint64_t result; /* of the scenario */
} memory;

static void *count_allocate(size_t size, void *user) {
  assert_ptr_equal(user, &memory);
  const long call = __atomic_add_fetch(&memory.calls, 1, __ATOMIC_SEQ_CST);
  if (memory.fail_at && (call == memory.fail_at || (memory.from_then_on && call > memory.fail_at))) return NULL;
  void *pointer = malloc(size);
  if (pointer) __atomic_add_fetch(&memory.live, 1, __ATOMIC_SEQ_CST);
  return pointer;
}

static void count_release(void *pointer, void *user) {
  assert_ptr_equal(user, &memory);
  __atomic_sub_fetch(&memory.live, 1, __ATOMIC_SEQ_CST);
  free(pointer);
}

static const char *const MODEL_FILE = "allocator_test.model", *const CHECKPOINT_FILE = "allocator_test.checkpoint";

/* Every call may fail for lack of memory; then it is made again, which must succeed (unless memory
 * stays out: then the scenario ends). */
static vpf_status checked(vpf_status status) {
  if (status == VPF_OK) return status;
  assert_int_equal(status, VPF_ERR_MEMORY);
  assert_true(strlen(vpf_error_message()) > 0);
  return status;
}
#define TRY(call)                                                                                  \
  do {                                                                                             \
    if (checked(call) != VPF_OK) {                                                                 \
      if (memory.from_then_on) goto end;                                                           \
      assert_ok(call);                                                                             \
    }                                                                                              \
  } while (0)

/* What failed and was called again must not have done part of its work the first time. */
static void note_result(const void *bytes, size_t size) {
  memory.result = fixture_hash(memory.result, bytes, size);
}

static void note_model(const vpf_model *model) {
  float theta[440];
  assert_in_range(vpf_model_param_count(model), 1, 440);
  assert_ok(vpf_model_get_params(model, theta));
  note_result(theta, vpf_model_param_count(model) * sizeof *theta);
}

/* Everything but files. */
static void use_all_but_files(void) {
  const size_t sizes[] = {20, 5, 3};
  const uint8_t intra[] = {1, 1, 0}, bytes[6 * 20] = {0, 200, 1};
  const float floats[20] = {0.5f, 1, 0};
  vpf_data *data = NULL, *levels = NULL, *slice = NULL, *bits = NULL, *columns = NULL, *noisy = NULL, *states = NULL, *chain = NULL,
           *traced = NULL;
  vpf_model *model = NULL, *clone = NULL, *pair = NULL, *rbm = NULL;
  vpf_optimizer *optimizer = NULL;
  double value, each[6];
  float probs[6 * 20];

  TRY(vpf_data_from_u8(&data, bytes, 6, 20, 100));
  TRY(vpf_data_from_f32(&levels, floats, 1, 20, 0.25f));
  TRY(vpf_data_slice(&slice, data, 1, 3));
  TRY(vpf_data_bits_only(&bits, data));
  TRY(vpf_data_columns(&columns, data, 1, 18));
  TRY(vpf_data_corrupt(&noisy, data, bytes, VPF_NOISE_OR, 1));
  TRY(vpf_model_create(&model, sizes, 3, intra, VPF_COUPLING_PAIRWISE));
  TRY(vpf_model_init(model, 1));
  TRY(vpf_model_clone(&clone, model));
  TRY(vpf_model_pair(&pair, model, 0));
  TRY(vpf_model_infer(model, data, 1, &states));
  TRY(vpf_model_flow(model, states, &value));
  TRY(vpf_model_flow_rows(model, states, each));
  TRY(vpf_optimizer_create(&optimizer));
  TRY(vpf_optimizer_set(optimizer, VPF_OPTION_BATCH_SIZE, 4));
  TRY(vpf_train(model, data, optimizer, 2, NULL, NULL));
  TRY(vpf_train(clone, data, optimizer, 1, NULL, NULL));
  TRY(vpf_generate(model, 6, 2, NULL, 1, probs));
  TRY(vpf_reconstruct(model, data, NULL, 2, 1, 1, probs));
  TRY(vpf_reconstruct_mean_field(model, data, bytes, 2, probs));
  TRY(vpf_reconstruction_error(data, probs, NULL, &value, NULL));
  TRY(vpf_model_create(&rbm, sizes, 2, NULL, VPF_COUPLING_JOINT));
  TRY(vpf_model_free_energy(rbm, data, each));
  TRY(vpf_exact_log_partition(rbm, &value));
  TRY(vpf_ais_log_partition(rbm, 2, 3, 1, &value, NULL));
  TRY(vpf_log_likelihood(rbm, data, value, &value));
  TRY(vpf_log_likelihood_bound(rbm, data, value, &value));
  TRY(vpf_log_likelihood_bound_rows(rbm, data, value, each));
  TRY(vpf_pseudo_likelihood(rbm, data, &value));
  TRY(vpf_log_likelihood_rows(rbm, data, value, each));
  TRY(vpf_pseudo_likelihood_rows(rbm, data, each));
  vpf_data_destroy(states);
  states = NULL;
  TRY(vpf_model_infer(rbm, data, 1, &states));
  TRY(vpf_model_energy(rbm, states, each));
  TRY(vpf_gibbs(rbm, states, NULL, 2, 1, &chain));
  TRY(vpf_gibbs_trace(rbm, states, bytes, 1, 2, 1, each, &traced));
  TRY(vpf_parzen(probs, 2, probs + 40, 3, 20, 0.2, &value, NULL));
  note_model(model);
  note_model(clone);
  note_result(probs, sizeof probs);
  note_result(&value, sizeof value);
end:;
  vpf_data *const all_data[] = {data, levels, slice, bits, columns, noisy, states, chain, traced};
  vpf_model *const all_models[] = {model, clone, pair, rbm};
  for (size_t k = 0; k < sizeof all_data / sizeof *all_data; k++) vpf_data_destroy(all_data[k]);
  for (size_t k = 0; k < sizeof all_models / sizeof *all_models; k++) vpf_model_destroy(all_models[k]);
  vpf_optimizer_destroy(optimizer);
}

/* Contrastive divergence, annealing and the monitor: of a machine that can be enumerated, and of one
 * that is not. */
static void use_likelihoods(void) {
  const size_t small_sizes[] = {6, 3}, sizes[] = {20, 20}; /* 2^20 states are too many */
  const uint8_t bytes[3 * 20] = {0, 1, 1};
  vpf_data *narrow = NULL, *data = NULL, *samples = NULL;
  vpf_model *small = NULL, *model = NULL, *best = NULL, *average = NULL, *deep = NULL;
  const size_t deep_sizes[] = {6, 4, 3};
  vpf_optimizer *optimizer = NULL, *deep_optimizer = NULL;
  vpf_monitor *monitor = NULL, *small_monitor = NULL;
  const double beta[] = {0, 0.5, 1};
  vpf_ais_settings settings = {.struct_size = sizeof settings, .chains = 8, .betas = 3, .adaptive = 1, .reverse = 1};
  vpf_ais_result result = {.struct_size = sizeof result};

  TRY(vpf_data_from_u8(&narrow, bytes, 3, 6, 0));
  TRY(vpf_data_from_u8(&data, bytes, 3, 20, 0));
  TRY(vpf_model_create(&small, small_sizes, 2, NULL, VPF_COUPLING_JOINT));
  TRY(vpf_model_create(&model, sizes, 2, NULL, VPF_COUPLING_JOINT));
  TRY(vpf_model_init(model, 3));
  TRY(vpf_exact_sample(small, 3, 1, &samples));
  TRY(vpf_ais(small, &settings, &result));
  settings.base = settings.reverse_from = data;
  settings.reverse_sweeps = 1;
  TRY(vpf_ais(model, &settings, &result));
  assert_int_equal(result.reverse_start, VPF_AIS_START_CHAINS);
  static double undisturbed, reverse; /* a failure must not pass as another answer */
  if (memory.fail_at == 0) undisturbed = result.log_z, reverse = result.reverse_log_z;
  assert_close(result.log_z, undisturbed, 0);
  assert_close(result.reverse_log_z, reverse, 0);

  settings.adaptive = 0;
  settings.temperatures = beta;
  TRY(vpf_monitor_create(&monitor, &settings, 1));
  TRY(vpf_optimizer_create(&optimizer));
  TRY(vpf_recipe_begin(VPF_RECIPE_LIKELIHOOD, model, data, optimizer, 2));
  TRY(vpf_optimizer_set(optimizer, VPF_OPTION_TOLERANCE, 1e-9));
  for (int method = VPF_METHOD_CD; method <= VPF_METHOD_PCD; method++) {
    TRY(vpf_optimizer_set(optimizer, VPF_OPTION_METHOD, method));
    TRY(vpf_train(model, data, optimizer, 1, NULL, NULL));
    const size_t checks = vpf_monitor_checks(monitor);
    TRY(vpf_monitor_check(monitor, model, data, 1, NULL));
    assert_int_equal(vpf_monitor_checks(monitor), checks + 1);
  }
  TRY(vpf_optimizer_average(optimizer, &average));
  TRY(vpf_monitor_create(&small_monitor, NULL, 1));
  TRY(vpf_monitor_check(small_monitor, small, narrow, 1, NULL));
  TRY(vpf_model_init_biases(small, narrow));
  TRY(vpf_model_create(&deep, deep_sizes, 3, NULL, VPF_COUPLING_JOINT));
  TRY(vpf_optimizer_create(&deep_optimizer));
  TRY(vpf_optimizer_set(deep_optimizer, VPF_OPTION_METHOD, VPF_METHOD_PCD));
  TRY(vpf_train(deep, narrow, deep_optimizer, 1, NULL, NULL));
  note_model(average);
  note_model(deep);
  TRY(vpf_monitor_best(monitor, NULL, &best));
  note_model(model);
  note_model(best);
end:
  vpf_data_destroy(narrow);
  vpf_data_destroy(data);
  vpf_data_destroy(samples);
  vpf_model_destroy(small);
  vpf_model_destroy(model);
  vpf_model_destroy(best);
  vpf_model_destroy(average);
  vpf_model_destroy(deep);
  vpf_optimizer_destroy(optimizer);
  vpf_optimizer_destroy(deep_optimizer);
  vpf_monitor_destroy(monitor);
  vpf_monitor_destroy(small_monitor);
}

/* Ladders of few chains, two rungs and then some more. */
static void use_ladders(void) {
  const size_t sizes[] = {4, 2};
  const float near[8] = {1, -1, 0.5f, 1, -1, 0.25f, 2, 1}, far[8] = {3, -4, 2, 3, -4, 2, 5, 3};
  const uint8_t bytes[8] = {1, 0, 1};
  const vpf_ladder_settings settings = {.struct_size = sizeof settings, .chains = 3, .reservoir = 4, .acceptance = 0.8};
  vpf_data *data = NULL, *states = NULL;
  vpf_model *model = NULL, *rung = NULL;
  vpf_ladder *ladder = NULL, *loaded = NULL;
  uint8_t bits[5 * 6];
  TRY(vpf_data_from_u8(&data, bytes, 2, 4, 0));
  TRY(vpf_model_create(&model, sizes, 2, NULL, VPF_COUPLING_PAIRWISE));
  TRY(vpf_model_set_weights(model, 0, near));
  TRY(vpf_ladder_create(&ladder, model, data, &settings));
  TRY(vpf_model_set_weights(model, 0, far));
  TRY(vpf_ladder_append(ladder, model, 1, NULL));
  TRY(vpf_ladder_model(ladder, 1, &rung));
  TRY(vpf_ladder_save(ladder, MODEL_FILE));
  TRY(vpf_ladder_load(&loaded, MODEL_FILE));
  TRY(vpf_ladder_sample(loaded, model, 5, 4, 1, &states, NULL));
  TRY(vpf_data_to_u8(states, bits));
  note_result(bits, sizeof bits);
  note_model(rung);
end:
  vpf_data_destroy(data);
  vpf_data_destroy(states);
  vpf_model_destroy(model);
  vpf_model_destroy(rung);
  vpf_ladder_destroy(ladder);
  vpf_ladder_destroy(loaded);
  unlink(MODEL_FILE);
}

/* Training that makes copies of its machine. */
static void use_tempering(void) {
  const size_t sizes[] = {4, 2};
  const float weights[8] = {4, -5, 3, 4, -5, 3, 6, 4};
  uint8_t bytes[40 * 4];
  vpf_data *data = NULL;
  vpf_model *model = NULL;
  vpf_optimizer *optimizer = NULL;
  vpf_ladder *ladder = NULL;
  for (size_t k = 0; k < sizeof bytes; k++) bytes[k] = k / 4 % 2 == 0;
  TRY(vpf_data_from_u8(&data, bytes, 40, 4, 0));
  TRY(vpf_model_create(&model, sizes, 2, NULL, VPF_COUPLING_PAIRWISE));
  TRY(vpf_model_set_weights(model, 0, weights));
  TRY(vpf_optimizer_create(&optimizer));
  TRY(vpf_optimizer_set(optimizer, VPF_OPTION_METHOD, VPF_METHOD_PTT));
  TRY(vpf_optimizer_set(optimizer, VPF_OPTION_PARTICLES, 10));
  TRY(vpf_optimizer_set(optimizer, VPF_OPTION_THREADS, 1));
  TRY(vpf_optimizer_set(optimizer, VPF_OPTION_LEARNING_RATE, 0.05));
  TRY(vpf_optimizer_set(optimizer, VPF_OPTION_BATCH_SIZE, 1));
  TRY(vpf_train(model, data, optimizer, 1, NULL, NULL)); /* or what is left of the epoch */
  TRY(vpf_ladder_of_optimizer(&ladder, optimizer));
  assert_true(vpf_ladder_rungs(ladder) > 1);
  note_model(model);
end:
  vpf_data_destroy(data);
  vpf_model_destroy(model);
  vpf_optimizer_destroy(optimizer);
  vpf_ladder_destroy(ladder);
}

/* What measures data, units and chains, and chains in continuous time. */
static void use_measures(void) {
  const size_t sizes[] = {20, 5, 3};
  const uint8_t bytes[6 * 20] = {0, 1, 1, 0, 1};
  const float points[20] = {0.5f, 1, 0};
  const double values[8] = {0, 1, 0, 1, 1, 0, 1, 1};
  vpf_data *data = NULL;
  vpf_model *model = NULL;
  double mean[20], pair[20 * 20];
  size_t counts[4];
  vpf_moment_comparison comparison = {.struct_size = sizeof comparison};
  vpf_activity activity = {.struct_size = sizeof activity};
  vpf_chain_report chains = {.struct_size = sizeof chains};
  vpf_parzen_report parzen = {.struct_size = sizeof parzen};
  float activations[3];
  vpf_model *joint = NULL;
  vpf_data *states = NULL, *chain = NULL;
  vpf_flip flips[5];
  size_t count;

  TRY(vpf_data_from_u8(&data, bytes, 6, 20, 0));
  TRY(vpf_model_create(&model, sizes, 3, NULL, VPF_COUPLING_PAIRWISE));
  TRY(vpf_moments(data, mean, pair));
  TRY(vpf_compare_moments(data, data, &comparison));
  TRY(vpf_mean_activations(model, data, 2, activations));
  TRY(vpf_activation_histogram(model, data, 2, 4, counts));
  TRY(vpf_layer_activity(model, data, 2, &activity));
  TRY(vpf_chain_diagnostics(values, 2, 4, &chains));
  TRY(vpf_parzen_generated(model, 3, 1, NULL, 1, 2, points, 1, 0.2, &parzen));
  TRY(vpf_model_create(&joint, sizes, 3, NULL, VPF_COUPLING_JOINT));
  TRY(vpf_simulate_flips(joint, bytes, 1, 5, 1, flips, &count));
  TRY(vpf_data_from_u8(&states, bytes, 1, 28, 0));
  TRY(vpf_gibbs(joint, states, NULL, 2000, 1, &chain)); /* long enough for tables of sums to be made */
end:
  vpf_data_destroy(states);
  vpf_data_destroy(chain);
  vpf_model_destroy(joint);
  vpf_data_destroy(data);
  vpf_model_destroy(model);
}

/* Files, with as few other allocations as can be: each run waits for the disk. */
static void use_files(void) {
  const size_t sizes[] = {4, 2};
  const uint8_t bytes[8] = {1, 0, 1};
  vpf_data *data = NULL;
  vpf_model *model = NULL, *loaded = NULL, *resumed = NULL;
  vpf_optimizer *optimizer = NULL, *again = NULL;
  TRY(vpf_data_from_u8(&data, bytes, 2, 4, 0));
  TRY(vpf_model_create(&model, sizes, 2, NULL, VPF_COUPLING_PAIRWISE));
  TRY(vpf_optimizer_create(&optimizer));
  TRY(vpf_train(model, data, optimizer, 1, NULL, NULL));
  TRY(vpf_model_save(model, MODEL_FILE));
  TRY(vpf_model_load(&loaded, MODEL_FILE));
  assert_true(fixture_same_params(model, loaded));
  TRY(vpf_checkpoint_save(model, optimizer, CHECKPOINT_FILE));
  TRY(vpf_checkpoint_load(&resumed, &again, CHECKPOINT_FILE));
  assert_true(fixture_same_params(model, resumed));
  note_model(model);
end:
  vpf_data_destroy(data);
  vpf_model_destroy(model);
  vpf_model_destroy(loaded);
  vpf_model_destroy(resumed);
  vpf_optimizer_destroy(optimizer);
  vpf_optimizer_destroy(again);
  unlink(MODEL_FILE);
  unlink(CHECKPOINT_FILE);
}

static void bad_allocators_are_refused(void **state) {
  (void)state;
  vpf_allocator a = {sizeof a, count_allocate, NULL, NULL};
  assert_status(vpf_set_allocator(NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_set_allocator(&a), VPF_ERR_ARGUMENT);
  a = (vpf_allocator){sizeof a, NULL, count_release, NULL};
  assert_status(vpf_set_allocator(&a), VPF_ERR_ARGUMENT);
  a = (vpf_allocator){3, count_allocate, count_release, NULL};
  assert_status(vpf_set_allocator(&a), VPF_ERR_ARGUMENT);
  assert_message_has("struct_size is 3");
}

static void an_allocator_is_set_once_before_the_first_handle(void **state) {
  (void)state;
  const vpf_allocator a = {sizeof a, count_allocate, count_release, &memory};
  assert_ok(vpf_set_allocator(&a));
  assert_status(vpf_set_allocator(&a), VPF_ERR_STATE);
  vpf_optimizer *optimizer = NULL;
  assert_ok(vpf_optimizer_create(&optimizer));
  assert_int_equal(memory.live, 1);
  vpf_optimizer_destroy(optimizer);
  assert_int_equal(memory.live, 0);
}

/* Sanitizers are slow: with them, every third allocation has to do. */
#ifdef VPF_SANITIZED
enum { STEP = 3 };
#else
enum { STEP = 1 };
#endif

static void fail_each(void (*scenario)(void), long at_least) {
  memory.fail_at = memory.calls = 0;
  memory.result = 0;
  scenario();
  const uint64_t result = memory.result;
  const long calls = memory.calls;
  assert_int_equal(memory.live, 0);
  assert_true(calls >= at_least);
  for (memory.from_then_on = 0; memory.from_then_on < 2; memory.from_then_on++)
    for (long k = 1; k <= calls; k += STEP) {
      memory.calls = 0;
      memory.fail_at = k;
      memory.result = 0;
      scenario();
      assert_int_equal(memory.live, 0);
      if (!memory.from_then_on) assert_int_equal(memory.result, result);
    }
  print_message("%ld allocations failed, once and from then on\n", calls);
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  fail_each(use_all_but_files, 300);
}

static void every_allocation_of_likelihoods_may_fail(void **state) {
  (void)state;
  fail_each(use_likelihoods, 200);
}

static void every_allocation_of_measures_may_fail(void **state) {
  (void)state;
  fail_each(use_measures, 40);
}

static void every_allocation_around_files_may_fail(void **state) {
  (void)state;
  fail_each(use_files, 100);
}

static void every_allocation_of_tempering_may_fail(void **state) {
  (void)state;
  fail_each(use_tempering, 100);
}

static void every_allocation_of_ladders_may_fail(void **state) {
  (void)state;
  fail_each(use_ladders, 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bad_allocators_are_refused),
      cmocka_unit_test(an_allocator_is_set_once_before_the_first_handle),
      cmocka_unit_test(every_allocation_may_fail),
      cmocka_unit_test(every_allocation_of_likelihoods_may_fail),
      cmocka_unit_test(every_allocation_of_measures_may_fail),
      cmocka_unit_test(every_allocation_around_files_may_fail),
      cmocka_unit_test(every_allocation_of_ladders_may_fail),
      cmocka_unit_test(every_allocation_of_tempering_may_fail),
  };
  return cmocka_run_group_tests_name("allocator", tests, NULL, NULL);
}
