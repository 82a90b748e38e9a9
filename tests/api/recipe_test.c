/* SPDX-License-Identifier: MIT */
/* Recipes: what they set, that they reach what they are for, and that training by one says when it has converged. */
#include "support/fixture.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/dice.h"

static double option(const vpf_optimizer *o, vpf_option key) {
  double value = NAN;
  assert_ok(vpf_optimizer_get(o, key, &value));
  return value;
}

static void every_recipe_has_a_name_and_a_purpose(void **state) {
  (void)state;
  static const char *const names[] = {"paper", "likelihood", "fully_visible", "sparse"};
  for (int k = 0; k < 4; k++) {
    assert_string_equal(vpf_recipe_name((vpf_recipe)k), names[k]);
    assert_true(strlen(vpf_recipe_purpose((vpf_recipe)k)) > 10);
  }
  for (int k = -1; k < 20; k += 5) {
    assert_null(vpf_recipe_name((vpf_recipe)k));
    assert_null(vpf_recipe_purpose((vpf_recipe)k));
  }
}

static void values_of_options_have_names(void **state) {
  (void)state;
  assert_string_equal(vpf_option_value_name(VPF_OPTION_METHOD, VPF_METHOD_VPF), "vpf");
  assert_string_equal(vpf_option_value_name(VPF_OPTION_METHOD, VPF_METHOD_CD), "cd");
  assert_string_equal(vpf_option_value_name(VPF_OPTION_METHOD, VPF_METHOD_PCD), "pcd");
  assert_string_equal(vpf_option_value_name(VPF_OPTION_RULE, VPF_RULE_ADAM), "adam");
  assert_string_equal(vpf_option_value_name(VPF_OPTION_RULE, VPF_RULE_SGD), "sgd");
  assert_null(vpf_option_value_name(VPF_OPTION_RULE, 2));
  assert_null(vpf_option_value_name(VPF_OPTION_RULE, -1));
  assert_null(vpf_option_value_name(VPF_OPTION_METHOD, 1000));
  assert_null(vpf_option_value_name(VPF_OPTION_THREADS, 1));
  assert_null(vpf_option_value_name((vpf_option)-1, 0));
  double low, high; /* every method has one */
  assert_ok(vpf_option_bounds(VPF_OPTION_METHOD, &low, &high, NULL));
  for (int k = 0; k <= (int)high; k++) assert_non_null(vpf_option_value_name(VPF_OPTION_METHOD, k));
}

/* What every caller has had so far, to the bit. */
static void the_paper_recipe_is_what_there_is_without_one(void **state) {
  (void)state;
  const size_t sizes[] = {20, 9, 5};
  const uint8_t intra[] = {0, 1, 0};
  vpf_data *data = fixture_data(60, 20, 3);
  vpf_model *plain = fixture_model(sizes, 3, intra, VPF_COUPLING_PAIRWISE, 7), *model;
  vpf_optimizer *o[2];
  for (int k = 0; k < 2; k++) {
    assert_ok(vpf_optimizer_create(&o[k]));
    assert_ok(vpf_optimizer_set_seed(o[k], 7));
  }
  assert_ok(vpf_model_create(&model, sizes, 3, intra, VPF_COUPLING_PAIRWISE));
  assert_ok(vpf_optimizer_set(o[1], VPF_OPTION_LEARNING_RATE, 1)); /* a recipe sets all */
  assert_ok(vpf_optimizer_set(o[1], VPF_OPTION_THREADS, 2));       /* but these two */
  assert_ok(vpf_optimizer_set(o[1], VPF_OPTION_PROGRESS_BATCHES, 3));
  assert_ok(vpf_recipe_begin(VPF_RECIPE_PAPER, model, data, o[1], 5));
  assert_close(option(o[1], VPF_OPTION_THREADS), 2, 0);
  assert_close(option(o[1], VPF_OPTION_PROGRESS_BATCHES), 3, 0);
  assert_true(fixture_same_params(plain, model));
  assert_ok(vpf_train(plain, data, o[0], 5, NULL, NULL));
  assert_ok(vpf_train(model, data, o[1], 5, NULL, NULL));
  assert_true(fixture_same_params(plain, model));
  for (int k = 0; k < 2; k++) vpf_optimizer_destroy(o[k]);
  vpf_model_destroy(plain);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
}

