/* SPDX-License-Identifier: MIT */
/* Contrastive divergence: its gradient against the exact expectation of the procedure and, for long
 * chains, of the likelihood; then the claims about training that it shares with VPF. */
#include "support/fixture.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/dice.h"
#include "support/enumerate.h"
#include "support/random_machine.h"

static const family families[] = {
    {"rbm", {4, 3}, 2, {0, 0}, VPF_COUPLING_PAIRWISE},
    {"rbm, one unit on a side", {1, 5}, 2, {0, 0}, VPF_COUPLING_JOINT},
    {"visible layer with U", {4, 3}, 2, {1, 0}, VPF_COUPLING_PAIRWISE},
    {"hidden layer with U", {3, 4}, 2, {0, 1}, VPF_COUPLING_JOINT},
    {"both layers with U", {3, 4}, 2, {1, 1}, VPF_COUPLING_PAIRWISE},
    {"fully observed", {6}, 1, {1}, VPF_COUPLING_JOINT},
    {"independent units", {5}, 1, {0}, VPF_COUPLING_PAIRWISE},
    {"three layers", {3, 3, 2}, 3, {0, 0, 0}, VPF_COUPLING_PAIRWISE},
    {"four layers with U", {2, 3, 2, 3}, 4, {1, 1, 0, 1}, VPF_COUPLING_PAIRWISE},
};
enum { N_FAMILIES = sizeof families / sizeof *families };

/* ---- The expected gradient, from enumeration ---- */

/* Two layers (or one) of a model as a machine of their own, through the public getters. */
static vpf_model *pair_of(const vpf_model *model, size_t pair) {
  const size_t layers = vpf_model_layers(model) > 1 ? 2 : 1;
  size_t sizes[2];
  uint8_t intra[2];
  float matrix[64];
  for (size_t l = 0; l < layers; l++) {
    sizes[l] = vpf_model_layer_size(model, pair + l);
    intra[l] = vpf_model_has_intra(model, pair + l) && (pair == 0 || l == 1);
  }
  vpf_model *out = NULL;
  assert_ok(vpf_model_create(&out, sizes, layers, intra, VPF_COUPLING_JOINT));
  for (size_t l = 0; l < layers; l++) {
    assert_ok(vpf_model_get_bias(model, pair + l, l == 0 ? VPF_BIAS_DOWN : VPF_BIAS_UP, matrix));
    assert_ok(vpf_model_set_bias(out, l, VPF_BIAS_UP, matrix));
    if (!intra[l]) continue;
    assert_ok(vpf_model_get_intra(model, pair + l, matrix));
    assert_ok(vpf_model_set_intra(out, l, matrix));
  }
  if (layers == 2) {
    assert_ok(vpf_model_get_weights(model, pair, matrix));
    assert_ok(vpf_model_set_weights(out, 0, matrix));
  }
  return out;
}

/* The distribution of the states that a pair is trained on: all rows of x with the procedure of
 * inference above them, cut down to two layers. [2^units of the pair] */
static void data_distribution(const brute_machine *whole, const uint8_t *x, size_t rows, size_t pair,
                              const brute_machine *two, long double *p) {
  memset(p, 0, ((size_t)1 << two->units) * sizeof *p);
  for (size_t r = 0; r < rows; r++) {
    uint8_t y[32];
    memcpy(y, x + r * whole->size[0], whole->size[0]);
    if (whole->layers == 1) {
      p[brute_pack(y, two->units)] += 1.0L / (long double)rows;
      continue;
    }
    long double *hidden = brute_inference(whole, y, 1);
    for (uint64_t h = 0; h < (uint64_t)1 << (whole->units - whole->size[0]); h++) {
      brute_unpack(h, whole->units - whole->size[0], y + whole->size[0]);
      p[brute_pack(y + whole->first[pair], two->units)] += hidden[h] / (long double)rows;
    }
    free(hidden);
  }
}

/* k steps down and up: with U a sweep from the present state, without it the same, since then the
 * units of a layer do not see each other. */
static void chain_distribution(const brute_machine *two, size_t steps, long double *p) {
  for (size_t s = 0; s < steps; s++)
    for (size_t l = 0; l < two->layers; l++) {
      uint8_t clamped[32];
      for (size_t k = 0; k < two->units; k++) clamped[k] = !(k >= two->first[l] && k < two->first[l] + two->size[l]);
      brute_gibbs_sweep(two, clamped, p);
    }
}

