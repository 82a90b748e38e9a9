/* SPDX-License-Identifier: MIT */
/* vpf_model: shape, parameters in and out, the flat order, the starting values, refusals. */
#include "support/fixture.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void a_new_model_has_its_shape_and_zero_parameters(void **state) {
  (void)state;
  const size_t sizes[] = {5, 3, 1};
  const uint8_t intra[] = {0, 7, 1};
  vpf_model *model = NULL;
  assert_ok(vpf_model_create(&model, sizes, 3, intra, VPF_COUPLING_JOINT));
  assert_int_equal(vpf_model_layers(model), 3);
  for (size_t l = 0; l < 3; l++) {
    assert_int_equal(vpf_model_layer_size(model, l), sizes[l]);
    assert_int_equal(vpf_model_has_intra(model, l), intra[l] != 0);
  }
  assert_int_equal(vpf_model_layer_size(model, 3), 0);
  assert_int_equal(vpf_model_units(model), sizes[0] + sizes[1] + sizes[2]);
  assert_int_equal(vpf_model_units(NULL), 0);
  assert_int_equal(vpf_model_has_intra(model, 3), 0);
  assert_int_equal(vpf_model_get_coupling(model), VPF_COUPLING_JOINT);
  /* 9 biases, 15 + 3 weights, 3 intra-layer weights; a layer of one unit has none */
  assert_int_equal(vpf_model_param_count(model), 9 + 18 + 3);
  float theta[30];
  memset(theta, 1, sizeof theta);
  assert_ok(vpf_model_get_params(model, theta));
  for (int k = 0; k < 30; k++) assert_close((double)theta[k], 0, 0);
  vpf_model_destroy(model);
  assert_int_equal(vpf_model_layers(NULL), 0);
  assert_int_equal(vpf_model_param_count(NULL), 0);
  vpf_model_destroy(NULL);
}

/* Number the flat vector 1, 2, 3, ... and find each number where the documentation puts it. */
static void flat_order_pairwise_is_as_documented(void **state) {
  (void)state;
  const size_t sizes[] = {2, 3, 2};
  const uint8_t intra[] = {1, 1, 0};
  vpf_model *model = NULL;
  assert_ok(vpf_model_create(&model, sizes, 3, intra, VPF_COUPLING_PAIRWISE));
  const size_t count = vpf_model_param_count(model);
  assert_int_equal(count, 2 + 3 + 6 + 1 + 3 + /* second pair */ 3 + 2 + 6);
  float theta[26];
  for (size_t k = 0; k < count; k++) theta[k] = (float)(k + 1);
  assert_ok(vpf_model_set_params(model, theta));
  float b[3], w[6], u[9];
  assert_ok(vpf_model_get_bias(model, 0, VPF_BIAS_DOWN, b));
  assert_close((double)b[0], 1, 0);
  assert_ok(vpf_model_get_bias(model, 0, VPF_BIAS_UP, b)); /* another name of the same */
  assert_close((double)b[1], 2, 0);
  assert_ok(vpf_model_get_bias(model, 1, VPF_BIAS_UP, b));
  assert_close((double)b[0], 3, 0);
  assert_ok(vpf_model_get_weights(model, 0, w));
  for (int k = 0; k < 6; k++) assert_close((double)w[k], 6 + k, 0);
  assert_ok(vpf_model_get_intra(model, 0, u));
  assert_close((double)u[1], 12, 0);
  assert_close((double)u[2], 12, 0);
  assert_ok(vpf_model_get_intra(model, 1, u));
  const float expected[9] = {0, 13, 14, 13, 0, 15, 14, 15, 0};
  assert_memory_equal(u, expected, sizeof u);
  assert_ok(vpf_model_get_bias(model, 1, VPF_BIAS_DOWN, b));
  assert_close((double)b[0], 16, 0);
  assert_ok(vpf_model_get_bias(model, 2, VPF_BIAS_UP, b));
  assert_close((double)b[0], 19, 0);
  assert_ok(vpf_model_get_weights(model, 1, w));
  assert_close((double)w[5], 26, 0);
  float back[26];
  assert_ok(vpf_model_get_params(model, back));
  assert_memory_equal(back, theta, count * sizeof *back);
  vpf_model_destroy(model);
}

