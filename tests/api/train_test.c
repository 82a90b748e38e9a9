/* SPDX-License-Identifier: MIT */
/* What vpf_train() promises: counting epochs, stopping and going on, owning its data, diverging
 * without loss, and the same bits whatever the threads. */
#include "support/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct run {
  vpf_model *model;
  vpf_optimizer *optimizer;
} run;

static const size_t DBM[] = {70, 33, 9};
static const uint8_t HIDDEN_INTRA[] = {0, 1, 1};
static const uint8_t ALL_INTRA[] = {1, 1, 1};
static const uint64_t GOLDEN = 0xed374b85d4bb607eu;

static run start(const size_t *sizes, size_t layers, const uint8_t *intra, vpf_coupling coupling) {
  run r = {.model = fixture_model(sizes, layers, intra, coupling, 7)};
  assert_ok(vpf_optimizer_create(&r.optimizer));
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_BATCH_SIZE, 16));
  return r;
}

static void finish(run *r) {
  vpf_model_destroy(r->model);
  vpf_optimizer_destroy(r->optimizer);
}

/* Stop at a certain batch of a certain epoch; count the calls. */
typedef struct watcher {
  size_t stop_epoch, stop_batch; /* 0: never */
  size_t batch_calls, epoch_calls;
  vpf_progress last;
  double activity[8], lower[8], upper[8];
} watcher;

static int watch(const vpf_progress *p, void *user) {
  watcher *w = user;
  assert_int_equal(p->struct_size, sizeof *p);
  w->batch_calls += p->event == VPF_PROGRESS_BATCH;
  w->epoch_calls += p->event == VPF_PROGRESS_EPOCH;
  w->last = *p;
  memcpy(w->activity, p->activity, p->layers * sizeof(double));
  memcpy(w->lower, p->flow_lower, p->pairs * sizeof(double));
  memcpy(w->upper, p->flow_upper, p->pairs * sizeof(double));
  return p->epoch == w->stop_epoch && (w->stop_batch == 0 || p->batch == w->stop_batch);
}

static void four_epochs_a_stop_inside_the_fifth_and_six_more_equal_ten(void **state) {
  (void)state;
  const vpf_coupling couplings[] = {VPF_COUPLING_PAIRWISE, VPF_COUPLING_JOINT};
  for (int c = 0; c < 2; c++)
    for (int samples = 1; samples <= 2; samples++)
      for (int period = 0; period <= 3; period++)
        for (int order = 0; order <= 1; order++) {
          vpf_data *data = fixture_data(75, 70, 3);
          run whole = start(DBM, 3, HIDDEN_INTRA, couplings[c]), parts = start(DBM, 3, HIDDEN_INTRA, couplings[c]);
          run *both[] = {&whole, &parts};
          for (int k = 0; k < 2; k++) {
            assert_ok(vpf_optimizer_set(both[k]->optimizer, VPF_OPTION_ESTEP_SAMPLES, samples));
            assert_ok(vpf_optimizer_set(both[k]->optimizer, VPF_OPTION_ESTEP_PERIOD, period));
            assert_ok(vpf_optimizer_set(both[k]->optimizer, VPF_OPTION_ESTEP_ORDER, order));
            assert_ok(vpf_optimizer_set(both[k]->optimizer, VPF_OPTION_PROGRESS_BATCHES, 1));
          }
          assert_ok(vpf_train(whole.model, data, whole.optimizer, 10, NULL, NULL));
          assert_int_equal(vpf_optimizer_last_stop(whole.optimizer), VPF_STOP_EPOCHS);

          watcher w = {.stop_epoch = 5, .stop_batch = 3};
          assert_ok(vpf_train(parts.model, data, parts.optimizer, 4, NULL, NULL));
          assert_ok(vpf_train(parts.model, data, parts.optimizer, 6, watch, &w));
          assert_int_equal(vpf_optimizer_last_stop(parts.optimizer), VPF_STOP_CALLBACK);
          assert_int_equal(w.batch_calls, 3);
          assert_int_equal(w.epoch_calls, 0);
          size_t epochs = 0, rows = 0;
          assert_ok(vpf_optimizer_position(parts.optimizer, &epochs, &rows));
          assert_int_equal(epochs, 4);
          assert_int_equal(rows, 3 * 16);
          assert_false(fixture_same_params(whole.model, parts.model));
          assert_ok(vpf_train(parts.model, data, parts.optimizer, 6, NULL, NULL));
          assert_true(fixture_same_params(whole.model, parts.model));
          assert_ok(vpf_optimizer_position(parts.optimizer, &epochs, &rows));
          assert_int_equal(epochs, 10);
          assert_int_equal(rows, 0);
          assert_ok(vpf_optimizer_position(parts.optimizer, NULL, NULL));
          finish(&whole);
          finish(&parts);
          vpf_data_destroy(data);
        }
}