/* -<statistic>_data + <statistic>_chain in the flat order of one pair. */
static size_t pair_gradient(const vpf_model *pair, const brute_machine *two, const long double *data,
                            const long double *chain, double *out) {
  memset(out, 0, vpf_model_param_count(pair) * sizeof *out);
  const size_t n = two->size[0], m = two->layers > 1 ? two->size[1] : 0;
  size_t count = 0;
  for (uint64_t s = 0; s < (uint64_t)1 << two->units; s++) {
    uint8_t y[32];
    brute_unpack(s, two->units, y);
    const double weight = (double)(chain[s] - data[s]);
    size_t k = 0;
    for (size_t j = 0; j < two->units; j++) out[k++] += weight * y[j]; /* biases down, up */
    for (size_t i = 0; i < n; i++)
      for (size_t j = 0; j < m; j++) out[k++] += weight * y[i] * y[n + j];
    for (size_t l = 0; l < two->layers; l++)
      for (size_t i = 0; vpf_model_has_intra(pair, l) && i < two->size[l]; i++)
        for (size_t j = i + 1; j < two->size[l]; j++)
          out[k++] += weight * y[two->first[l] + i] * y[two->first[l] + j];
    count = k;
  }
  return count;
}

#define FOREVER SIZE_MAX

/* steps FOREVER: the chains are at the model's own distribution. */
static double *expected_gradient(const vpf_model *model, const uint8_t *x, size_t rows, size_t steps) {
  double *out = calloc(vpf_model_param_count(model), sizeof *out);
  brute_machine *whole = brute_read(model);
  size_t at = 0;
  for (size_t pair = 0; pair == 0 || pair + 1 < whole->layers; pair++) {
    vpf_model *two_layers = pair_of(model, pair);
    brute_machine *two = brute_read(two_layers);
    const size_t states = (size_t)1 << two->units;
    long double *data = malloc(states * sizeof *data), *chain = malloc(states * sizeof *chain);
    data_distribution(whole, x, rows, pair, two, data);
    memcpy(chain, data, states * sizeof *chain);
    if (steps == FOREVER) {
      free(chain);
      chain = brute_distribution(two);
    } else {
      chain_distribution(two, steps, chain);
    }
    at += pair_gradient(two_layers, two, data, chain, out + at);
    free(data);
    free(chain);
    brute_free(two);
    vpf_model_destroy(two_layers);
  }
  assert_int_equal(at, vpf_model_param_count(model));
  brute_free(whole);
  return out;
}

/* ---- The gradient that training follows ---- */

static void set(vpf_optimizer *o, vpf_option option, double value) {
  assert_ok(vpf_optimizer_set(o, option, value));
}

static vpf_optimizer *plain_sgd(vpf_method method, size_t steps, size_t rows) {
  vpf_optimizer *o = NULL;
  assert_ok(vpf_optimizer_create(&o));
  set(o, VPF_OPTION_METHOD, method);
  set(o, VPF_OPTION_GIBBS_STEPS, (double)steps);
  set(o, VPF_OPTION_RULE, VPF_RULE_SGD);
  set(o, VPF_OPTION_LEARNING_RATE, 1);
  set(o, VPF_OPTION_WEIGHT_DECAY, 0);
  set(o, VPF_OPTION_BATCH_SIZE, (double)rows);
  return o;
}

static float *params_of(const vpf_model *model) {
  float *theta = malloc(vpf_model_param_count(model) * sizeof *theta);
  assert_ok(vpf_model_get_params(model, theta));
  return theta;
}

/* One step of SGD at rate 1 on `copies` copies of the rows: what it took away is the gradient. */
static double *trained_gradient(const vpf_model *model, const uint8_t *x, size_t rows, size_t copies,
                                vpf_optimizer *o) {
  const size_t cols = vpf_model_layer_size(model, 0), count = vpf_model_param_count(model);
  uint8_t *many = malloc(rows * copies * cols);
  for (size_t c = 0; c < copies; c++) memcpy(many + c * rows * cols, x, rows * cols);
  vpf_data *data = data_of_bits(many, rows * copies, cols);
  vpf_model *trained = NULL;
  assert_ok(vpf_model_clone(&trained, model));
  float *before = params_of(trained);
  assert_ok(vpf_train(trained, data, o, 1, NULL, NULL));
  float *after = params_of(trained);
  double *gradient = malloc(count * sizeof *gradient);
  for (size_t k = 0; k < count; k++) gradient[k] = (double)before[k] - (double)after[k];
  free(before);
  free(after);
  free(many);
  vpf_data_destroy(data);
  vpf_model_destroy(trained);
  return gradient;
}

/* Every entry is a difference of two means over that many bits, at most, so its standard deviation
 * is below 1 / sqrt(2 chains); six of them, and the rounding of float sums. */
static void assert_gradient(const double *got, const double *wanted, size_t count, size_t chains, const char *name) {
  const double tolerance = 6 / sqrt(2.0 * (double)chains) + 1e-4;
  for (size_t k = 0; k < count; k++)
    if (!(fabs(got[k] - wanted[k]) <= tolerance))
      fail_msg("%s: parameter %zu: %.5f, expected %.5f within %.5f", name, k, got[k], wanted[k], tolerance);
}