static void flat_order_joint_is_as_documented(void **state) {
  (void)state;
  const size_t sizes[] = {2, 3, 2};
  const uint8_t intra[] = {1, 0, 1};
  vpf_model *model = NULL;
  assert_ok(vpf_model_create(&model, sizes, 3, intra, VPF_COUPLING_JOINT));
  assert_int_equal(vpf_model_param_count(model), 7 + 12 + 2);
  float theta[21], b[3], w[6], u[4];
  for (int k = 0; k < 21; k++) theta[k] = (float)(k + 1);
  assert_ok(vpf_model_set_params(model, theta));
  assert_ok(vpf_model_get_bias(model, 1, VPF_BIAS_UP, b));
  assert_close((double)b[0], 3, 0);
  assert_ok(vpf_model_get_bias(model, 1, VPF_BIAS_DOWN, b));
  assert_close((double)b[2], 5, 0);
  assert_ok(vpf_model_get_weights(model, 1, w));
  assert_close((double)w[0], 14, 0);
  assert_ok(vpf_model_get_intra(model, 0, u));
  assert_close((double)u[1], 20, 0);
  assert_ok(vpf_model_get_intra(model, 2, u));
  assert_close((double)u[2], 21, 0);
  vpf_model_destroy(model);
}

static void what_is_set_is_got_and_a_clone_is_independent(void **state) {
  (void)state;
  const size_t sizes[] = {19, 21, 4};
  const uint8_t intra[] = {1, 1, 1};
  vpf_model *model = fixture_model(sizes, 3, intra, VPF_COUPLING_PAIRWISE, 3), *clone = NULL;
  assert_ok(vpf_model_clone(&clone, model));
  assert_true(fixture_same_params(model, clone));
  float w[19 * 21], got[19 * 21];
  for (int k = 0; k < 19 * 21; k++) w[k] = (float)k / 7;
  assert_ok(vpf_model_set_weights(model, 0, w));
  assert_ok(vpf_model_get_weights(model, 0, got));
  assert_memory_equal(w, got, sizeof w);
  assert_false(fixture_same_params(model, clone));
  vpf_model_destroy(model);
  assert_ok(vpf_model_get_weights(clone, 0, got));
  vpf_model_destroy(clone);
}

/* Moments of 784 x 196 normals: standard error of the variance is 0.36 %. */
static void starting_weights_have_the_documented_scale(void **state) {
  (void)state;
  const size_t sizes[] = {784, 196};
  const uint8_t intra[] = {0, 1};
  vpf_model *model = fixture_model(sizes, 2, intra, VPF_COUPLING_PAIRWISE, 1);
  float *w = malloc(784 * 196 * sizeof *w), *u = malloc(196 * 196 * sizeof *u), b[784];
  assert_ok(vpf_model_get_weights(model, 0, w));
  assert_ok(vpf_model_get_intra(model, 1, u));
  double sum = 0, sum2 = 0, usum2 = 0;
  for (int k = 0; k < 784 * 196; k++) sum += (double)w[k], sum2 += (double)w[k] * (double)w[k];
  assert_close(sum / (784 * 196), 0, 5 / sqrt(784.0 * 196) / sqrt(784.0 * 196));
  assert_close(sum2, 1, 0.02); /* n m values of variance 1/(n m) */
  for (int i = 0; i < 196; i++) {
    assert_close((double)u[i * 196 + i], 0, 0);
    for (int j = i + 1; j < 196; j++) {
      assert_close((double)u[i * 196 + j], (double)u[j * 196 + i], 0);
      usum2 += (double)u[i * 196 + j] * (double)u[i * 196 + j];
    }
  }
  assert_close(usum2 / (196 * 195 / 2) * 196 * 196 * 2, 1, 0.05); /* (A + A^T)/2 halves the variance of A */
  assert_ok(vpf_model_get_bias(model, 0, VPF_BIAS_UP, b));
  for (int i = 0; i < 784; i++) assert_close((double)b[i], 0, 0);
  vpf_model *other = fixture_model(sizes, 2, intra, VPF_COUPLING_PAIRWISE, 2);
  assert_false(fixture_same_params(model, other));
  assert_ok(vpf_model_init(other, 1));
  assert_true(fixture_same_params(model, other));
  vpf_model_destroy(other);
  vpf_model_destroy(model);
  free(w);
  free(u);
}

static void bad_shapes_are_refused(void **state) {
  (void)state;
  const size_t sizes[] = {4, 0, 3}, huge[] = {(size_t)1 << 30, (size_t)1 << 30}, wide[] = {SIZE_MAX, 2};
  vpf_model *model = (vpf_model *)(uintptr_t)sizes;
  assert_status(vpf_model_create(NULL, sizes, 1, NULL, VPF_COUPLING_JOINT), VPF_ERR_ARGUMENT);
  assert_status(vpf_model_create(&model, NULL, 1, NULL, VPF_COUPLING_JOINT), VPF_ERR_ARGUMENT);
  assert_null(model);
  assert_status(vpf_model_create(&model, sizes, 0, NULL, VPF_COUPLING_JOINT), VPF_ERR_ARGUMENT);
  assert_status(vpf_model_create(&model, sizes, 3, NULL, VPF_COUPLING_JOINT), VPF_ERR_ARGUMENT);
  assert_message_has("layer 1 has 0 units");
  assert_status(vpf_model_create(&model, sizes, 1, NULL, (vpf_coupling)2), VPF_ERR_ARGUMENT);
  assert_message_has("coupling 2");
  assert_status(vpf_model_create(&model, huge, 2, NULL, VPF_COUPLING_JOINT), VPF_ERR_LIMIT);
  assert_status(vpf_model_create(&model, wide, 2, NULL, VPF_COUPLING_JOINT), VPF_ERR_LIMIT);
  const size_t long_layer = (size_t)1 << 24;
  const uint8_t with_intra = 1;
  assert_status(vpf_model_create(&model, &long_layer, 1, &with_intra, VPF_COUPLING_JOINT), VPF_ERR_LIMIT);
  assert_message_has("intra-layer weights of 16777216 x 16777216 exceed");
  assert_null(model);
}