static void an_interrupted_epoch_reports_the_averages_of_the_whole_epoch(void **state) {
  (void)state;
  vpf_data *data = fixture_data(75, 70, 3);
  run whole = start(DBM, 3, HIDDEN_INTRA, VPF_COUPLING_PAIRWISE), parts = start(DBM, 3, HIDDEN_INTRA, VPF_COUPLING_PAIRWISE);
  watcher a = {0}, b = {.stop_epoch = 1, .stop_batch = 2};
  assert_ok(vpf_optimizer_set(parts.optimizer, VPF_OPTION_PROGRESS_BATCHES, 1));
  assert_ok(vpf_train(whole.model, data, whole.optimizer, 1, watch, &a));
  assert_ok(vpf_train(parts.model, data, parts.optimizer, 1, watch, &b));
  b.stop_epoch = 0;
  assert_ok(vpf_train(parts.model, data, parts.optimizer, 1, watch, &b));
  assert_int_equal(a.last.epoch, 1);
  assert_int_equal(b.last.epoch, 1);
  assert_int_equal(b.last.event, VPF_PROGRESS_EPOCH);
  assert_int_equal(b.last.batches, 5);
  assert_memory_equal(&a.last.flow, &b.last.flow, sizeof(double));
  assert_memory_equal(a.activity, b.activity, 3 * sizeof(double));
  finish(&whole);
  finish(&parts);
  vpf_data_destroy(data);
}

static void a_stop_at_the_last_minibatch_leaves_an_epoch_to_finish(void **state) {
  (void)state;
  vpf_data *data = fixture_data(75, 70, 3);
  run whole = start(DBM, 3, NULL, VPF_COUPLING_PAIRWISE), parts = start(DBM, 3, NULL, VPF_COUPLING_PAIRWISE);
  assert_ok(vpf_train(whole.model, data, whole.optimizer, 2, NULL, NULL));
  watcher w = {.stop_epoch = 1, .stop_batch = 5};
  assert_ok(vpf_optimizer_set(parts.optimizer, VPF_OPTION_PROGRESS_BATCHES, 1));
  assert_ok(vpf_train(parts.model, data, parts.optimizer, 2, watch, &w));
  assert_int_equal(w.epoch_calls, 0);
  w = (watcher){0};
  assert_ok(vpf_train(parts.model, data, parts.optimizer, 2, watch, &w));
  assert_int_equal(w.epoch_calls, 2);
  assert_true(fixture_same_params(whole.model, parts.model));
  finish(&whole);
  finish(&parts);
  vpf_data_destroy(data);
}

static void progress_carries_what_its_documentation_says(void **state) {
  (void)state;
  vpf_data *data = fixture_data(75, 70, 3);
  run r = start(DBM, 3, HIDDEN_INTRA, VPF_COUPLING_PAIRWISE);
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_PROGRESS_BATCHES, 2));
  watcher w = {0};
  assert_ok(vpf_train(r.model, data, r.optimizer, 3, watch, &w));
  assert_int_equal(w.epoch_calls, 3);
  assert_int_equal(w.batch_calls, 3 * 2); /* after minibatches 2 and 4 of 5 */
  assert_int_equal(w.last.epoch, 3);
  assert_int_equal(w.last.epochs, 3);
  assert_int_equal(w.last.stop, VPF_STOP_EPOCHS);
  assert_int_equal(w.last.batch, 5);
  assert_int_equal(w.last.batches, 5);
  assert_int_equal(w.last.rows, 75);
  assert_int_equal(w.last.pairs, 2);
  assert_int_equal(w.last.layers, 3);
  double sum = 0;
  for (int p = 0; p < 2; p++) sum += w.lower[p] + w.upper[p];
  assert_close(sum, w.last.flow, 1e-9 * sum);
  uint8_t bits[75 * 70];
  double on = 0;
  assert_ok(vpf_data_to_u8(data, bits));
  for (size_t k = 0; k < sizeof bits; k++) on += bits[k];
  assert_close(w.activity[0], on / sizeof bits, 1e-12);
  double rho, w2;
  assert_ok(vpf_weight_metrics(r.model, 0, &rho, &w2));
  assert_close(w.last.rho, rho, 1e-12);
  assert_close(w.last.w2, w2, 1e-12 * w2);
  assert_true(w.last.seconds > 0 && w.last.images_per_second > 0 && w.last.total_seconds >= w.last.seconds);
  finish(&r);
  vpf_data_destroy(data);
}