static void cd_follows_the_expectation_of_its_procedure(void **state) {
  (void)state;
  enum { ROWS = 4, COPIES = 15000 };
  dice d = {71};
  for (size_t f = 0; f < N_FAMILIES; f++)
    for (size_t steps = 1; steps <= 3; steps += 2) {
      vpf_model *model = family_machine(&d, &families[f], 1.2);
      uint8_t *x = random_bits(&d, ROWS, families[f].sizes[0], 0.5);
      vpf_optimizer *o = plain_sgd(VPF_METHOD_CD, steps, ROWS * COPIES);
      double *wanted = expected_gradient(model, x, ROWS, steps);
      double *got = trained_gradient(model, x, ROWS, COPIES, o);
      assert_gradient(got, wanted, vpf_model_param_count(model), ROWS * COPIES, families[f].name);
      free(got);
      free(wanted);
      free(x);
      vpf_optimizer_destroy(o);
      vpf_model_destroy(model);
    }
}

/* The other limit: with the chains forgotten where they began, both are the gradient of the
 * likelihood, which is this one where inference is exact (no U on the hidden side). */
static void long_chains_follow_the_likelihood(void **state) {
  (void)state;
#ifdef VPF_SANITIZED /* which look for other errors than those of distributions */
  enum { ROWS = 3, CHAINS = 6000, STEPS = 30 };
#else
  enum { ROWS = 3, CHAINS = 30000, STEPS = 30 };
#endif
  dice d = {72};
  for (size_t f = 0; f < N_FAMILIES; f++)
    for (int method = VPF_METHOD_CD; method <= VPF_METHOD_PCD; method++) {
      vpf_model *model = family_machine(&d, &families[f], 0.8);
      uint8_t *x = random_bits(&d, ROWS, families[f].sizes[0], 0.5);
      /* as many chains as rows, or four times as many, which must count as much as the rows */
      const size_t copies = method == VPF_METHOD_CD ? CHAINS / ROWS : CHAINS / ROWS / 4;
      vpf_optimizer *o = plain_sgd((vpf_method)method, STEPS, ROWS * copies);
      set(o, VPF_OPTION_PARTICLES, CHAINS);
      double *wanted = expected_gradient(model, x, ROWS, FOREVER);
      double *got = trained_gradient(model, x, ROWS, copies, o);
      assert_gradient(got, wanted, vpf_model_param_count(model), CHAINS, families[f].name);
      free(got);
      free(wanted);
      free(x);
      vpf_optimizer_destroy(o);
      vpf_model_destroy(model);
    }
}

/* Steps at a rate that changes nothing, and then one that shows the gradient. */
static double *gradient_after(const vpf_model *model, const uint8_t *x, size_t rows, size_t copies, vpf_optimizer *o,
                              size_t epochs) {
  set(o, VPF_OPTION_LEARNING_RATE, 1e-12);
  for (size_t e = 0; e < epochs; e++) free(trained_gradient(model, x, rows, copies, o));
  set(o, VPF_OPTION_LEARNING_RATE, 1);
  return trained_gradient(model, x, rows, copies, o);
}

static bool data_part_is_exact(const family *f) {
  return f->layers == 1 || (f->layers == 2 && !f->intra[1]);
}

/* PCD-1 forgets where its particles began only if they go on from minibatch to minibatch, with new
 * random numbers each time. */
static void particles_persist(void **state) {
  (void)state;
  enum { ROWS = 3, CHAINS = 30000 };
  dice d = {74};
  for (size_t f = 0; f < N_FAMILIES; f++) {
    if (!data_part_is_exact(&families[f])) continue; /* three rows alone would scatter */
    vpf_model *model = family_machine(&d, &families[f], 0.8);
    uint8_t *x = random_bits(&d, ROWS, families[f].sizes[0], 0.5);
    vpf_optimizer *o = plain_sgd(VPF_METHOD_PCD, 1, ROWS);
    set(o, VPF_OPTION_PARTICLES, CHAINS);
    set(o, VPF_OPTION_SHUFFLE, 0);
    double *wanted = expected_gradient(model, x, ROWS, FOREVER);
    double *got = gradient_after(model, x, ROWS, 1, o, 30);
    assert_gradient(got, wanted, vpf_model_param_count(model), CHAINS, families[f].name);
    free(got);
    free(wanted);
    free(x);
    vpf_optimizer_destroy(o);
    vpf_model_destroy(model);
  }
}

/* The same parameters and data in another epoch: other chains. (A machine of one layer, whose data
 * part has no chance in it.) */
static void every_epoch_draws_its_own_chains(void **state) {
  (void)state;
  enum { ROWS = 3, COPIES = 500 };
  const family observed = {"fully observed", {6}, 1, {1}, VPF_COUPLING_JOINT};
  dice d = {75};
  vpf_model *model = family_machine(&d, &observed, 0.5);
  uint8_t *x = random_bits(&d, ROWS, 6, 0.5);
  vpf_optimizer *o = plain_sgd(VPF_METHOD_CD, 1, ROWS * COPIES);
  double *first = gradient_after(model, x, ROWS, COPIES, o, 0), *second = gradient_after(model, x, ROWS, COPIES, o, 0);
  size_t same = 0;
  for (size_t k = 0; k < vpf_model_param_count(model); k++) same += fabs(first[k] - second[k]) < 1e-6;
  assert_true(same < vpf_model_param_count(model) / 2);
  free(first);
  free(second);
  free(x);
  vpf_optimizer_destroy(o);
  vpf_model_destroy(model);
}

