/* SPDX-License-Identifier: MIT */
/* The centred gradient, the running average, the drop of the learning rate, and biases that start from the data: each
 * compared with its formula, computed here in double. */
#include "support/fixture.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/dice.h"

enum { ROWS = 70, MOST = 400 }; /* of rows: more than a word of them */

static void set(vpf_optimizer *o, vpf_option option, double value) {
  assert_ok(vpf_optimizer_set(o, option, value));
}

static vpf_optimizer *sgd(vpf_method method) {
  vpf_optimizer *o;
  assert_ok(vpf_optimizer_create(&o));
  set(o, VPF_OPTION_METHOD, method);
  set(o, VPF_OPTION_RULE, VPF_RULE_SGD);
  set(o, VPF_OPTION_LEARNING_RATE, 1);
  set(o, VPF_OPTION_WEIGHT_DECAY, 0);
  set(o, VPF_OPTION_BATCH_SIZE, ROWS);
  set(o, VPF_OPTION_PARTICLES, 30);
  return o;
}

/* ---- The centred gradient: Eq. (26b) from the usual one and the means of the minibatch ---- */

/* Parameters of a machine of at most three layers, in doubles: every matrix and every bias, by the public getters. */
typedef struct numbers {
  double w[2][MOST], u[3][MOST], b[3][2][32]; /* b: role UP, then DOWN */
} numbers;

typedef struct machine {
  size_t layers, sizes[3];
  uint8_t intra[3];
  vpf_coupling coupling;
} machine;

static bool has_two_biases(const machine *m, size_t layer) {
  return m->coupling == VPF_COUPLING_PAIRWISE && layer > 0 && layer + 1 < m->layers;
}

static void read_numbers(const vpf_model *model, const machine *m, numbers *out) {
  float f[MOST];
  memset(out, 0, sizeof *out);
  for (size_t l = 0; l + 1 < m->layers; l++) {
    assert_ok(vpf_model_get_weights(model, l, f));
    for (size_t k = 0; k < m->sizes[l] * m->sizes[l + 1]; k++) out->w[l][k] = (double)f[k];
  }
  for (size_t l = 0; l < m->layers; l++) {
    if (m->intra[l]) assert_ok(vpf_model_get_intra(model, l, f));
    for (size_t k = 0; m->intra[l] && k < m->sizes[l] * m->sizes[l]; k++) out->u[l][k] = (double)f[k];
    for (int role = 0; role <= has_two_biases(m, l); role++) {
      assert_ok(vpf_model_get_bias(model, l, role ? VPF_BIAS_DOWN : VPF_BIAS_UP, f));
      for (size_t k = 0; k < m->sizes[l]; k++) out->b[l][role][k] = (double)f[k];
    }
  }
}

/* What one step at rate 1 has taken away. */
static void take_step(const machine *m, vpf_method method, const vpf_data *data, bool centred, numbers *step) {
  vpf_model *model = fixture_model(m->sizes, m->layers, m->intra, m->coupling, 3);
  vpf_optimizer *o = sgd(method);
  numbers before, after;
  set(o, VPF_OPTION_CENTRED, centred);
  read_numbers(model, m, &before);
  assert_ok(vpf_train(model, data, o, 1, NULL, NULL));
  read_numbers(model, m, &after);
  const double *a = (const double *)&before, *b = (const double *)&after;
  for (size_t k = 0; k < sizeof *step / sizeof(double); k++) ((double *)step)[k] = a[k] - b[k];
  vpf_optimizer_destroy(o);
  vpf_model_destroy(model);
}

/* The means that the offsets follow at the first step. VPF: of the states of vpf_model_infer(), which are those of the
 * E-step. CD and PCD: of their fields' sigmoids where a layer is seen from below and has no U. */