/* With a learning rate that moves nothing measurable, the flow that training reports for its own
 * E-step must be what the open functions say. */
static void reported_flow_is_that_of_the_inferred_states(void **state) {
  (void)state;
  vpf_data *data = fixture_data(75, 70, 3), *states = NULL;
  run r = start(DBM, 3, ALL_INTRA, VPF_COUPLING_PAIRWISE);
  vpf_model *before = NULL;
  assert_ok(vpf_model_clone(&before, r.model));
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_LEARNING_RATE, 1e-12));
  assert_ok(vpf_optimizer_set_seed(r.optimizer, 99));
  watcher w = {0};
  assert_ok(vpf_train(r.model, data, r.optimizer, 1, watch, &w));
  double flow;
  assert_ok(vpf_model_infer(before, data, 99, &states));
  assert_ok(vpf_model_flow(before, states, &flow));
  assert_close(w.last.flow, flow, 1e-6 * flow);
  vpf_data_destroy(states);
  vpf_model_destroy(before);
  finish(&r);
  vpf_data_destroy(data);
}

/* One full batch of plain SGD is theta - lr (dK/dtheta + 2 lambda w), with the gradient that the
 * open function gives: the training loop and the mathematics are the same thing. */
static void one_step_of_sgd_follows_the_flow_gradient(void **state) {
  (void)state;
  const vpf_coupling couplings[] = {VPF_COUPLING_PAIRWISE, VPF_COUPLING_JOINT};
  for (int c = 0; c < 2; c++) {
    vpf_data *data = fixture_data(75, 70, 3), *states = NULL;
    run r = start(DBM, 3, ALL_INTRA, couplings[c]);
    const size_t count = vpf_model_param_count(r.model);
    float *before = calloc(count, sizeof *before), *after = calloc(count, sizeof *after);
    float *gradient = calloc(count, sizeof *gradient);
    assert_ok(vpf_model_get_params(r.model, before));
    assert_ok(vpf_model_infer(r.model, data, 1, &states));
    assert_ok(vpf_model_flow_gradient(r.model, states, gradient));
    assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_RULE, VPF_RULE_SGD));
    assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_LEARNING_RATE, 0.5));
    assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_WEIGHT_DECAY, 0.25));
    assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_BATCH_SIZE, 1000));
    assert_ok(vpf_train(r.model, data, r.optimizer, 1, NULL, NULL));
    assert_ok(vpf_model_get_params(r.model, after));
    double moved = 0;
    for (size_t k = 0; k < count; k++) {
      /* Biases start at zero, so decay makes no difference to them in the first step. */
      const double expected = (double)before[k] - 0.5 * ((double)gradient[k] + 2 * 0.25 * (double)before[k]);
      assert_close((double)after[k], expected, 2e-6);
      moved = fmax(moved, fabs((double)after[k] - (double)before[k]));
    }
    assert_true(moved > 1e-2);
    free(before);
    free(after);
    free(gradient);
    vpf_data_destroy(states);
    finish(&r);
    vpf_data_destroy(data);
  }
}

/* Adam from the paper it comes from, written out for two steps of one visible unit's bias: a row
 * of ones gives delta = exp(-b/2), gradient -delta/2. */
static void adam_is_the_rule_of_its_paper(void **state) {
  (void)state;
  const size_t sizes[] = {1};
  const uint8_t one = 1;
  vpf_data *data = NULL;
  assert_ok(vpf_data_from_u8(&data, &one, 1, 1, 0));
  run r = start(sizes, 1, NULL, VPF_COUPLING_PAIRWISE);
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_LEARNING_RATE, 0.1));
  double b = 0, m = 0, v = 0;
  for (int t = 1; t <= 20; t++) {
    const double g = -0.5 * exp(-b / 2);
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    b -= 0.1 * sqrt(1 - pow(0.999, t)) / (1 - pow(0.9, t)) * m / (sqrt(v) + 1e-6);
    assert_ok(vpf_train(r.model, data, r.optimizer, 1, NULL, NULL));
    float got;
    assert_ok(vpf_model_get_bias(r.model, 0, VPF_BIAS_UP, &got));
    assert_close((double)got, b, 1e-5);
  }
  finish(&r);
  vpf_data_destroy(data);
}