/* The derivative of the exact mean log-likelihood, by central differences: the formula above is
 * the gradient of what it claims. */
static void the_limit_is_the_derivative_of_the_exact_likelihood(void **state) {
  (void)state;
  dice d = {73};
  for (size_t f = 0; f < 3; f++) {
    vpf_model *model = family_machine(&d, &families[f], 0.8);
    uint8_t *x = random_bits(&d, 3, families[f].sizes[0], 0.5);
    vpf_data *data = data_of_bits(x, 3, families[f].sizes[0]);
    double *wanted = expected_gradient(model, x, 3, FOREVER);
    float *theta = params_of(model);
    for (size_t k = 0; k < vpf_model_param_count(model); k++) {
      const float old = theta[k], h = 1.0f / 256;
      double value[2];
      for (int side = 0; side < 2; side++) {
        double log_z;
        theta[k] = side ? old + h : old - h;
        assert_ok(vpf_model_set_params(model, theta));
        assert_ok(vpf_exact_log_partition(model, &log_z));
        assert_ok(vpf_log_likelihood(model, data, log_z, &value[side]));
      }
      const double width = (double)(old + h) - (double)(old - h);
      assert_close(-(value[1] - value[0]) / width, wanted[k], 1e-4);
      theta[k] = old;
    }
    free(theta);
    free(wanted);
    free(x);
    vpf_data_destroy(data);
    vpf_model_destroy(model);
  }
}

/* ---- What it shares with VPF ---- */

typedef struct machine {
  vpf_model *model;
  vpf_optimizer *optimizer;
} machine;

static const family deep = {"deep", {20, 17, 9}, 3, {1, 1, 0}, VPF_COUPLING_PAIRWISE};

static machine start(vpf_method method, double threads) {
  machine m = {NULL, NULL};
  m.model = fixture_model(deep.sizes, deep.layers, deep.intra, deep.coupling, 5);
  assert_ok(vpf_optimizer_create(&m.optimizer));
  set(m.optimizer, VPF_OPTION_METHOD, method);
  set(m.optimizer, VPF_OPTION_GIBBS_STEPS, 2);
  set(m.optimizer, VPF_OPTION_PARTICLES, 13);
  set(m.optimizer, VPF_OPTION_BATCH_SIZE, 8);
  set(m.optimizer, VPF_OPTION_WEIGHT_DECAY, 1e-4);
  set(m.optimizer, VPF_OPTION_THREADS, threads);
  return m;
}

static void drop(machine *m) {
  vpf_model_destroy(m->model);
  vpf_optimizer_destroy(m->optimizer);
}

static int stop_at_batch(const vpf_progress *p, void *user) {
  return p->event == VPF_PROGRESS_BATCH && p->batch == *(const size_t *)user;
}

/* 83 rows: the last minibatch of an epoch is short. */
static void interruptions_threads_and_files_change_nothing(void **state) {
  (void)state;
  vpf_data *data = fixture_data(83, 20, 3);
  const vpf_method methods[] = {VPF_METHOD_CD, VPF_METHOD_PCD};
  for (int k = 0; k < 2; k++) {
    machine whole = start(methods[k], 1);
    assert_ok(vpf_train(whole.model, data, whole.optimizer, 5, NULL, NULL));
    for (double threads = 1; threads <= 7; threads += 3) {
      machine parts = start(methods[k], threads);
      size_t stop = 4;
      assert_ok(vpf_train(parts.model, data, parts.optimizer, 2, NULL, NULL));
      set(parts.optimizer, VPF_OPTION_PROGRESS_BATCHES, 1);
      assert_ok(vpf_train(parts.model, data, parts.optimizer, 1, stop_at_batch, &stop));
      assert_int_equal(vpf_optimizer_last_stop(parts.optimizer), VPF_STOP_CALLBACK);
      fixture_through_the_file(&parts.model, &parts.optimizer, "contrast.safetensors");
      assert_ok(vpf_train(parts.model, data, parts.optimizer, 3, NULL, NULL));
      assert_true(fixture_same_params(whole.model, parts.model));
      drop(&parts);
    }
    drop(&whole);
  }
  vpf_data_destroy(data);
}

