/* SPDX-License-Identifier: MIT */
/* Whatever makes training leave the range of numbers, the status is VPF_ERR_DIVERGED, model and optimizer are as they
 * were before that minibatch, and nothing that was learned before is lost. A field is made NaN at any one step by
 * putting a function before the kernel `rates` (the linker's --wrap); the rest is the public interface. */
#include "support/fixture.h"

#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "num/kernels.h"

/* ---- A NaN at the strike_at-th call of `rates` ---- */

static atomic_long calls, strike_at;

const vpfi_kernels *__wrap_vpfi_kernels_best(void); /* the linker's names */
const vpfi_kernels *__real_vpfi_kernels_best(void);

static bool striking_rates(float *gain, size_t stride, const uint64_t *bits, size_t words, size_t first, size_t n,
                           size_t width, size_t rows, double *flow) {
  if (atomic_fetch_add(&calls, 1) + 1 == atomic_load(&strike_at)) gain[(rows - 1) * stride] = NAN;
  return __real_vpfi_kernels_best()->rates(gain, stride, bits, words, first, n, width, rows, flow);
}

const vpfi_kernels *__wrap_vpfi_kernels_best(void) {
  static vpfi_kernels table; /* filled with the same at every call */
  table = *__real_vpfi_kernels_best();
  table.rates = striking_rates;
  return &table;
}

enum { ROWS = 22, VISIBLE = 20, EPOCHS = 2 };

typedef struct run {
  vpf_model *model;
  vpf_optimizer *optimizer;
} run;

static run start(vpf_coupling coupling, vpf_method method, vpf_rule rule, int threads) {
  static const size_t sizes[] = {VISIBLE, 9, 5};
  static const uint8_t intra[] = {0, 1, 0};
  run r = {.model = fixture_model(sizes, 3, intra, coupling, 2)};
  assert_ok(vpf_optimizer_create(&r.optimizer));
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_METHOD, method));
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_RULE, rule));
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_BATCH_SIZE, 5));
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_PARTICLES, 6));
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_THREADS, threads));
  return r;
}

static void finish(run *r) {
  vpf_optimizer_destroy(r->optimizer);
  vpf_model_destroy(r->model);
}

static void assert_finite(const vpf_model *model) {
  const size_t count = vpf_model_param_count(model);
  float *theta = malloc(count * sizeof *theta);
  assert_non_null(theta);
  assert_ok(vpf_model_get_params(model, theta));
  for (size_t k = 0; k < count; k++) assert_true(isfinite(theta[k]));
  free(theta);
}

/* Strike once, at each call of a whole run in turn; going on gives the bits of a run that nothing struck. */
static size_t strike_everywhere(const vpf_data *data, vpf_coupling coupling, vpf_method method, vpf_rule rule, int threads) {
  run whole = start(coupling, method, rule, threads);
  atomic_store(&strike_at, 0);
  atomic_store(&calls, 0);
  assert_ok(vpf_train(whole.model, data, whole.optimizer, EPOCHS, NULL, NULL));
  const long all = atomic_load(&calls);
  assert_true(all >= 2 * EPOCHS * 5);
  for (long k = 1; k <= all; k++) {
    run r = start(coupling, method, rule, threads);
    atomic_store(&calls, 0);
    atomic_store(&strike_at, k);
    assert_status(vpf_train(r.model, data, r.optimizer, EPOCHS, NULL, NULL), VPF_ERR_DIVERGED);
    atomic_store(&strike_at, 0);
    assert_message_has("epoch ");
    assert_message_has("minibatch ");
    assert_message_has("layer ");
    assert_message_has("unit ");
    assert_int_equal(vpf_optimizer_last_stop(r.optimizer), VPF_STOP_DIVERGED);
    assert_finite(r.model);

    size_t epochs = 0, rows = 0;
    assert_ok(vpf_optimizer_position(r.optimizer, &epochs, &rows));
    assert_true(epochs < EPOCHS && rows < ROWS);
    if (k % 7 == 0) fixture_through_the_file(&r.model, &r.optimizer, "divergence_test.safetensors");
    assert_ok(vpf_train(r.model, data, r.optimizer, EPOCHS - epochs, NULL, NULL));
    assert_true(fixture_same_params(r.model, whole.model));
    finish(&r);
  }
  finish(&whole);
  return (size_t)all;
}

static void a_nan_at_any_step_loses_nothing(void **state) {
  (void)state;
  vpf_data *data = fixture_data(ROWS, VISIBLE, 3);
  size_t strikes = 0;
  for (int rule = VPF_RULE_ADAM; rule <= VPF_RULE_SGD; rule++) /* CD and PCD only report rates */
    for (int threads = 1; threads <= 2; threads++)
      strikes += strike_everywhere(data, VPF_COUPLING_PAIRWISE, VPF_METHOD_VPF, (vpf_rule)rule, threads);
  strikes += strike_everywhere(data, VPF_COUPLING_JOINT, VPF_METHOD_VPF, VPF_RULE_ADAM, 1);
  print_message("%zu strikes\n", strikes);
  unlink("divergence_test.safetensors");
  vpf_data_destroy(data);
}