static void no_epochs_do_nothing(void **state) {
  (void)state;
  vpf_data *data = fixture_data(20, 70, 3);
  run r = start(DBM, 3, NULL, VPF_COUPLING_PAIRWISE);
  vpf_model *before = NULL;
  assert_ok(vpf_model_clone(&before, r.model));
  assert_ok(vpf_train(r.model, data, r.optimizer, 0, NULL, NULL));
  assert_true(fixture_same_params(before, r.model));
  assert_int_equal(vpf_optimizer_last_stop(r.optimizer), VPF_STOP_NONE);
  /* nor do they bind it */
  const size_t rbm[] = {70, 5};
  vpf_model *other = fixture_model(rbm, 2, NULL, VPF_COUPLING_PAIRWISE, 1);
  assert_ok(vpf_train(other, data, r.optimizer, 1, NULL, NULL));
  vpf_model_destroy(other);
  vpf_model_destroy(before);
  finish(&r);
  vpf_data_destroy(data);
}

static void other_data_are_refused_inside_an_epoch_and_fine_between(void **state) {
  (void)state;
  vpf_data *data = fixture_data(75, 70, 3), *other = fixture_data(75, 70, 4), *same = fixture_data(75, 70, 3);
  run r = start(DBM, 3, NULL, VPF_COUPLING_PAIRWISE);
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_PROGRESS_BATCHES, 1));
  assert_ok(vpf_train(r.model, data, r.optimizer, 1, NULL, NULL));
  assert_ok(vpf_train(r.model, other, r.optimizer, 1, NULL, NULL));
  watcher w = {.stop_epoch = 3, .stop_batch = 2};
  assert_ok(vpf_train(r.model, data, r.optimizer, 1, watch, &w));
  vpf_model *before = NULL;
  assert_ok(vpf_model_clone(&before, r.model));
  assert_status(vpf_train(r.model, other, r.optimizer, 1, NULL, NULL), VPF_ERR_STATE);
  assert_message_has("epoch 3 is unfinished");
  assert_true(fixture_same_params(before, r.model));
  assert_ok(vpf_train(r.model, same, r.optimizer, 1, NULL, NULL)); /* equal bits are the same data */
  vpf_model_destroy(before);
  finish(&r);
  vpf_data_destroy(data);
  vpf_data_destroy(other);
  vpf_data_destroy(same);
}

static void other_data_force_an_estep_even_when_none_is_due(void **state) {
  (void)state;
  vpf_data *data = fixture_data(75, 70, 3), *other = fixture_data(40, 70, 4);
  run r = start(DBM, 3, NULL, VPF_COUPLING_PAIRWISE);
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_ESTEP_PERIOD, 1000));
  watcher w = {0};
  assert_ok(vpf_train(r.model, data, r.optimizer, 1, watch, &w));
  const double first = w.activity[1];
  assert_ok(vpf_train(r.model, data, r.optimizer, 5, watch, &w));
  assert_close(w.activity[1], first, 0); /* the same sample, epoch after epoch */
  assert_ok(vpf_train(r.model, other, r.optimizer, 1, watch, &w));
  assert_int_equal(w.last.rows, 40);
  assert_true(fabs(w.activity[1] - first) > 0);
  finish(&r);
  vpf_data_destroy(data);
  vpf_data_destroy(other);
}