static void the_rate_drops_for_the_last_two_fifths(void **state) {
  (void)state;
  const size_t epochs[] = {1, 2, 3, 5, 10, 20}, drop[] = {2, 3, 3, 4, 7, 13};
  const size_t sizes[] = {20, 9};
  vpf_data *data = fixture_data(60, 20, 3);
  for (size_t k = 0; k < sizeof epochs / sizeof *epochs; k++) {
    vpf_model *model;
    vpf_optimizer *o;
    assert_ok(vpf_model_create(&model, sizes, 2, NULL, VPF_COUPLING_JOINT));
    assert_ok(vpf_optimizer_create(&o));
    assert_ok(vpf_recipe_begin(VPF_RECIPE_LIKELIHOOD, model, data, o, epochs[k]));
    assert_close(option(o, VPF_OPTION_DROP_EPOCH), (double)drop[k], 0);
    vpf_optimizer_destroy(o);
    vpf_model_destroy(model);
  }
  vpf_data_destroy(data);
}

/* Two kinds of rows: independent columns have -8 log 2, the source itself is known. */
static void the_likelihood_recipes_reach_the_source(void **state) {
  (void)state;
  enum { ROWS = 4000, COLS = 8, EPOCHS = 20 };
  const size_t sizes[] = {COLS, 4};
  uint8_t *x = malloc(ROWS * COLS);
  dice d = {93};
  for (size_t k = 0; k < ROWS * COLS; k++) x[k] = dice_unit(&d) < ((k / COLS % 2 == 0) == (k % COLS < 4) ? 0.9 : 0.1);
  vpf_data *data;
  assert_ok(vpf_data_from_u8(&data, x, ROWS, COLS, 0));
  /* half of the rows of each kind: log p of the source, with both kinds counted, by enumeration */
  double source = 0;
  for (size_t row = 0; row < ROWS; row++) {
    double p[2] = {0.5, 0.5};
    for (size_t j = 0; j < COLS; j++)
      for (int kind = 0; kind < 2; kind++) {
        const double on = (kind == 0) == (j < 4) ? 0.9 : 0.1;
        p[kind] *= x[row * COLS + j] ? on : 1 - on;
      }
    source += log(p[0] + p[1]) / ROWS;
  }
  for (int recipe = VPF_RECIPE_LIKELIHOOD; recipe <= VPF_RECIPE_SPARSE; recipe += 2) {
    vpf_model *model, *average;
    vpf_optimizer *o;
    double log_z, mean;
    assert_ok(vpf_model_create(&model, sizes, 2, NULL, VPF_COUPLING_JOINT));
    assert_ok(vpf_optimizer_create(&o));
    assert_ok(vpf_recipe_begin((vpf_recipe)recipe, model, data, o, EPOCHS));
    assert_ok(vpf_train(model, data, o, EPOCHS, NULL, NULL));
    assert_ok(vpf_optimizer_average(o, &average));
    assert_ok(vpf_exact_log_partition(average, &log_z));
    assert_ok(vpf_log_likelihood(average, data, log_z, &mean));
    print_message("%s: %.4f, the source %.4f\n", vpf_recipe_name((vpf_recipe)recipe), mean, source);
    assert_true(mean > source - 0.02);
    vpf_model_destroy(average);
    vpf_model_destroy(model);
    vpf_optimizer_destroy(o);
  }
  vpf_data_destroy(data);
  free(x);
}

/* ---- Fully visible: convergence ---- */

typedef struct seen {
  double gradient, noise;
  vpf_stop stop;
  size_t epochs;
} seen;

static int look(const vpf_progress *p, void *user) {
  seen *s = user;
  if (p->event == VPF_PROGRESS_BATCH) {
    assert_true(isnan(p->gradient) && isnan(p->gradient_noise));
    return 0;
  }
  *s = (seen){p->gradient, p->gradient_noise, p->stop, p->epoch};
  return 0;
}

