/* SPDX-License-Identifier: MIT */
/* The bound of a machine's parameters holds whoever wrote them: what tells in no time that sums of floats will do. */
#include "support/fixture.h"

#include <math.h>
#include <stdlib.h>

#include "api/handles.h"
#include "bm/field.h"

static void assert_bound(const vpf_model *model, float most) {
  const float peak = vpfi_params_peak(&model->params, &model->shape);
  if (!(peak <= model->params.bound && model->params.bound <= most))
    fail_msg("bound %g of %g, at most %g", (double)model->params.bound, (double)peak, (double)most);
}

static vpf_model *create(void) {
  const size_t sizes[] = {6, 5, 4};
  const uint8_t intra[] = {1, 0, 1};
  return fixture_model(sizes, 3, intra, VPF_COUPLING_PAIRWISE, 3);
}

static void the_bound_follows_every_setter(void **state) {
  (void)state;
  vpf_model *model = create(), *copy = NULL, *pair = NULL;
  float values[36] = {0};
  assert_bound(model, 10);
  values[7] = -20;
  assert_ok(vpf_model_set_weights(model, 0, values));
  assert_bound(model, 20);
  values[7] = 0, values[1] = values[6] = 30;
  assert_ok(vpf_model_set_intra(model, 0, values));
  assert_bound(model, 30);
  values[1] = 0, values[0] = -40;
  assert_ok(vpf_model_set_bias(model, 1, VPF_BIAS_DOWN, values));
  assert_bound(model, 40);
  assert_ok(vpf_model_clone(&copy, model));
  assert_bound(copy, 40);
  assert_ok(vpf_model_pair(&pair, model, 0));
  assert_bound(pair, 40);
  float *theta = calloc(vpf_model_param_count(model), sizeof *theta);
  assert_non_null(theta);
  theta[vpf_model_param_count(model) - 1] = -50;
  assert_ok(vpf_model_set_params(model, theta));
  assert_bound(model, 50);
  theta[vpf_model_param_count(model) - 1] = 1;
  assert_ok(vpf_model_set_params(model, theta));
  assert_bound(model, 1);
  free(theta);
  vpf_model_destroy(pair);
  vpf_model_destroy(copy);
  vpf_model_destroy(model);
}

static int look(const vpf_progress *progress, void *user) {
  (void)progress;
  assert_bound(user, 1e3f);
  return 0;
}

static void the_bound_follows_training_and_files(void **state) {
  (void)state;
  for (int rule = 0; rule < 2; rule++) {
    vpf_model *model = create();
    vpf_data *data = fixture_data(50, 6, 4);
    vpf_optimizer *optimizer = NULL;
    assert_ok(vpf_optimizer_create(&optimizer));
    assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_RULE, rule ? VPF_RULE_SGD : VPF_RULE_ADAM));
    assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_LEARNING_RATE, 0.3));
    assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_BATCH_SIZE, 10));
    assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_PROGRESS_BATCHES, 1));
    assert_ok(vpf_train(model, data, optimizer, 10, look, model));
    assert_bound(model, 1e3f);
    fixture_through_the_file(&model, &optimizer, "params_test.vpf");
    assert_bound(model, 1e3f);
    vpf_optimizer_destroy(optimizer);
    vpf_data_destroy(data);
    vpf_model_destroy(model);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_bound_follows_every_setter),
      cmocka_unit_test(the_bound_follows_training_and_files),
  };
  return cmocka_run_group_tests_name("params", tests, NULL, NULL);
}