static void other_shapes_are_refused_with_both_shapes(void **state) {
  (void)state;
  const size_t rbm[] = {70, 33};
  vpf_data *data = fixture_data(20, 70, 3), *narrow = fixture_data(20, 69, 3);
  run r = start(DBM, 3, HIDDEN_INTRA, VPF_COUPLING_PAIRWISE);
  vpf_model *other = fixture_model(rbm, 2, NULL, VPF_COUPLING_PAIRWISE, 1);
  assert_ok(vpf_train(r.model, data, r.optimizer, 1, NULL, NULL));
  assert_status(vpf_train(other, data, r.optimizer, 1, NULL, NULL), VPF_ERR_SHAPE);
  assert_message_has("70-33+-9+ pairwise");
  assert_message_has("70-33 pairwise");
  assert_status(vpf_train(r.model, narrow, r.optimizer, 1, NULL, NULL), VPF_ERR_SHAPE);
  assert_message_has("20 x 69");
  assert_message_has("70");
  assert_status(vpf_train(NULL, data, r.optimizer, 1, NULL, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_train(r.model, NULL, r.optimizer, 1, NULL, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_train(r.model, data, NULL, 1, NULL, NULL), VPF_ERR_ARGUMENT);
  vpf_model_destroy(other);
  finish(&r);
  vpf_data_destroy(data);
  vpf_data_destroy(narrow);
}

static void a_diverging_field_leaves_all_as_before_the_minibatch(void **state) {
  (void)state;
  vpf_data *data = fixture_data(75, 70, 3);
  run r = start(DBM, 3, HIDDEN_INTRA, VPF_COUPLING_PAIRWISE), twin = start(DBM, 3, HIDDEN_INTRA, VPF_COUPLING_PAIRWISE);
  run *both[] = {&r, &twin};
  for (int k = 0; k < 2; k++) {
    assert_ok(vpf_optimizer_set(both[k]->optimizer, VPF_OPTION_PROGRESS_BATCHES, 1));
    assert_ok(vpf_optimizer_set(both[k]->optimizer, VPF_OPTION_RULE, VPF_RULE_SGD));
    assert_ok(vpf_optimizer_set(both[k]->optimizer, VPF_OPTION_LEARNING_RATE, 10));
  }
  watcher w = {0};
  assert_status(vpf_train(r.model, data, r.optimizer, 100, watch, &w), VPF_ERR_DIVERGED);
  assert_int_equal(vpf_optimizer_last_stop(r.optimizer), VPF_STOP_DIVERGED);
  assert_message_has("epoch 1, minibatch ");
  assert_message_has("layer ");
  assert_message_has("unit ");
  assert_true(w.batch_calls > 0);

  /* The twin stops by itself after the last good minibatch: the same parameters. */
  watcher t = {.stop_epoch = 1, .stop_batch = w.batch_calls};
  assert_ok(vpf_train(twin.model, data, twin.optimizer, 1, watch, &t));
  assert_true(fixture_same_params(r.model, twin.model));
  /* and the same optimizer: both go on with a smaller rate to the same bits. */
  for (int k = 0; k < 2; k++) {
    assert_ok(vpf_optimizer_set(both[k]->optimizer, VPF_OPTION_LEARNING_RATE, 1e-12));
    const vpf_status status = vpf_train(both[k]->model, data, both[k]->optimizer, 1, NULL, NULL);
    assert_true(status == VPF_OK || status == VPF_ERR_DIVERGED);
  }
  assert_true(fixture_same_params(r.model, twin.model));
  finish(&r);
  finish(&twin);
  vpf_data_destroy(data);
}

/* A weight of a unit that is never on makes no field large, but its decay would overflow. */
static void a_parameter_that_would_overflow_is_divergence_too(void **state) {
  (void)state;
  const size_t sizes[] = {3, 2};
  const uint8_t rows[2][3] = {{0, 1, 0}, {0, 0, 1}};
  vpf_data *data = NULL;
  assert_ok(vpf_data_from_u8(&data, &rows[0][0], 2, 3, 0));
  run r = start(sizes, 2, NULL, VPF_COUPLING_PAIRWISE);
  const float weights[6] = {3e38f, -3e38f, 0, 0, 0, 0}, off[2] = {-90, -90};
  assert_ok(vpf_model_set_weights(r.model, 0, weights));
  assert_ok(vpf_model_set_bias(r.model, 1, VPF_BIAS_UP, off)); /* hidden units stay off: no field from them */
  vpf_model *before = NULL;
  assert_ok(vpf_model_clone(&before, r.model));
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_RULE, VPF_RULE_SGD));
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_LEARNING_RATE, 10));
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_WEIGHT_DECAY, 100));
  assert_status(vpf_train(r.model, data, r.optimizer, 1, NULL, NULL), VPF_ERR_DIVERGED);
  assert_message_has("epoch 1, minibatch 1, layer 0, unit 0: a weight would not be finite");
  assert_true(fixture_same_params(before, r.model));
  vpf_model_destroy(before);
  finish(&r);
  vpf_data_destroy(data);
}

/* The same weight, with a decay that is well within a float: w becomes w - rate * 2 lambda w. */
static void a_huge_parameter_that_stays_finite_is_trained_on(void **state) {
  (void)state;
  const size_t sizes[] = {3, 2};
  const uint8_t rows[2][3] = {{0, 1, 0}, {0, 0, 1}};
  vpf_data *data = NULL;
  assert_ok(vpf_data_from_u8(&data, &rows[0][0], 2, 3, 0));
  run r = start(sizes, 2, NULL, VPF_COUPLING_PAIRWISE);
  float weights[6] = {4e30f, -4e30f, 0, 0, 0, 0};
  const float off[2] = {-90, -90};
  assert_ok(vpf_model_set_weights(r.model, 0, weights));
  assert_ok(vpf_model_set_bias(r.model, 1, VPF_BIAS_UP, off));
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_RULE, VPF_RULE_SGD));
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_MOMENTUM, 0));
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_LEARNING_RATE, 0.5));
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_WEIGHT_DECAY, 0.25));
  assert_ok(vpf_train(r.model, data, r.optimizer, 1, NULL, NULL)); /* one minibatch */
  assert_ok(vpf_model_get_weights(r.model, 0, weights));
  assert_close((double)weights[0] / 4e30, 0.75, 1e-6);
  assert_close((double)weights[1] / 4e30, -0.75, 1e-6);
  finish(&r);
  vpf_data_destroy(data);
}