/* Rates that no one should use: either they train, or they diverge; never anything else, never a number that is none. */
static void absurd_rates_diverge_or_train(void **state) {
  (void)state;
  vpf_data *data = fixture_data(ROWS, VISIBLE, 3);
  const double rates[] = {10, 3, 1, 0.1, 1e-12}, decays[] = {0, 0.005, 100}, momenta[] = {0, 0.999999};
  size_t diverged = 0, trained = 0;
  for (int method = VPF_METHOD_VPF; method <= VPF_METHOD_PCD; method++)
    for (int rule = VPF_RULE_ADAM; rule <= VPF_RULE_SGD; rule++)
      for (size_t a = 0; a < sizeof rates / sizeof *rates; a++)
        for (size_t b = 0; b < sizeof decays / sizeof *decays; b++)
          for (size_t c = 0; c < sizeof momenta / sizeof *momenta; c++) {
            run r = start(VPF_COUPLING_PAIRWISE, (vpf_method)method, (vpf_rule)rule, 1);
            assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_LEARNING_RATE, rates[a]));
            assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_WEIGHT_DECAY, decays[b]));
            assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_MOMENTUM, momenta[c]));
            const vpf_status s = vpf_train(r.model, data, r.optimizer, 60, NULL, NULL);
            if (s) assert_status(s, VPF_ERR_DIVERGED);
            assert_finite(r.model);
            fixture_through_the_file(&r.model, &r.optimizer, "divergence_test.safetensors"); /* fit to be saved */
            if (s) diverged++;
            else trained++;
            finish(&r);
          }
  print_message("%zu diverged, %zu trained\n", diverged, trained);
  assert_true(diverged > 20 && trained > 20);
  unlink("divergence_test.safetensors");
  vpf_data_destroy(data);
}

/* Every parameter in turn far out of range: the message says where, and nothing has changed. */
static void huge_parameters_diverge_at_once_and_stay_as_they_are(void **state) {
  (void)state;
  vpf_data *data = fixture_data(ROWS, VISIBLE, 3);
  const float huge[] = {1e30f, -1e30f, FLT_MAX, -FLT_MAX};
  size_t refused = 0, harmless = 0;
  for (size_t h = 0; h < sizeof huge / sizeof *huge; h++)
    for (int method = VPF_METHOD_VPF; method <= VPF_METHOD_PCD; method++) {
      run fresh = start(VPF_COUPLING_PAIRWISE, (vpf_method)method, VPF_RULE_ADAM, 1);
      const size_t count = vpf_model_param_count(fresh.model);
      float *theta = malloc(count * sizeof *theta);
      assert_non_null(theta);
      assert_ok(vpf_model_get_params(fresh.model, theta));
      finish(&fresh);
      for (size_t k = 0; k < count; k += 3) {
        run r = start(VPF_COUPLING_PAIRWISE, (vpf_method)method, VPF_RULE_ADAM, 1);
        const float kept = theta[k];
        vpf_model *before = NULL;
        theta[k] = huge[h];
        assert_ok(vpf_model_set_params(r.model, theta));
        assert_ok(vpf_model_clone(&before, r.model));
        theta[k] = kept;
        const vpf_status s = vpf_train(r.model, data, r.optimizer, 1, NULL, NULL);
        size_t rows = 0;
        assert_ok(vpf_optimizer_position(r.optimizer, NULL, &rows));
        if (s) { /* unless its unit was off in all rows, or bound to be on */
          assert_status(s, VPF_ERR_DIVERGED);
          if (rows == 0) assert_true(fixture_same_params(before, r.model));
          refused++;
        } else {
          harmless++;
        }
        assert_finite(r.model);
        vpf_model_destroy(before);
        finish(&r);
      }
      free(theta);
    }
  print_message("%zu refused, %zu harmless\n", refused, harmless);
  assert_true(refused > harmless);
  vpf_data_destroy(data);
}

static int keep_a_checkpoint(const vpf_progress *p, void *user) {
  const run *r = user;
  return p->event == VPF_PROGRESS_EPOCH && vpf_checkpoint_save(r->model, r->optimizer, "divergence_test.safetensors") != VPF_OK;
}

/* A run of hours that diverges because somebody raised the rate: what was saved before goes on with the old one. */
static void the_hours_before_are_not_lost(void **state) {
  (void)state;
  vpf_data *data = fixture_data(ROWS, VISIBLE, 3);
  run r = start(VPF_COUPLING_PAIRWISE, VPF_METHOD_VPF, VPF_RULE_SGD, 1), good = start(VPF_COUPLING_PAIRWISE, VPF_METHOD_VPF, VPF_RULE_SGD, 1);
  assert_ok(vpf_train(good.model, data, good.optimizer, 8, NULL, NULL));
  assert_ok(vpf_train(r.model, data, r.optimizer, 5, keep_a_checkpoint, &r));
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_LEARNING_RATE, 10));
  assert_status(vpf_train(r.model, data, r.optimizer, 100, NULL, NULL), VPF_ERR_DIVERGED);
  finish(&r);
  assert_ok(vpf_checkpoint_load(&r.model, &r.optimizer, "divergence_test.safetensors"));
  assert_ok(vpf_train(r.model, data, r.optimizer, 3, NULL, NULL));
  assert_true(fixture_same_params(r.model, good.model));
  unlink("divergence_test.safetensors");
  finish(&r);
  finish(&good);
  vpf_data_destroy(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_nan_at_any_step_loses_nothing),
      cmocka_unit_test(absurd_rates_diverge_or_train),
      cmocka_unit_test(huge_parameters_diverge_at_once_and_stay_as_they_are),
      cmocka_unit_test(the_hours_before_are_not_lost),
  };
  return cmocka_run_group_tests_name("divergence", tests, NULL, NULL);
}
