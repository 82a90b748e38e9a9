/* SPDX-License-Identifier: MIT */
/* What training makes of its E-step: the states it trains on, and each option of the E-step against
 * the enumerated distribution of its procedure. One step w -= 1 * gradient over the whole data
 * shows the gradient that training used. */
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

static const family FAMILIES[] = {
    {"RBM", {3, 6}, 2, {0, 0}, VPF_COUPLING_PAIRWISE},
    {"joint RBM with both U", {3, 5}, 2, {1, 1}, VPF_COUPLING_JOINT},
    {"pairwise, three layers with U", {2, 3, 3}, 3, {1, 1, 1}, VPF_COUPLING_PAIRWISE},
    {"joint, three layers with U", {2, 3, 3}, 3, {0, 1, 1}, VPF_COUPLING_JOINT},
    {"pairwise, four layers with some U", {2, 2, 3, 2}, 4, {0, 1, 0, 1}, VPF_COUPLING_PAIRWISE},
    {"wide RBM", {70, 67}, 2, {0, 0}, VPF_COUPLING_PAIRWISE},
    {"wide pairwise machine", {65, 130, 67}, 3, {0, 1, 1}, VPF_COUPLING_PAIRWISE},
    {"wide joint machine", {65, 67, 3, 129}, 4, {1, 1, 0, 0}, VPF_COUPLING_JOINT},
};
enum { N_FAMILIES = sizeof FAMILIES / sizeof FAMILIES[0] };

typedef struct setting {
  vpf_option option;
  double value;
} setting;

/* One step of steepest descent, w -= 1 * gradient, on the whole data; returns the gradient that
 * training used, [params]. */
static float *gradient_of_training(const vpf_model *model, const vpf_data *data, uint64_t seed, const setting *more,
                                   size_t n_more) {
  const size_t count = vpf_model_param_count(model);
  float *before = calloc(count, sizeof *before), *after = calloc(count, sizeof *after);
  assert_non_null(before);
  assert_non_null(after);
  vpf_model *trained;
  vpf_optimizer *optimizer;
  assert_ok(vpf_model_clone(&trained, model));
  assert_ok(vpf_optimizer_create(&optimizer));
  assert_ok(vpf_optimizer_set_seed(optimizer, seed));
  const setting plain[] = {{VPF_OPTION_RULE, VPF_RULE_SGD},
                           {VPF_OPTION_LEARNING_RATE, 1},
                           {VPF_OPTION_WEIGHT_DECAY, 0},
                           {VPF_OPTION_BATCH_SIZE, 1048576}};
  for (size_t k = 0; k < sizeof plain / sizeof plain[0]; k++)
    assert_ok(vpf_optimizer_set(optimizer, plain[k].option, plain[k].value));
  for (size_t k = 0; k < n_more; k++) assert_ok(vpf_optimizer_set(optimizer, more[k].option, more[k].value));
  assert_ok(vpf_train(trained, data, optimizer, 1, NULL, NULL));
  assert_ok(vpf_model_get_params(model, before));
  assert_ok(vpf_model_get_params(trained, after));
  for (size_t k = 0; k < count; k++) after[k] = before[k] - after[k];
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(trained);
  free(before);
  return after;
}

static void assert_gradients_near(const float *got, const float *wanted, size_t count, const char *name) {
  float largest = 1;
  for (size_t k = 0; k < count; k++) largest = fmaxf(largest, fabsf(wanted[k]));
  for (size_t k = 0; k < count; k++)
    if (fabsf(got[k] - wanted[k]) > 1e-5f * largest)
      fail_msg("%s: parameter %zu: %.8g instead of %.8g", name, k, (double)got[k], (double)wanted[k]);
}

static void first_epoch_trains_on_the_inferred_states(void **state) {
  (void)state;
  dice d = {351};
  for (size_t f = 0; f < N_FAMILIES; f++) {
    const family *shape = &FAMILIES[f];
    vpf_model *model = family_machine(&d, shape, 0.2);
    const size_t count = vpf_model_param_count(model);
    uint8_t *bits = random_bits(&d, 90, shape->sizes[0], 0.4);
    vpf_data *data = data_of_bits(bits, 90, shape->sizes[0]), *states;
    assert_ok(vpf_model_infer(model, data, 21, &states));
    float *wanted = calloc(count, sizeof *wanted), *got = gradient_of_training(model, data, 21, NULL, 0);
    assert_non_null(wanted);
    assert_ok(vpf_model_flow_gradient(model, states, wanted));
    assert_gradients_near(got, wanted, count, shape->name);
    free(got);
    free(wanted);
    vpf_data_destroy(states);
    vpf_data_destroy(data);
    free(bits);
    vpf_model_destroy(model);
  }
}