static void a_fully_visible_fit_says_when_it_has_converged(void **state) {
  (void)state;
  enum { N = 12, ROWS = 20000 };
  const size_t sizes[] = {N};
  const uint8_t intra[] = {1};
  float u[N * N] = {0}, b[N], fitted[N * N];
  dice d = {5};
  for (size_t i = 0; i < N; i++) {
    b[i] = (float)(0.3 * dice_normal(&d));
    for (size_t j = 0; j < i; j++) u[i * N + j] = u[j * N + i] = (float)(0.8 * dice_normal(&d));
  }
  vpf_model *truth, *model, *average;
  vpf_data *data;
  vpf_optimizer *o;
  assert_ok(vpf_model_create(&truth, sizes, 1, intra, VPF_COUPLING_JOINT));
  assert_ok(vpf_model_set_intra(truth, 0, u));
  assert_ok(vpf_model_set_bias(truth, 0, VPF_BIAS_UP, b));
  assert_ok(vpf_exact_sample(truth, ROWS, 3, &data));
  assert_ok(vpf_model_create(&model, sizes, 1, intra, VPF_COUPLING_JOINT));
  assert_ok(vpf_optimizer_create(&o));
  assert_ok(vpf_recipe_begin(VPF_RECIPE_FULLY_VISIBLE, model, data, o, 200));
  assert_ok(vpf_optimizer_set(o, VPF_OPTION_PROGRESS_BATCHES, 50));
  seen s = {0};
  assert_ok(vpf_train(model, data, o, 200, look, &s));
  print_message("converged after %zu epochs: %.5f of %.5f\n", s.epochs, s.gradient, s.noise);
  assert_int_equal(vpf_optimizer_last_stop(o), VPF_STOP_CONVERGED);
  assert_int_equal(s.stop, VPF_STOP_CONVERGED);
  assert_true(s.epochs > 1 && s.epochs < 200);
  assert_true(s.gradient > 0 && s.gradient <= 0.1 * s.noise);

  /* It is the gradient of all rows at the average. */
  assert_ok(vpf_optimizer_average(o, &average));
  const size_t count = vpf_model_param_count(average);
  float *g = calloc(count, sizeof *g);
  double left = 0;
  assert_ok(vpf_model_flow_gradient(average, data, g));
  for (size_t k = 0; k < count; k++) left += (double)g[k] * (double)g[k];
  assert_close(sqrt(left), s.gradient, 1e-4 * s.gradient);

  /* And the couplings are as good as the rows allow: flow is a likelihood of sorts, with errors of 1 / sqrt(rows). */
  double error = 0;
  assert_ok(vpf_model_get_intra(average, 0, fitted));
  for (size_t k = 0; k < N * N; k++) error += pow((double)(fitted[k] - u[k]), 2);
  error = sqrt(error / (N * (N - 1)));
  print_message("rms error of U %.4f\n", error);
  assert_true(error < 0.08);

  /* On from here it ends again at once, through a file too; without a tolerance it does not. */
  fixture_through_the_file(&model, &o, "recipe_test.safetensors");
  assert_int_equal(vpf_optimizer_last_stop(o), VPF_STOP_CONVERGED);
  assert_ok(vpf_optimizer_set(o, VPF_OPTION_TOLERANCE, 0));
  assert_ok(vpf_train(model, data, o, 2, look, &s));
  assert_true(isnan(s.gradient));
  assert_int_equal(s.stop, VPF_STOP_EPOCHS);
  remove("recipe_test.safetensors");
  free(g);
  vpf_model_destroy(average);
  vpf_model_destroy(model);
  vpf_model_destroy(truth);
  vpf_data_destroy(data);
  vpf_optimizer_destroy(o);
}