static void find_offsets(const machine *m, vpf_method method, const vpf_data *data, double o[3][2][32]) {
  vpf_model *model = fixture_model(m->sizes, m->layers, m->intra, m->coupling, 3);
  vpf_data *states;
  numbers p;
  static uint8_t bits[ROWS * 100];
  read_numbers(model, m, &p);
  assert_ok(vpf_model_infer(model, data, 1, &states));
  const size_t units = vpf_model_units(model);
  assert_ok(vpf_data_to_u8(states, bits));
  memset(o, 0, 3 * sizeof *o);
  size_t first = 0, below = 0;
  for (size_t l = 0; l < m->layers; below = first, first += m->sizes[l++])
    for (size_t row = 0; row < ROWS; row++)
      for (size_t j = 0; j < m->sizes[l]; j++) {
        const double bit = bits[row * units + first + j];
        double mean = bit;
        if (method != VPF_METHOD_VPF && l > 0 && !m->intra[l]) {
          double z = p.b[l][0][j];
          for (size_t i = 0; i < m->sizes[l - 1]; i++)
            z += bits[row * units + below + i] * p.w[l - 1][i * m->sizes[l] + j];
          mean = 1 / (1 + exp(-z));
        }
        o[l][0][j] += mean / ROWS;
        o[l][1][j] += (has_two_biases(m, l) ? bit : mean) / ROWS;
      }
  vpf_data_destroy(states);
  vpf_model_destroy(model);
}

/* Eq. (26b), literally. */
static void centre(const machine *m, double o[3][2][32], numbers *g) {
  const numbers raw = *g;
  for (size_t l = 0; l + 1 < m->layers; l++) {
    const int down = has_two_biases(m, l); /* the role of the lower layer in this pair */
    for (size_t i = 0; i < m->sizes[l]; i++)
      for (size_t j = 0; j < m->sizes[l + 1]; j++) {
        double *w = &g->w[l][i * m->sizes[l + 1] + j];
        *w -= o[l][down][i] * raw.b[l + 1][0][j] + o[l + 1][0][j] * raw.b[l][down][i];
        g->b[l][down][i] -= *w * o[l + 1][0][j];
        g->b[l + 1][0][j] -= *w * o[l][down][i];
      }
  }
  for (size_t l = 0; l < m->layers; l++)
    for (size_t i = 0; m->intra[l] && i < m->sizes[l]; i++)
      for (size_t j = 0; j < m->sizes[l]; j++) {
        if (i == j) continue;
        double *u = &g->u[l][i * m->sizes[l] + j];
        *u -= o[l][0][i] * raw.b[l][0][j] + o[l][0][j] * raw.b[l][0][i];
        g->b[l][0][i] -= *u * o[l][0][j];
      }
}

static void a_centred_step_is_the_formula(void **state) {
  (void)state;
  const machine all[] = {
      {2, {20, 9}, {0, 0}, VPF_COUPLING_PAIRWISE},       {2, {19, 17}, {1, 0}, VPF_COUPLING_JOINT},
      {2, {18, 16}, {0, 1}, VPF_COUPLING_PAIRWISE},      {2, {18, 16}, {1, 1}, VPF_COUPLING_PAIRWISE},
      {1, {20}, {1}, VPF_COUPLING_PAIRWISE},             {3, {20, 11, 7}, {0, 0, 0}, VPF_COUPLING_PAIRWISE},
      {3, {20, 11, 7}, {0, 0, 1}, VPF_COUPLING_PAIRWISE}, {3, {20, 11, 7}, {0, 0, 0}, VPF_COUPLING_JOINT},
      {3, {20, 11, 7}, {1, 1, 0}, VPF_COUPLING_JOINT}};
  for (size_t k = 0; k < sizeof all / sizeof *all; k++)
    for (int method = VPF_METHOD_VPF; method <= VPF_METHOD_PCD; method++) {
      const machine *m = &all[k];
      if (method != VPF_METHOD_VPF && m->layers == 3 && (m->coupling == VPF_COUPLING_JOINT || m->intra[1])) continue;
      vpf_data *data = fixture_data(ROWS, m->sizes[0], 5);
      numbers g, got;
      double o[3][2][32];
      take_step(m, (vpf_method)method, data, false, &g);
      take_step(m, (vpf_method)method, data, true, &got);
      find_offsets(m, (vpf_method)method, data, o);
      centre(m, o, &g);
      const double *a = (const double *)&g, *b = (const double *)&got;
      for (size_t n = 0; n < sizeof g / sizeof(double); n++) assert_close(b[n], a[n], 3e-6 * (1 + fabs(a[n])));
      vpf_data_destroy(data);
    }
}