/* VPF, then PCD, VPF, CD and PCD: in one go, and with a file between any two. */
static void a_run_can_change_its_method(void **state) {
  (void)state;
  const vpf_method methods[] = {VPF_METHOD_VPF, VPF_METHOD_PCD, VPF_METHOD_VPF, VPF_METHOD_CD, VPF_METHOD_PCD};
  vpf_data *data = fixture_data(83, 20, 4);
  machine one = start(VPF_METHOD_VPF, 0), two = start(VPF_METHOD_VPF, 0);
  for (size_t k = 0; k < sizeof methods / sizeof *methods; k++) {
    vpf_model *before = NULL;
    assert_ok(vpf_model_clone(&before, one.model));
    set(one.optimizer, VPF_OPTION_METHOD, methods[k]);
    assert_ok(vpf_train(one.model, data, one.optimizer, 2, NULL, NULL));
    assert_false(fixture_same_params(before, one.model));
    vpf_model_destroy(before);

    fixture_through_the_file(&two.model, &two.optimizer, "method.safetensors");
    set(two.optimizer, VPF_OPTION_METHOD, methods[k]);
    assert_ok(vpf_train(two.model, data, two.optimizer, 2, NULL, NULL));
    assert_true(fixture_same_params(one.model, two.model));
  }
  drop(&one);
  drop(&two);
  vpf_data_destroy(data);
}

/* An epoch is finished by the method and the particles that it began with. */
static void an_unfinished_epoch_keeps_its_method(void **state) {
  (void)state;
  vpf_data *data = fixture_data(83, 20, 4);
  size_t stop = 4;
  for (int other = VPF_METHOD_VPF; other <= VPF_METHOD_CD; other++) {
    machine whole = start(VPF_METHOD_PCD, 0), parts = start(VPF_METHOD_PCD, 0);
    assert_ok(vpf_train(whole.model, data, whole.optimizer, 1, NULL, NULL));
    set(parts.optimizer, VPF_OPTION_PROGRESS_BATCHES, 1);
    assert_ok(vpf_train(parts.model, data, parts.optimizer, 1, stop_at_batch, &stop));
    set(parts.optimizer, VPF_OPTION_METHOD, other);
    set(parts.optimizer, VPF_OPTION_PARTICLES, 40);
    fixture_through_the_file(&parts.model, &parts.optimizer, "unfinished.safetensors");
    assert_ok(vpf_train(parts.model, data, parts.optimizer, 1, NULL, NULL));
    assert_true(fixture_same_params(whole.model, parts.model));
    assert_ok(vpf_train(parts.model, data, parts.optimizer, 1, NULL, NULL)); /* and the next one does not */
    assert_ok(vpf_train(whole.model, data, whole.optimizer, 1, NULL, NULL));
    assert_false(fixture_same_params(whole.model, parts.model));
    drop(&whole);
    drop(&parts);
  }
  vpf_data_destroy(data);
}

/* The number of particles is the user's, whatever the minibatch: more of them only calm the noise. */
static void particles_need_not_match_the_minibatch(void **state) {
  (void)state;
  vpf_data *data = fixture_data(50, 20, 9);
  const double particles[] = {1, 7, 64, 65, 300};
  for (int k = 0; k < 5; k++) {
    machine m = start(VPF_METHOD_PCD, 0);
    set(m.optimizer, VPF_OPTION_PARTICLES, particles[k]);
    assert_ok(vpf_train(m.model, data, m.optimizer, 3, NULL, NULL));
    set(m.optimizer, VPF_OPTION_PARTICLES, particles[4 - k]);
    assert_ok(vpf_train(m.model, data, m.optimizer, 3, NULL, NULL));
    drop(&m);
  }
  vpf_data_destroy(data);
}

static int keep_flow(const vpf_progress *p, void *user) {
  *(vpf_progress *)user = *p;
  return 0;
}

/* K is that of the states the data part is made of: fresh samples from the rows. */
static void progress_reports_the_flow_and_activity_of_the_data(void **state) {
  (void)state;
  const size_t sizes[] = {20, 9};
  vpf_data *data = fixture_data(40, 20, 6), *states = NULL;
  vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 8);
  vpf_optimizer *o = plain_sgd(VPF_METHOD_CD, 1, 40);
  vpf_progress last;
  double flow;
  assert_ok(vpf_model_infer(model, data, 1, &states));
  assert_ok(vpf_model_flow(model, states, &flow));
  assert_ok(vpf_train(model, data, o, 1, keep_flow, &last));
  assert_close(last.flow, flow, 1e-4);
  assert_int_equal(last.rows, 40);
  assert_int_equal(last.batches, 1);
  vpf_optimizer_destroy(o);
  vpf_model_destroy(model);
  vpf_data_destroy(states);
  vpf_data_destroy(data);
}