/* L = K + lambda sum over edges w^2: an intra-layer edge counts once, biases do not decay. */
static void weight_decay_adds_two_lambda_w_to_weights_only(void **state) {
  (void)state;
  dice d = {352};
  for (size_t f = 0; f < N_FAMILIES && FAMILIES[f].sizes[0] < 10; f++) {
    vpf_model *model = family_machine(&d, &FAMILIES[f], 0.7);
    brute_machine *truth = brute_read(model);
    const size_t count = vpf_model_param_count(model);
    vpf_data *data = data_of_all_states(FAMILIES[f].sizes[0], 16);
    const setting decay = {VPF_OPTION_WEIGHT_DECAY, 0.25};
    float *with = gradient_of_training(model, data, 4, &decay, 1);
    float *without = gradient_of_training(model, data, 4, NULL, 0);
    for (size_t l = 0; l < truth->layers; l++) /* of the truth machine, keep the weights only */
      for (size_t j = 0; j < truth->size[l]; j++) truth->up[l][j] = truth->down[l][j] = 0;
    for (size_t k = 0; k < count; k++) without[k] += (float)(0.5L * *brute_parameter_at(truth, k).value);
    assert_gradients_near(with, without, count, FAMILIES[f].name);
    free(without);
    free(with);
    vpf_data_destroy(data);
    brute_free(truth);
    vpf_model_destroy(model);
  }
}

/* A two-layer machine for one pair of a pairwise model; its flat vector is the model's for that pair. */
static vpf_model *pair_of(const vpf_model *model, size_t pair) {
  const size_t sizes[2] = {vpf_model_layer_size(model, pair), vpf_model_layer_size(model, pair + 1)};
  const uint8_t intra[2] = {pair == 0 && vpf_model_has_intra(model, 0), vpf_model_has_intra(model, pair + 1) != 0};
  vpf_model *out;
  assert_ok(vpf_model_create(&out, sizes, 2, intra, VPF_COUPLING_PAIRWISE));
  float *buffer = calloc(sizes[0] * sizes[0] + sizes[1] * sizes[1] + sizes[0] * sizes[1], sizeof *buffer);
  assert_non_null(buffer);
  assert_ok(vpf_model_get_bias(model, pair, VPF_BIAS_DOWN, buffer));
  assert_ok(vpf_model_set_bias(out, 0, VPF_BIAS_DOWN, buffer));
  assert_ok(vpf_model_get_bias(model, pair + 1, VPF_BIAS_UP, buffer));
  assert_ok(vpf_model_set_bias(out, 1, VPF_BIAS_UP, buffer));
  assert_ok(vpf_model_get_weights(model, pair, buffer));
  assert_ok(vpf_model_set_weights(out, 0, buffer));
  for (size_t k = 0; k < 2; k++)
    if (intra[k]) {
      assert_ok(vpf_model_get_intra(model, pair + k, buffer));
      assert_ok(vpf_model_set_intra(out, k, buffer));
    }
  free(buffer);
  return out;
}

/* Inferred rows of the model with no U but that of one layer (and U_0, which inference does not
 * use), 0: none at all. As every draw is numbered by row, unit and pass, that layer gets the state
 * that the unswept order gives it after its sweep, all others the states before any sweep. */
static uint8_t *infer_with_one_intra(const vpf_model *model, const vpf_data *data, uint64_t seed, size_t layer) {
  size_t sizes[4], layers = vpf_model_layers(model);
  uint8_t only[4] = {0};
  only[layer] = layer > 0 && vpf_model_has_intra(model, layer);
  for (size_t l = 0; l < layers; l++) sizes[l] = vpf_model_layer_size(model, l);
  vpf_model *other;
  assert_ok(vpf_model_create(&other, sizes, layers, only, VPF_COUPLING_PAIRWISE));
  float buffer[70 * 70];
  for (size_t l = 0; l < layers; l++) {
    assert_ok(vpf_model_get_bias(model, l, VPF_BIAS_UP, buffer));
    assert_ok(vpf_model_set_bias(other, l, VPF_BIAS_UP, buffer));
    if (only[l]) {
      assert_ok(vpf_model_get_intra(model, l, buffer));
      assert_ok(vpf_model_set_intra(other, l, buffer));
    }
    if (l + 1 == layers) break;
    assert_ok(vpf_model_get_weights(model, l, buffer));
    assert_ok(vpf_model_set_weights(other, l, buffer));
  }
  vpf_data *states;
  assert_ok(vpf_model_infer(other, data, seed, &states));
  uint8_t *bits = bits_of_data(states);
  vpf_data_destroy(states);
  vpf_model_destroy(other);
  return bits;
}