/* Minibatch by minibatch, the gradient is what vpf_model_flow_gradient() says of its rows: plus weight decay. */
static void the_gradient_of_progress_is_the_gradient(void **state) {
  (void)state;
  enum { N = 9, ROWS = 60, BATCH = 20 };
  const size_t sizes[] = {N};
  const uint8_t intra[] = {1};
  vpf_data *data = fixture_data(ROWS, N, 4);
  vpf_model *model = fixture_model(sizes, 1, intra, VPF_COUPLING_JOINT, 2);
  vpf_optimizer *o;
  const size_t count = vpf_model_param_count(model);
  float *g = calloc(count, sizeof *g), *theta = calloc(count, sizeof *theta);
  double *mean = calloc(count, sizeof *mean), squares = 0, square = 0;
  assert_ok(vpf_model_get_params(model, theta));
  for (size_t first = 0; first < ROWS; first += BATCH) {
    vpf_data *part;
    assert_ok(vpf_data_slice(&part, data, first, BATCH));
    assert_ok(vpf_model_flow_gradient(model, part, g));
    for (size_t k = 0; k < count; k++) {
      const double all = (double)g[k] + (k < N ? 0 : 2 * 0.3 * (double)theta[k]); /* biases do not decay */
      mean[k] += all * BATCH / ROWS;
      squares += all * all * BATCH / ROWS;
    }
    vpf_data_destroy(part);
  }
  for (size_t k = 0; k < count; k++) square += mean[k] * mean[k];
  assert_ok(vpf_optimizer_create(&o));
  assert_ok(vpf_optimizer_set(o, VPF_OPTION_RULE, VPF_RULE_SGD));
  assert_ok(vpf_optimizer_set(o, VPF_OPTION_LEARNING_RATE, 1e-12)); /* the parameters stay where they are */
  assert_ok(vpf_optimizer_set(o, VPF_OPTION_WEIGHT_DECAY, 0.3));
  assert_ok(vpf_optimizer_set(o, VPF_OPTION_BATCH_SIZE, BATCH));
  assert_ok(vpf_optimizer_set(o, VPF_OPTION_SHUFFLE, 0));
  assert_ok(vpf_optimizer_set(o, VPF_OPTION_TOLERANCE, 1e-9));
  seen s;
  assert_ok(vpf_train(model, data, o, 1, look, &s));
  assert_close(s.gradient, sqrt(square), 1e-5 * sqrt(square));
  assert_close(s.noise, sqrt((squares - square) / (ROWS / BATCH - 1)), 1e-4 * sqrt(squares));
  free(g);
  free(theta);
  free(mean);
  vpf_optimizer_destroy(o);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
}

static void mistakes_are_named(void **state) {
  (void)state;
  const size_t sizes[] = {20, 9};
  vpf_data *data = fixture_data(60, 20, 3), *narrow = fixture_data(60, 19, 3);
  vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_JOINT, 3), *before = NULL;
  vpf_optimizer *o;
  assert_ok(vpf_optimizer_create(&o));
  assert_ok(vpf_model_clone(&before, model));
  assert_status(vpf_recipe_begin(VPF_RECIPE_SPARSE, NULL, data, o, 1), VPF_ERR_ARGUMENT);
  assert_status(vpf_recipe_begin(VPF_RECIPE_SPARSE, model, NULL, o, 1), VPF_ERR_ARGUMENT);
  assert_status(vpf_recipe_begin(VPF_RECIPE_SPARSE, model, data, NULL, 1), VPF_ERR_ARGUMENT);
  assert_status(vpf_recipe_begin((vpf_recipe)4, model, data, o, 1), VPF_ERR_ARGUMENT);
  assert_message_has("there is no recipe 4");
  assert_status(vpf_recipe_begin(VPF_RECIPE_SPARSE, model, data, o, 0), VPF_ERR_ARGUMENT);
  assert_message_has("epochs is 0");
  assert_status(vpf_recipe_begin(VPF_RECIPE_SPARSE, model, narrow, o, 1), VPF_ERR_SHAPE);
  assert_true(fixture_same_params(before, model));
  assert_close(option(o, VPF_OPTION_LEARNING_RATE), 1e-3, 0);
  assert_ok(vpf_train(model, data, o, 1, NULL, NULL));
  assert_status(vpf_recipe_begin(VPF_RECIPE_SPARSE, model, data, o, 1), VPF_ERR_STATE);
  vpf_optimizer_destroy(o);
  vpf_model_destroy(model);
  vpf_model_destroy(before);
  vpf_data_destroy(data);
  vpf_data_destroy(narrow);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_recipe_has_a_name_and_a_purpose),
                                     cmocka_unit_test(values_of_options_have_names),
                                     cmocka_unit_test(the_paper_recipe_is_what_there_is_without_one),
                                     cmocka_unit_test(the_rate_drops_for_the_last_two_fifths),
                                     cmocka_unit_test(the_likelihood_recipes_reach_the_source),
                                     cmocka_unit_test(a_fully_visible_fit_says_when_it_has_converged),
                                     cmocka_unit_test(the_gradient_of_progress_is_the_gradient),
                                     cmocka_unit_test(mistakes_are_named)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