static void divergence_leaves_the_particles_too(void **state) {
  (void)state;
  vpf_data *data = fixture_data(83, 20, 4);
  machine m = start(VPF_METHOD_PCD, 0);
  set(m.optimizer, VPF_OPTION_RULE, VPF_RULE_SGD);
  assert_ok(vpf_train(m.model, data, m.optimizer, 1, NULL, NULL));
  vpf_model *before = NULL;
  vpf_optimizer *copy = NULL;
  assert_ok(vpf_checkpoint_save(m.model, m.optimizer, "before.safetensors"));
  float *theta = params_of(m.model);
  float *large = params_of(m.model);
  double rate, decay;
  assert_ok(vpf_optimizer_get(m.optimizer, VPF_OPTION_LEARNING_RATE, &rate));
  assert_ok(vpf_optimizer_get(m.optimizer, VPF_OPTION_WEIGHT_DECAY, &decay));
  for (size_t k = 0; k < vpf_model_param_count(m.model); k++) large[k] = 1e37f;
  assert_ok(vpf_model_set_params(m.model, large));
  assert_ok(vpf_optimizer_set(m.optimizer, VPF_OPTION_LEARNING_RATE, 10));
  assert_ok(vpf_optimizer_set(m.optimizer, VPF_OPTION_WEIGHT_DECAY, 100));
  assert_status(vpf_train(m.model, data, m.optimizer, 1, NULL, NULL), VPF_ERR_DIVERGED);
  assert_message_has("a weight would not be finite; the learning rate is 10;");
  assert_ok(vpf_optimizer_set(m.optimizer, VPF_OPTION_LEARNING_RATE, rate));
  assert_ok(vpf_optimizer_set(m.optimizer, VPF_OPTION_WEIGHT_DECAY, decay));
  assert_ok(vpf_model_set_params(m.model, theta));
  assert_ok(vpf_train(m.model, data, m.optimizer, 1, NULL, NULL));
  assert_ok(vpf_checkpoint_load(&before, &copy, "before.safetensors"));
  assert_ok(vpf_train(before, data, copy, 1, NULL, NULL));
  assert_true(fixture_same_params(before, m.model));
  free(theta);
  free(large);
  vpf_model_destroy(before);
  vpf_optimizer_destroy(copy);
  drop(&m);
  vpf_data_destroy(data);
}

static int stop_after_epoch(const vpf_progress *p, void *user) {
  (void)user;
  return p->event == VPF_PROGRESS_EPOCH;
}

/* As many epochs as there are numbers: until the callback says so, also when it is not the first run. */
static void training_without_end_is_ended_by_its_callback(void **state) {
  (void)state;
  vpf_data *data = fixture_data(83, 20, 4);
  machine m = start(VPF_METHOD_VPF, 1);
  for (int run = 0; run < 3; run++) {
    vpf_model *before = NULL;
    assert_ok(vpf_model_clone(&before, m.model));
    assert_ok(vpf_train(m.model, data, m.optimizer, SIZE_MAX, stop_after_epoch, NULL));
    assert_int_equal(vpf_optimizer_last_stop(m.optimizer), VPF_STOP_CALLBACK);
    assert_false(fixture_same_params(before, m.model));
    vpf_model_destroy(before);
  }
  drop(&m);
  vpf_data_destroy(data);
}

/* ---- Deep machines with one energy ---- */

enum { DEEP = 3, DEEP_UNITS = 11 };
static const size_t DEEP_SIZES[DEEP] = {5, 4, 2};

/* Means of units, and of pairs that an edge joins. */
typedef struct deep_moments {
  double unit[DEEP_UNITS], edge[2][20];
} deep_moments;

/* Mean field by plain iteration, long after it has settled. */
static void deep_data_moments(const vpf_model *model, const uint8_t *x, size_t rows, deep_moments *out) {
  float w[2][20], b[DEEP][5];
  for (size_t l = 0; l < DEEP; l++) assert_ok(vpf_model_get_bias(model, l, VPF_BIAS_UP, b[l]));
  for (size_t l = 0; l + 1 < DEEP; l++) assert_ok(vpf_model_get_weights(model, l, w[l]));
  memset(out, 0, sizeof *out);
  for (size_t row = 0; row < rows; row++) {
    double mu[DEEP][5] = {{0}};
    for (size_t i = 0; i < DEEP_SIZES[0]; i++) mu[0][i] = x[row * DEEP_SIZES[0] + i];
    for (int k = 0; k < 500; k++)
      for (size_t l = 1; l < DEEP; l++)
        for (size_t j = 0; j < DEEP_SIZES[l]; j++) {
          double z = (double)b[l][j];
          for (size_t i = 0; i < DEEP_SIZES[l - 1]; i++) z += mu[l - 1][i] * (double)w[l - 1][i * DEEP_SIZES[l] + j];
          for (size_t i = 0; l + 1 < DEEP && i < DEEP_SIZES[l + 1]; i++)
            z += mu[l + 1][i] * (double)w[l][j * DEEP_SIZES[l + 1] + i];
          mu[l][j] = 1 / (1 + exp(-z));
        }
    for (size_t l = 0, at = 0; l < DEEP; at += DEEP_SIZES[l++])
      for (size_t j = 0; j < DEEP_SIZES[l]; j++) {
        out->unit[at + j] += mu[l][j] / (double)rows;
        for (size_t k = 0; l + 1 < DEEP && k < DEEP_SIZES[l + 1]; k++)
          out->edge[l][j * DEEP_SIZES[l + 1] + k] += mu[l][j] * mu[l + 1][k] / (double)rows;
      }
  }
}