static void bad_parameters_are_refused_and_change_nothing(void **state) {
  (void)state;
  const size_t sizes[] = {3, 2};
  const uint8_t intra[] = {1, 0};
  vpf_model *model = fixture_model(sizes, 2, intra, VPF_COUPLING_PAIRWISE, 1), *before = NULL;
  assert_ok(vpf_model_clone(&before, model));
  float w[6] = {0, 0, 0, NAN, 0, 0}, u[9] = {0, 1, 2, 1, 0, 3, 2, 3, 0}, b[3] = {0, INFINITY, 0};
  float theta[3 + 2 + 6 + 3] = {0};
  assert_status(vpf_model_set_weights(model, 0, w), VPF_ERR_ARGUMENT);
  assert_message_has("w[1][1] is");
  w[3] = 0;
  assert_status(vpf_model_set_weights(model, 1, w), VPF_ERR_ARGUMENT);
  assert_message_has("no weights above layer 1");
  assert_status(vpf_model_set_weights(model, 0, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_model_set_weights(NULL, 0, w), VPF_ERR_ARGUMENT);
  u[2] = 2.5f;
  assert_status(vpf_model_set_intra(model, 0, u), VPF_ERR_ARGUMENT);
  assert_message_has("not symmetric: [0][2] is 2.5, [2][0] is 2");
  u[2] = 2;
  u[4] = 1;
  assert_status(vpf_model_set_intra(model, 0, u), VPF_ERR_ARGUMENT);
  assert_message_has("diagonal");
  u[4] = 0;
  assert_status(vpf_model_set_intra(model, 1, u), VPF_ERR_ARGUMENT);
  assert_message_has("layer 1 has no intra-layer weights");
  assert_status(vpf_model_set_intra(model, 2, u), VPF_ERR_ARGUMENT);
  assert_status(vpf_model_set_bias(model, 0, VPF_BIAS_UP, b), VPF_ERR_ARGUMENT);
  assert_message_has("b[1] is inf");
  assert_status(vpf_model_set_bias(model, 2, VPF_BIAS_UP, b), VPF_ERR_ARGUMENT);
  assert_status(vpf_model_set_bias(model, 0, (vpf_bias)2, b), VPF_ERR_ARGUMENT);
  assert_status(vpf_model_get_bias(model, 0, (vpf_bias)2, b), VPF_ERR_ARGUMENT);
  theta[13] = NAN;
  assert_status(vpf_model_set_params(model, theta), VPF_ERR_ARGUMENT);
  assert_message_has("theta[13]");
  assert_true(fixture_same_params(model, before));
  assert_ok(vpf_model_set_intra(model, 0, u));
  vpf_model_destroy(before);
  vpf_model_destroy(model);
}

static void largest_finite_parameters_are_kept(void **state) {
  (void)state;
  const size_t sizes[] = {2, 1};
  vpf_model *model = NULL;
  assert_ok(vpf_model_create(&model, sizes, 2, NULL, VPF_COUPLING_JOINT));
  const float w[2] = {FLT_MAX, -FLT_MIN / 2};
  float got[2];
  assert_ok(vpf_model_set_weights(model, 0, w));
  assert_ok(vpf_model_get_weights(model, 0, got));
  assert_memory_equal(w, got, sizeof w);
  vpf_model_destroy(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_new_model_has_its_shape_and_zero_parameters),
      cmocka_unit_test(flat_order_pairwise_is_as_documented),
      cmocka_unit_test(flat_order_joint_is_as_documented),
      cmocka_unit_test(what_is_set_is_got_and_a_clone_is_independent),
      cmocka_unit_test(starting_weights_have_the_documented_scale),
      cmocka_unit_test(bad_shapes_are_refused),
      cmocka_unit_test(bad_parameters_are_refused_and_change_nothing),
      cmocka_unit_test(largest_finite_parameters_are_kept),
  };
  return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