/* The published DBM2 runs: h_{i+1} is drawn from, and pair i+1 trained on, h_i before its sweep. */
static void unswept_order_trains_each_pair_on_unswept_lower_and_swept_upper_states(void **state) {
  (void)state;
  static const family deep[] = {
      {"9-6+-5", {9, 6, 5}, 3, {0, 1, 0}, VPF_COUPLING_PAIRWISE},
      {"70+-66+-7+", {70, 66, 7}, 3, {1, 1, 1}, VPF_COUPLING_PAIRWISE},
      {"6-5-7+-4+", {6, 5, 7, 4}, 4, {0, 0, 1, 1}, VPF_COUPLING_PAIRWISE},
  };
  enum { ROWS = 80 };
  dice d = {353};
  for (size_t f = 0; f < sizeof deep / sizeof deep[0]; f++) {
    vpf_model *model = family_machine(&d, &deep[f], 0.2);
    const size_t units = machine_units(model), count = vpf_model_param_count(model);
    uint8_t *bits = random_bits(&d, ROWS, deep[f].sizes[0], 0.4);
    vpf_data *data = data_of_bits(bits, ROWS, deep[f].sizes[0]);
    uint8_t *unswept = infer_with_one_intra(model, data, 31, 0);
    float *wanted = calloc(count, sizeof *wanted), *to = wanted;
    assert_non_null(wanted);
    for (size_t pair = 0, first = 0; pair + 1 < deep[f].layers; first += deep[f].sizes[pair++]) {
      const size_t lower = deep[f].sizes[pair], upper = deep[f].sizes[pair + 1];
      uint8_t *swept = infer_with_one_intra(model, data, 31, pair + 1), *rows = calloc(ROWS, lower + upper);
      assert_non_null(rows);
      for (size_t r = 0; r < ROWS; r++) {
        memcpy(rows + r * (lower + upper), unswept + r * units + first, lower);
        memcpy(rows + r * (lower + upper) + lower, swept + r * units + first + lower, upper);
      }
      vpf_data *states = data_of_bits(rows, ROWS, lower + upper);
      vpf_model *machine = pair_of(model, pair);
      assert_ok(vpf_model_flow_gradient(machine, states, to));
      to += vpf_model_param_count(machine);
      vpf_model_destroy(machine);
      vpf_data_destroy(states);
      free(rows);
      free(swept);
    }
    assert_int_equal(to - wanted, count);
    const setting order = {VPF_OPTION_ESTEP_ORDER, 1};
    float *got = gradient_of_training(model, data, 31, &order, 1);
    assert_gradients_near(got, wanted, count, deep[f].name);
    free(got);
    free(wanted);
    free(unswept);
    vpf_data_destroy(data);
    free(bits);
    vpf_model_destroy(model);
  }
}

/* p(h | x) of an E-step: bottom-up with so many sweeps of the layers with U; or so many Gibbs
 * sweeps of all hidden units, from the bottom-up draw or from uniform bits. */
static long double *estep_distribution(const brute_machine *truth, const uint8_t *x, bool gibbs, bool uniform,
                                       size_t sweeps) {
  if (!gibbs) return brute_inference(truth, x, sweeps);
  const size_t visible = truth->size[0], hidden = (size_t)1 << (truth->units - visible);
  long double *p = brute_inference(truth, x, 0), *all = calloc(hidden << visible, sizeof *all);
  assert_non_null(all);
  uint8_t clamped[16] = {0};
  memset(clamped, 1, visible);
  for (size_t h = 0; h < hidden; h++)
    all[h << visible | brute_pack(x, visible)] = uniform ? 1 / (long double)hidden : p[h];
  for (size_t s = 0; s < sweeps; s++) brute_gibbs_sweep(truth, clamped, all);
  for (size_t h = 0; h < hidden; h++) p[h] = all[h << visible | brute_pack(x, visible)];
  free(all);
  return p;
}

/* Every entry of the gradient that training uses is a mean over drawn states: its expectation and
 * standard error are enumerated. 40 000 draws; 5.5 standard errors (p = 4e-8). */