/* Of the machine itself, over all of its states. */
static void deep_model_moments(const vpf_model *model, deep_moments *out) {
  enum { STATES = 1 << DEEP_UNITS };
  static uint8_t y[STATES * DEEP_UNITS];
  static double energy[STATES];
  double z = 0;
  for (size_t s = 0; s < STATES; s++)
    for (size_t j = 0; j < DEEP_UNITS; j++) y[s * DEEP_UNITS + j] = s >> j & 1;
  vpf_data *all = data_of_bits(y, STATES, DEEP_UNITS);
  assert_ok(vpf_model_energy(model, all, energy));
  for (size_t s = 0; s < STATES; s++) z += exp(-energy[s]);
  memset(out, 0, sizeof *out);
  for (size_t s = 0; s < STATES; s++) {
    const uint8_t *bits = y + s * DEEP_UNITS;
    const double p = exp(-energy[s]) / z;
    for (size_t l = 0, at = 0; l < DEEP; at += DEEP_SIZES[l++])
      for (size_t j = 0; j < DEEP_SIZES[l]; j++) {
        out->unit[at + j] += p * bits[at + j];
        for (size_t k = 0; l + 1 < DEEP && k < DEEP_SIZES[l + 1]; k++)
          out->edge[l][j * DEEP_SIZES[l + 1] + k] += p * bits[at + j] * bits[at + DEEP_SIZES[l] + k];
      }
  }
  vpf_data_destroy(all);
}

/* The gradient, in the order of parameters: that of a machine which has it for parameters. */
static float *deep_gradient(const deep_moments *data, const deep_moments *model) {
  vpf_model *holder;
  assert_ok(vpf_model_create(&holder, DEEP_SIZES, DEEP, NULL, VPF_COUPLING_JOINT));
  for (size_t l = 0, at = 0; l < DEEP; at += DEEP_SIZES[l++]) {
    float w[20], b[5];
    for (size_t j = 0; j < DEEP_SIZES[l]; j++) b[j] = (float)(model->unit[at + j] - data->unit[at + j]);
    assert_ok(vpf_model_set_bias(holder, l, VPF_BIAS_UP, b));
    if (l + 1 == DEEP) continue;
    for (size_t k = 0; k < DEEP_SIZES[l] * DEEP_SIZES[l + 1]; k++) w[k] = (float)(model->edge[l][k] - data->edge[l][k]);
    assert_ok(vpf_model_set_weights(holder, l, w));
  }
  float *out = params_of(holder);
  vpf_model_destroy(holder);
  return out;
}

static vpf_model *deep_machine(void) {
  vpf_model *model;
  dice d = {91};
  assert_ok(vpf_model_create(&model, DEEP_SIZES, DEEP, NULL, VPF_COUPLING_JOINT));
  float *theta = params_of(model);
  for (size_t k = 0; k < vpf_model_param_count(model); k++) theta[k] = (float)(1.2 * dice_normal(&d));
  assert_ok(vpf_model_set_params(model, theta));
  free(theta);
  return model;
}

/* With long chains: mean field of the data, minus the machine's own moments. */
static void deep_joint_machines_follow_mean_field_minus_the_machine(void **state) {
  (void)state;
  enum { ROWS = 3, COPIES = 10000, STEPS = 40 };
  vpf_model *model = deep_machine();
  dice d = {92};
  uint8_t *x = random_bits(&d, ROWS, DEEP_SIZES[0], 0.5);
  deep_moments data, own;
  deep_data_moments(model, x, ROWS, &data);
  deep_model_moments(model, &own);
  float *wanted = deep_gradient(&data, &own);
  const size_t count = vpf_model_param_count(model);
  double *expected = malloc(count * sizeof *expected);
  for (size_t k = 0; k < count; k++) expected[k] = (double)wanted[k];
  for (int method = VPF_METHOD_CD; method <= VPF_METHOD_PCD; method++) {
    vpf_optimizer *o = plain_sgd((vpf_method)method, STEPS, ROWS * COPIES);
    set(o, VPF_OPTION_PARTICLES, ROWS * COPIES);
    double *got = trained_gradient(model, x, ROWS, COPIES, o);
    assert_gradient(got, expected, count, ROWS * COPIES, "deep");
    free(got);
    vpf_optimizer_destroy(o);
  }
  free(expected);
  free(wanted);
  free(x);
  vpf_model_destroy(model);
}

/* Two kinds of rows that no independent columns can tell: learned, in two hidden layers, with the bits of any number of
 * threads. */