/* Inverted data, the same machine. Exact steps of the centred gradient end equally well, where the usual ones part the two;
 * PCD with many chains is nearly exact here. Both judged before they have converged. */
static double train_and_judge(const vpf_data *data, bool centred) {
  const size_t sizes[] = {8, 3};
  vpf_model *model;
  vpf_optimizer *o = sgd(VPF_METHOD_PCD);
  double log_z, mean;
  assert_ok(vpf_model_create(&model, sizes, 2, NULL, VPF_COUPLING_JOINT));
  float w[24];
  dice d = {3};
  for (int k = 0; k < 24; k++) w[k] = (float)(0.05 * dice_normal(&d));
  assert_ok(vpf_model_set_weights(model, 0, w));
  set(o, VPF_OPTION_CENTRED, centred);
  set(o, VPF_OPTION_LEARNING_RATE, 0.1);
  set(o, VPF_OPTION_PARTICLES, 3000);
  set(o, VPF_OPTION_AVERAGE, 0.9);
  assert_ok(vpf_train(model, data, o, 200, NULL, NULL));
  vpf_model *average;
  assert_ok(vpf_optimizer_average(o, &average));
  assert_ok(vpf_exact_log_partition(average, &log_z));
  assert_ok(vpf_log_likelihood(average, data, log_z, &mean));
  vpf_model_destroy(average);
  vpf_model_destroy(model);
  vpf_optimizer_destroy(o);
  return mean;
}

static void centred_learning_does_not_care_which_state_is_called_one(void **state) {
  (void)state;
  uint8_t rows[ROWS * 8], inverted[ROWS * 8];
  dice d = {17};
  for (size_t row = 0; row < ROWS; row++) {
    const bool kind = dice_unit(&d) < 0.5;
    for (size_t j = 0; j < 8; j++) rows[row * 8 + j] = dice_unit(&d) < (kind == (j < 4) ? 0.97 : 0.75);
  }
  for (size_t k = 0; k < sizeof rows; k++) inverted[k] = !rows[k];
  vpf_data *a, *b;
  assert_ok(vpf_data_from_u8(&a, rows, ROWS, 8, 0));
  assert_ok(vpf_data_from_u8(&b, inverted, ROWS, 8, 0));
  const double centred[2] = {train_and_judge(a, true), train_and_judge(b, true)};
  const double usual[2] = {train_and_judge(a, false), train_and_judge(b, false)};
  print_message("centred %.4f %.4f, usual %.4f %.4f\n", centred[0], centred[1], usual[0], usual[1]);
  assert_close(centred[0], centred[1], 0.001);
  assert_true(fabs(usual[0] - usual[1]) > 0.004);
  vpf_data_destroy(a);
  vpf_data_destroy(b);
}

/* ---- The running average ---- */

typedef struct follower {
  const vpf_model *model;
  double decay, *average; /* [count] */
  size_t count, steps;
  float *theta;
} follower;

static int follow(const vpf_progress *p, void *user) {
  follower *f = user;
  if (p->event != VPF_PROGRESS_BATCH) return 0;
  f->steps++;
  const double early = (double)f->steps / (double)(f->steps + 10), keep = early < f->decay ? early : f->decay;
  assert_ok(vpf_model_get_params(f->model, f->theta));
  for (size_t k = 0; k < f->count; k++) f->average[k] = keep * f->average[k] + (1 - keep) * (double)f->theta[k];
  return 0;
}