static void threads_and_slices_of_the_instruction_set_never_change_a_bit(void **state) {
  (void)state;
  const vpf_coupling couplings[] = {VPF_COUPLING_PAIRWISE, VPF_COUPLING_JOINT};
  const char *kernels[] = {"reference", "avx2", "reference"};
  const double threads[] = {1, 2, 7};
  for (int c = 0; c < 2; c++)
    for (int period = 0; period < 2; period++) {
      vpf_model *first = NULL;
      for (int k = 0; k < 3; k++) {
        vpf_data *data = fixture_data(203, 70, 5);
        run r = start(DBM, 3, ALL_INTRA, couplings[c]);
        assert_int_equal(setenv("VPF_KERNELS", kernels[k], 1), 0);
        assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_THREADS, threads[k]));
        assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_ESTEP_PERIOD, period));
        assert_ok(vpf_train(r.model, data, r.optimizer, 3, NULL, NULL));
        if (!first) assert_ok(vpf_model_clone(&first, r.model));
        assert_true(fixture_same_params(first, r.model));
        finish(&r);
        vpf_data_destroy(data);
      }
      vpf_model_destroy(first);
    }
  unsetenv("VPF_KERNELS");
}

/* The promise of one result for all compilers, build types and machines: this number is in the
 * repository, and every build of the test compares with it. It changes only with the recipe. */
static void trained_parameters_are_the_same_bits_wherever_this_is_compiled(void **state) {
  (void)state;
  vpf_data *data = fixture_data(203, 70, 5);
  run r = start(DBM, 3, ALL_INTRA, VPF_COUPLING_PAIRWISE);
  assert_ok(vpf_train(r.model, data, r.optimizer, 3, NULL, NULL));
  const size_t count = vpf_model_param_count(r.model);
  float *theta = calloc(count, sizeof *theta);
  assert_ok(vpf_model_get_params(r.model, theta));
  uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
  for (size_t k = 0; k < count; k++) {
    uint32_t bits;
    memcpy(&bits, &theta[k], sizeof bits);
    hash = (hash ^ bits) * 0x100000001b3u;
  }
  if (hash != GOLDEN) print_error("the hash is 0x%016llx\n", (unsigned long long)hash);
  assert_true(hash == GOLDEN);
  free(theta);
  finish(&r);
  vpf_data_destroy(data);
}

typedef struct spectator {
  vpf_model *model;
  size_t looks;
} spectator;

/* What the model draws now is what another model with the same parameters draws. */
static int draw_from_both(const vpf_progress *progress, void *user) {
  (void)progress;
  spectator *s = user;
  enum { COUNT = 5, VISIBLE = 70 };
  float here[COUNT * VISIBLE], there[COUNT * VISIBLE];
  float *theta = calloc(vpf_model_param_count(s->model), sizeof *theta);
  vpf_model *other;
  assert_ok(vpf_model_get_params(s->model, theta));
  assert_ok(vpf_model_create(&other, DBM, 3, ALL_INTRA, VPF_COUPLING_PAIRWISE));
  assert_ok(vpf_model_set_params(other, theta));
  assert_ok(vpf_generate(s->model, COUNT, 2, NULL, 9, here));
  assert_ok(vpf_generate(other, COUNT, 2, NULL, 9, there));
  assert_memory_equal(here, there, sizeof here);
  vpf_model_destroy(other);
  free(theta);
  return ++s->looks == 7; /* in the middle of an epoch: then once more */
}

static void a_model_can_be_used_in_the_middle_of_an_epoch(void **state) {
  (void)state;
  for (vpf_method method = VPF_METHOD_VPF; method <= VPF_METHOD_PCD; method++) {
    vpf_data *data = fixture_data(203, 70, 5);
    run r = start(DBM, 3, ALL_INTRA, VPF_COUPLING_PAIRWISE);
    spectator s = {r.model, 0};
    assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_METHOD, method));
    assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_PROGRESS_BATCHES, 3));
    assert_ok(vpf_train(r.model, data, r.optimizer, 2, draw_from_both, &s));
    assert_int_equal(s.looks, 7);
    draw_from_both(NULL, &s);
    finish(&r);
    vpf_data_destroy(data);
  }
}

/* With an E-step in every minibatch at a vanishing rate, what is drawn for a row must not depend on
 * the minibatch it is drawn in. */