static void options_of_the_estep_draw_from_the_right_distributions(void **state) {
  (void)state;
  enum { SAMPLES = 200, ROWS = 200 };
  static const struct {
    const char *name;
    size_t sizes[3], layers;
    uint8_t intra[3];
    vpf_coupling coupling;
    setting options[4];
    bool gibbs, uniform;
    size_t sweeps;
  } c[] = {
      {"bottom-up, no sweep", {2, 4}, 2, {0, 1}, VPF_COUPLING_PAIRWISE,
       {{VPF_OPTION_ESTEP_SWEEPS, 0}}, false, false, 0},
      {"bottom-up, three sweeps", {2, 3, 2}, 3, {0, 1, 1}, VPF_COUPLING_PAIRWISE,
       {{VPF_OPTION_ESTEP_SWEEPS, 3}}, false, false, 3},
      {"afresh in every minibatch", {2, 3, 2}, 3, {1, 1, 0}, VPF_COUPLING_PAIRWISE,
       {{VPF_OPTION_ESTEP_PERIOD, 0}}, false, false, 1},
      {"Gibbs from bottom-up", {2, 3, 2}, 3, {0, 0, 0}, VPF_COUPLING_JOINT,
       {{VPF_OPTION_ESTEP, 1}, {VPF_OPTION_ESTEP_SWEEPS, 1}}, true, false, 1},
      {"Gibbs from bottom-up with U", {2, 3, 2}, 3, {0, 1, 1}, VPF_COUPLING_JOINT,
       {{VPF_OPTION_ESTEP, 1}}, true, false, 1},
      {"Gibbs from uniform bits", {2, 3, 2}, 3, {1, 1, 1}, VPF_COUPLING_JOINT,
       {{VPF_OPTION_ESTEP, 1}, {VPF_OPTION_ESTEP_START, 1}}, true, true, 1},
      {"two sweeps of Gibbs from uniform bits", {2, 3, 3}, 3, {0, 1, 0}, VPF_COUPLING_JOINT,
       {{VPF_OPTION_ESTEP, 1}, {VPF_OPTION_ESTEP_START, 1}, {VPF_OPTION_ESTEP_SWEEPS, 2}}, true, true, 2},
      {"uniform bits alone", {2, 4}, 2, {0, 1}, VPF_COUPLING_PAIRWISE,
       {{VPF_OPTION_ESTEP, 1}, {VPF_OPTION_ESTEP_START, 1}, {VPF_OPTION_ESTEP_SWEEPS, 0}}, true, true, 0},
      {"Gibbs from uniform bits in every minibatch", {2, 3, 2}, 3, {0, 1, 0}, VPF_COUPLING_JOINT,
       {{VPF_OPTION_ESTEP, 1}, {VPF_OPTION_ESTEP_START, 1}, {VPF_OPTION_ESTEP_PERIOD, 0}}, true, true, 1},
  };
  dice d = {354};
  for (size_t k = 0; k < sizeof c / sizeof c[0]; k++) {
    vpf_model *model = random_machine(&d, c[k].sizes, c[k].layers, c[k].intra, c[k].coupling, 1);
    brute_machine *truth = brute_read(model);
    const size_t count = vpf_model_param_count(model), visible = truth->size[0], inputs = (size_t)1 << visible;
    const size_t hidden = (size_t)1 << (truth->units - visible);
    long double *mean = calloc(count, sizeof *mean), *variance = calloc(count, sizeof *variance);
    long double *g = calloc(count, sizeof *g), *own = calloc(count, sizeof *own);
    assert_true(mean && variance && g && own);
    for (size_t x = 0; x < inputs; x++) {
      uint8_t y[16];
      brute_unpack(x, visible, y);
      long double *p = estep_distribution(truth, y, c[k].gibbs, c[k].uniform, c[k].sweeps);
      memset(own, 0, count * sizeof *own);
      for (size_t h = 0; h < hidden; h++) {
        brute_unpack(h, truth->units - visible, y + visible);
        brute_gradient(truth, y, 1, g);
        for (size_t i = 0; i < count; i++) {
          own[i] += p[h] * g[i];
          variance[i] += p[h] * g[i] * g[i] / (long double)inputs;
        }
      }
      for (size_t i = 0; i < count; i++) {
        mean[i] += own[i] / (long double)inputs;
        variance[i] -= own[i] * own[i] / (long double)inputs;
      }
      free(p);
    }
    vpf_data *data = data_of_all_states(visible, ROWS);
    setting options[5] = {{VPF_OPTION_ESTEP_SAMPLES, SAMPLES}};
    size_t n = 1;
    for (size_t o = 0; o < 4; o++)
      if (c[k].options[o].option) options[n++] = c[k].options[o];
    float *got = gradient_of_training(model, data, 41, options, n);
    for (size_t i = 0; i < count; i++) {
      const double error = sqrt(fabs((double)variance[i]) / (ROWS * SAMPLES));
      if (fabs((double)got[i] - (double)mean[i]) > 5.5 * error + 1e-5)
        fail_msg("%s: parameter %zu: %g instead of %Lg (standard error %g)", c[k].name, i, (double)got[i], mean[i],
                 error);
    }
    free(got);
    vpf_data_destroy(data);
    free(own);
    free(g);
    free(variance);
    free(mean);
    brute_free(truth);
    vpf_model_destroy(model);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(first_epoch_trains_on_the_inferred_states),
      cmocka_unit_test(weight_decay_adds_two_lambda_w_to_weights_only),
      cmocka_unit_test(unswept_order_trains_each_pair_on_unswept_lower_and_swept_upper_states),
      cmocka_unit_test(options_of_the_estep_draw_from_the_right_distributions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