static void the_average_follows_the_parameters(void **state) {
  (void)state;
  const size_t sizes[] = {20, 40, 7};
  const uint8_t intra[] = {0, 1, 0};
  for (int rule = 0; rule < 2; rule++) {
    vpf_data *data = fixture_data(200, 20, 6);
    vpf_model *model = fixture_model(sizes, 3, intra, VPF_COUPLING_PAIRWISE, 3), *average = NULL;
    vpf_optimizer *o = sgd(VPF_METHOD_VPF);
    set(o, VPF_OPTION_RULE, rule);
    set(o, VPF_OPTION_LEARNING_RATE, 0.02);
    set(o, VPF_OPTION_BATCH_SIZE, 7);
    set(o, VPF_OPTION_PROGRESS_BATCHES, 1);
    assert_status(vpf_optimizer_average(o, &average), VPF_ERR_STATE);
    assert_message_has("VPF_OPTION_AVERAGE");
    assert_null(average);
    set(o, VPF_OPTION_AVERAGE, 0.9);
    const size_t count = vpf_model_param_count(model);
    follower f = {.model = model, .decay = 0.9, .count = count, .average = calloc(count, sizeof(double)),
                  .theta = calloc(count, sizeof(float))};
    assert_ok(vpf_model_get_params(model, f.theta));
    for (size_t k = 0; k < count; k++) f.average[k] = (double)f.theta[k];
    for (int part = 0; part < 3; part++) {
      assert_ok(vpf_train(model, data, o, 2, follow, &f));
      fixture_through_the_file(&model, &o, "centred_test.safetensors");
      f.model = model;
      assert_ok(vpf_optimizer_average(o, &average));
      assert_ok(vpf_model_get_params(average, f.theta));
      for (size_t k = 0; k < count; k++) assert_close((double)f.theta[k], f.average[k], 1e-5);
      vpf_model_destroy(average);
    }
    set(o, VPF_OPTION_AVERAGE, 0);
    assert_ok(vpf_train(model, data, o, 0, NULL, NULL)); /* nothing has been trained without one yet */
    assert_ok(vpf_optimizer_average(o, &average));
    vpf_model_destroy(average);
    assert_ok(vpf_train(model, data, o, 1, NULL, NULL));
    assert_status(vpf_optimizer_average(o, &average), VPF_ERR_STATE);
    unlink("centred_test.safetensors");
    free(f.average);
    free(f.theta);
    vpf_optimizer_destroy(o);
    vpf_model_destroy(model);
    vpf_data_destroy(data);
  }
}

/* ---- The drop of the learning rate ---- */

static int drop_by_hand(const vpf_progress *p, void *user) {
  if (p->event == VPF_PROGRESS_EPOCH && p->epoch == 2) set(user, VPF_OPTION_LEARNING_RATE, 0.005);
  return 0;
}

static void the_rate_drops_where_it_is_told_to(void **state) {
  (void)state;
  const size_t sizes[] = {20, 9};
  vpf_data *data = fixture_data(100, 20, 6);
  vpf_model *model[2];
  for (int k = 0; k < 2; k++) {
    model[k] = fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 3);
    vpf_optimizer *o = sgd(VPF_METHOD_CD);
    set(o, VPF_OPTION_LEARNING_RATE, 0.05);
    set(o, VPF_OPTION_BATCH_SIZE, 10);
    if (k) set(o, VPF_OPTION_DROP_EPOCH, 3);
    assert_ok(vpf_train(model[k], data, o, 3, k ? NULL : drop_by_hand, o));
    assert_ok(vpf_train(model[k], data, o, 1, NULL, NULL)); /* counted over the optimizer's life */
    vpf_optimizer_destroy(o);
  }
  assert_true(fixture_same_params(model[0], model[1]));
  for (int k = 0; k < 2; k++) vpf_model_destroy(model[k]);
  vpf_data_destroy(data);
}

/* ---- Biases from the data ---- */

static void without_weights_the_machine_is_independent_columns(void **state) {
  (void)state;
  enum { COLS = 12 };
  const size_t sizes[] = {COLS, 5, 3};
  for (int coupling = 0; coupling < 2; coupling++)
    for (size_t layers = 1; layers <= 3; layers++) {
      if (layers == 3 && coupling == VPF_COUPLING_PAIRWISE) continue; /* it has no likelihood */
      uint8_t rows[ROWS * COLS];
      vpf_data *data = fixture_data(ROWS, COLS, 7);
      assert_ok(vpf_data_to_u8(data, rows));
      double ones[COLS] = {0}, wanted = 0, log_z, mean;
      for (size_t k = 0; k < sizeof rows; k++) ones[k % COLS] += rows[k];
      for (size_t j = 0; j < COLS; j++) {
        const double p = (ones[j] + 0.5) / (ROWS + 1);
        wanted += (ones[j] * log(p) + (ROWS - ones[j]) * log(1 - p)) / ROWS;
      }
      vpf_model *model;
      assert_ok(vpf_model_create(&model, sizes, layers, NULL, (vpf_coupling)coupling));
      assert_ok(vpf_model_init_biases(model, data));
      assert_ok(vpf_exact_log_partition(model, &log_z));
      assert_ok(vpf_log_likelihood(model, data, log_z, &mean));
      assert_close(mean, wanted, 1e-5);
      vpf_model_destroy(model);
      vpf_data_destroy(data);
    }
}