static void estep_draws_do_not_depend_on_batch_boundaries_or_order(void **state) {
  (void)state;
  double activity[3][3];
  const double batch[] = {16, 7, 203}, shuffle[] = {0, 1, 1};
  for (int k = 0; k < 3; k++) {
    vpf_data *data = fixture_data(203, 70, 5);
    run r = start(DBM, 3, HIDDEN_INTRA, VPF_COUPLING_PAIRWISE);
    assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_LEARNING_RATE, 1e-12));
    assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_ESTEP_PERIOD, k == 0 ? 1 : 0));
    assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_BATCH_SIZE, batch[k]));
    assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_SHUFFLE, shuffle[k]));
    watcher w = {0};
    assert_ok(vpf_train(r.model, data, r.optimizer, 1, watch, &w));
    memcpy(activity[k], w.activity, sizeof activity[k]);
    finish(&r);
    vpf_data_destroy(data);
  }
  assert_memory_equal(activity[0], activity[1], sizeof activity[0]);
  assert_memory_equal(activity[0], activity[2], sizeof activity[0]);
}

static int train_again(const vpf_progress *p, void *user) {
  (void)p;
  run *r = user;
  vpf_data *data = fixture_data(75, 70, 3);
  assert_status(vpf_train(r->model, data, r->optimizer, 1, NULL, NULL), VPF_ERR_STATE);
  assert_message_has("training already");
  vpf_data_destroy(data);
  return 0;
}

static void training_from_the_progress_function_is_refused(void **state) {
  (void)state;
  vpf_data *data = fixture_data(75, 70, 3);
  run r = start(DBM, 3, NULL, VPF_COUPLING_PAIRWISE);
  assert_ok(vpf_train(r.model, data, r.optimizer, 1, train_again, &r));
  finish(&r);
  vpf_data_destroy(data);
}

static int lower_rate(const vpf_progress *p, void *user) {
  return vpf_optimizer_set(user, VPF_OPTION_LEARNING_RATE, 0.1 / (double)p->epoch) != VPF_OK;
}

static void a_schedule_set_by_the_progress_function_takes_effect(void **state) {
  (void)state;
  vpf_data *data = fixture_data(75, 70, 3);
  run inside = start(DBM, 3, NULL, VPF_COUPLING_PAIRWISE), outside = start(DBM, 3, NULL, VPF_COUPLING_PAIRWISE);
  assert_ok(vpf_train(inside.model, data, inside.optimizer, 3, lower_rate, inside.optimizer));
  for (int e = 1; e <= 3; e++) {
    assert_ok(vpf_train(outside.model, data, outside.optimizer, 1, NULL, NULL));
    assert_ok(vpf_optimizer_set(outside.optimizer, VPF_OPTION_LEARNING_RATE, 0.1 / e));
  }
  assert_true(fixture_same_params(inside.model, outside.model));
  finish(&inside);
  finish(&outside);
  vpf_data_destroy(data);
}

static void the_gibbs_estep_is_for_machines_with_one_energy(void **state) {
  (void)state;
  vpf_data *data = fixture_data(75, 70, 3);
  run pairwise = start(DBM, 3, NULL, VPF_COUPLING_PAIRWISE), joint = start(DBM, 3, HIDDEN_INTRA, VPF_COUPLING_JOINT);
  assert_ok(vpf_optimizer_set(pairwise.optimizer, VPF_OPTION_ESTEP, 1));
  assert_status(vpf_train(pairwise.model, data, pairwise.optimizer, 1, NULL, NULL), VPF_ERR_UNSUPPORTED);
  assert_message_has("joint coupling");
  assert_ok(vpf_optimizer_set(pairwise.optimizer, VPF_OPTION_ESTEP, 0));
  assert_ok(vpf_train(pairwise.model, data, pairwise.optimizer, 1, NULL, NULL));
  for (int random_start = 0; random_start < 2; random_start++) {
    assert_ok(vpf_optimizer_set(joint.optimizer, VPF_OPTION_ESTEP, 1));
    assert_ok(vpf_optimizer_set(joint.optimizer, VPF_OPTION_ESTEP_START, random_start));
    assert_ok(vpf_optimizer_set(joint.optimizer, VPF_OPTION_ESTEP_SWEEPS, 3));
    assert_ok(vpf_optimizer_set(joint.optimizer, VPF_OPTION_ESTEP_SAMPLES, 2));
    assert_ok(vpf_train(joint.model, data, joint.optimizer, 2, NULL, NULL));
  }
  finish(&pairwise);
  finish(&joint);
  vpf_data_destroy(data);
}