static void deep_joint_machines_learn(void **state) {
  (void)state;
  enum { ROWS = 200, COLS = 8 };
  const size_t sizes[] = {COLS, 5, 3};
  uint8_t x[ROWS * COLS];
  dice d = {93};
  for (size_t k = 0; k < sizeof x; k++) x[k] = dice_unit(&d) < ((k / COLS % 2 == 0) == (k % COLS < 4) ? 0.9 : 0.1);
  vpf_data *data = data_of_bits(x, ROWS, COLS);
  vpf_model *by[2];
  for (int threads = 1; threads <= 2; threads++) {
    vpf_model *model = by[threads - 1] = fixture_model(sizes, 3, NULL, VPF_COUPLING_JOINT, 5);
    vpf_optimizer *o = plain_sgd(VPF_METHOD_PCD, 1, 20);
    set(o, VPF_OPTION_LEARNING_RATE, 0.1);
    set(o, VPF_OPTION_CENTRED, 1);
    set(o, VPF_OPTION_THREADS, threads);
    assert_ok(vpf_model_init_biases(model, data));
    assert_ok(vpf_train(model, data, o, 150, NULL, NULL));
    vpf_optimizer_destroy(o);
  }
  double log_z, mean;
  assert_true(fixture_same_params(by[0], by[1]));
  assert_ok(vpf_exact_log_partition(by[0], &log_z));
  assert_ok(vpf_log_likelihood(by[0], data, log_z, &mean));
  const double columns = -COLS * log(2), possible = -log(2) + COLS * (0.9 * log(0.9) + 0.1 * log(0.1));
  print_message("log p %.3f, independent columns %.3f, the source %.3f\n", mean, columns, possible);
  assert_true(mean > possible - 0.15);
  for (int k = 0; k < 2; k++) vpf_model_destroy(by[k]);
  vpf_data_destroy(data);
}

static void deep_joint_machines_with_intra_layer_weights_are_refused(void **state) {
  (void)state;
  const size_t sizes[] = {6, 5, 4};
  const uint8_t intra[] = {0, 1, 0};
  vpf_data *data = fixture_data(10, 6, 1);
  vpf_model *model = fixture_model(sizes, 3, intra, VPF_COUPLING_JOINT, 1);
  vpf_optimizer *o = plain_sgd(VPF_METHOD_PCD, 1, 10);
  assert_status(vpf_train(model, data, o, 1, NULL, NULL), VPF_ERR_UNSUPPORTED);
  assert_message_has("layer 1 has some");
  vpf_optimizer_destroy(o);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
}

/* ---- Chains in turns ---- */

/* With some of the particles used in each minibatch, the chains are the same ones: the step is that of a batch of those. */
static void particles_take_turns(void **state) {
  (void)state;
  const size_t sizes[] = {20, 9};
  vpf_data *data = fixture_data(40, 20, 6);
  for (int used = 1; used <= 13; used += 3) { /* of 13, in minibatches of 8: the turns do not end with the epochs */
    vpf_model *model[2];
    for (int k = 0; k < 2; k++) {
      model[k] = fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 3);
      vpf_optimizer *o = plain_sgd(VPF_METHOD_PCD, 1, 8);
      set(o, VPF_OPTION_LEARNING_RATE, 0.05);
      set(o, VPF_OPTION_PARTICLES, 13);
      set(o, VPF_OPTION_PARTICLES_PER_BATCH, used == 13 && k ? 0 : used);
      for (int epoch = 0; epoch < 3; epoch++) {
        assert_ok(vpf_train(model[k], data, o, 1, NULL, NULL));
        if (k) fixture_through_the_file(&model[k], &o, "turns.safetensors");
      }
      vpf_optimizer_destroy(o);
    }
    assert_true(fixture_same_params(model[0], model[1]));
    for (int k = 0; k < 2; k++) vpf_model_destroy(model[k]);
  }
  remove("turns.safetensors");
  vpf_data_destroy(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cd_follows_the_expectation_of_its_procedure),
      cmocka_unit_test(long_chains_follow_the_likelihood),
      cmocka_unit_test(particles_persist),
      cmocka_unit_test(every_epoch_draws_its_own_chains),
      cmocka_unit_test(the_limit_is_the_derivative_of_the_exact_likelihood),
      cmocka_unit_test(interruptions_threads_and_files_change_nothing),
      cmocka_unit_test(a_run_can_change_its_method),
      cmocka_unit_test(an_unfinished_epoch_keeps_its_method),
      cmocka_unit_test(particles_need_not_match_the_minibatch),
      cmocka_unit_test(progress_reports_the_flow_and_activity_of_the_data),
      cmocka_unit_test(divergence_leaves_the_particles_too),
      cmocka_unit_test(training_without_end_is_ended_by_its_callback),
      cmocka_unit_test(deep_joint_machines_follow_mean_field_minus_the_machine),
      cmocka_unit_test(deep_joint_machines_learn),
      cmocka_unit_test(deep_joint_machines_with_intra_layer_weights_are_refused),
      cmocka_unit_test(particles_take_turns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