/* With weights, a unit's field is its log odds where its neighbours are at their means. */
static void with_weights_fields_at_the_means_are_log_odds(void **state) {
  (void)state;
  const machine m = {3, {20, 11, 7}, {1, 1, 0}, VPF_COUPLING_PAIRWISE};
  vpf_model *model = fixture_model(m.sizes, 3, m.intra, m.coupling, 3);
  vpf_data *data = fixture_data(ROWS, 20, 8);
  uint8_t rows[ROWS * 20];
  double mean[3][20];
  numbers p;
  assert_ok(vpf_data_to_u8(data, rows));
  for (size_t j = 0; j < 20; j++) {
    mean[0][j] = 0.5 / (ROWS + 1);
    mean[1][j] = mean[2][j] = 0.5;
    for (size_t row = 0; row < ROWS; row++) mean[0][j] += rows[row * 20 + j] / (ROWS + 1.0);
  }
  assert_ok(vpf_model_init_biases(model, data));
  read_numbers(model, &m, &p);
  for (size_t l = 0; l < 3; l++)
    for (int role = 0; role <= has_two_biases(&m, l); role++)
      for (size_t j = 0; j < m.sizes[l]; j++) {
        double z = p.b[l][role][j];
        const bool up = role == 0 && l > 0, down = l == 0 || role == 1;
        for (size_t i = 0; up && i < m.sizes[l - 1]; i++) z += p.w[l - 1][i * m.sizes[l] + j] * mean[l - 1][i];
        for (size_t i = 0; down && i < m.sizes[l + 1]; i++) z += p.w[l][j * m.sizes[l + 1] + i] * mean[l + 1][i];
        for (size_t i = 0; (role == 0) && m.intra[l] && i < m.sizes[l]; i++)
          z += p.u[l][j * m.sizes[l] + i] * mean[l][i];
        assert_close(z, log(mean[l][j] / (1 - mean[l][j])), 1e-5);
      }
  assert_status(vpf_model_init_biases(NULL, data), VPF_ERR_ARGUMENT);
  assert_status(vpf_model_init_biases(model, NULL), VPF_ERR_ARGUMENT);
  vpf_data *narrow = fixture_data(3, 19, 1);
  assert_status(vpf_model_init_biases(model, narrow), VPF_ERR_SHAPE);
  vpf_data_destroy(narrow);
  vpf_data_destroy(data);
  vpf_model_destroy(model);
}

/* ---- Fields of any size ---- */

/* Large pictures, and steep machines: nothing is exponential in the fields of CD and PCD, and VPF stops at none with which
 * a unit agrees. */
static void large_fields_stop_nothing_that_is_not_exponential_in_them(void **state) {
  (void)state;
  const size_t sizes[] = {84 * 84, 16};
  vpf_data *data = fixture_data(60, 84 * 84, 3);
  for (int method = VPF_METHOD_VPF; method <= VPF_METHOD_PCD; method++) {
    vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 3);
    vpf_optimizer *o;
    assert_ok(vpf_optimizer_create(&o));
    set(o, VPF_OPTION_METHOD, method);
    if (method != VPF_METHOD_VPF) {
      set(o, VPF_OPTION_LEARNING_RATE, 0.1);
      set(o, VPF_OPTION_WEIGHT_DECAY, 0);
    }
    assert_ok(vpf_train(model, data, o, 20, NULL, NULL));
    vpf_optimizer_destroy(o);
    vpf_model_destroy(model);
  }
  vpf_data_destroy(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_centred_step_is_the_formula),
      cmocka_unit_test(centred_learning_does_not_care_which_state_is_called_one),
      cmocka_unit_test(the_average_follows_the_parameters),
      cmocka_unit_test(the_rate_drops_where_it_is_told_to),
      cmocka_unit_test(without_weights_the_machine_is_independent_columns),
      cmocka_unit_test(with_weights_fields_at_the_means_are_log_odds),
      cmocka_unit_test(large_fields_stop_nothing_that_is_not_exponential_in_them)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