static void changing_the_rule_clears_the_moments(void **state) {
  (void)state;
  vpf_data *data = fixture_data(16, 70, 3);
  run r = start(DBM, 3, NULL, VPF_COUPLING_PAIRWISE), fresh = start(DBM, 3, NULL, VPF_COUPLING_PAIRWISE);
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_ESTEP_PERIOD, 1000));
  assert_ok(vpf_train(r.model, data, r.optimizer, 5, NULL, NULL));
  /* away and back: Adam starts as if new, on the parameters reached */
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_RULE, VPF_RULE_SGD));
  assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_RULE, VPF_RULE_ADAM));
  float *theta = calloc(vpf_model_param_count(r.model), sizeof *theta), *moved = calloc(vpf_model_param_count(r.model), sizeof *moved);
  assert_ok(vpf_model_get_params(r.model, theta));
  assert_ok(vpf_train(r.model, data, r.optimizer, 1, NULL, NULL));
  assert_ok(vpf_model_get_params(r.model, moved));
  /* The first step of a new Adam moves every parameter with a gradient by the learning rate. */
  size_t by_rate = 0;
  for (size_t k = 0; k < vpf_model_param_count(r.model); k++)
    by_rate += fabs(fabs((double)moved[k] - (double)theta[k]) - 1e-3) < 5e-5;
  assert_true(by_rate > vpf_model_param_count(r.model) * 9 / 10);
  free(theta);
  free(moved);
  finish(&r);
  finish(&fresh);
  vpf_data_destroy(data);
}

static void every_shape_trains(void **state) {
  (void)state;
  const size_t sizes[4] = {17, 1, 5, 3};
  for (size_t layers = 1; layers <= 4; layers++)
    for (unsigned mask = 0; mask < 1u << layers; mask++)
      for (int coupling = 0; coupling < 2; coupling++) {
        const uint8_t intra[4] = {mask & 1, mask & 2, mask & 4, mask & 8};
        vpf_data *data = fixture_data(33, 17, 2);
        run r = start(sizes, layers, intra, (vpf_coupling)coupling);
        assert_ok(vpf_optimizer_set(r.optimizer, VPF_OPTION_LEARNING_RATE, 0.02));
        watcher w = {0};
        assert_ok(vpf_train(r.model, data, r.optimizer, 1, watch, &w));
        const double first = w.last.flow;
        assert_ok(vpf_train(r.model, data, r.optimizer, 10, watch, &w));
        assert_true(w.last.flow < first);
        for (size_t l = 0; l < layers; l++) {
          if (!intra[l]) continue;
          float u[17 * 17];
          assert_ok(vpf_model_get_intra(r.model, l, u));
          assert_ok(vpf_model_set_intra(r.model, l, u)); /* still exactly symmetric, zero diagonal */
        }
        finish(&r);
        vpf_data_destroy(data);
      }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(four_epochs_a_stop_inside_the_fifth_and_six_more_equal_ten),
      cmocka_unit_test(an_interrupted_epoch_reports_the_averages_of_the_whole_epoch),
      cmocka_unit_test(a_stop_at_the_last_minibatch_leaves_an_epoch_to_finish),
      cmocka_unit_test(progress_carries_what_its_documentation_says),
      cmocka_unit_test(reported_flow_is_that_of_the_inferred_states),
      cmocka_unit_test(one_step_of_sgd_follows_the_flow_gradient),
      cmocka_unit_test(adam_is_the_rule_of_its_paper),
      cmocka_unit_test(no_epochs_do_nothing),
      cmocka_unit_test(other_data_are_refused_inside_an_epoch_and_fine_between),
      cmocka_unit_test(other_data_force_an_estep_even_when_none_is_due),
      cmocka_unit_test(other_shapes_are_refused_with_both_shapes),
      cmocka_unit_test(a_diverging_field_leaves_all_as_before_the_minibatch),
      cmocka_unit_test(a_parameter_that_would_overflow_is_divergence_too),
      cmocka_unit_test(a_huge_parameter_that_stays_finite_is_trained_on),
      cmocka_unit_test(threads_and_slices_of_the_instruction_set_never_change_a_bit),
      cmocka_unit_test(trained_parameters_are_the_same_bits_wherever_this_is_compiled),
      cmocka_unit_test(a_model_can_be_used_in_the_middle_of_an_epoch),
      cmocka_unit_test(estep_draws_do_not_depend_on_batch_boundaries_or_order),
      cmocka_unit_test(training_from_the_progress_function_is_refused),
      cmocka_unit_test(a_schedule_set_by_the_progress_function_takes_effect),
      cmocka_unit_test(the_gibbs_estep_is_for_machines_with_one_energy),
      cmocka_unit_test(changing_the_rule_clears_the_moments),
      cmocka_unit_test(every_shape_trains),
  };
  return cmocka_run_group_tests_name("train", tests, NULL, NULL);
}
