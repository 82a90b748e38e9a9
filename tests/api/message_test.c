/* SPDX-License-Identifier: MIT */
/* Messages never contradict themselves: the number in them, read back, violates the limit beside it, even where it is the
 * nearest neighbour of that limit. */
#include "support/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vpf/experimental/stdp.h>

/* The number after this part of the last message. */
static double number_after(const char *part) {
  const char *message = vpf_error_message(), *found = strstr(message, part);
  char *end;
  if (!found) fail_msg("\"%s\" is not in \"%s\"", part, message);
  const double value = strtod(found + strlen(part), &end);
  if (end == found + strlen(part)) fail_msg("no number after \"%s\" in \"%s\"", part, message);
  return value;
}

static void assert_same_number(double got, double wanted) {
  if (got < wanted || got > wanted) fail_msg("%.17g, not %.17g: %s", got, wanted, vpf_error_message());
}

/* As a float reads it. */
static void assert_same_float(double got, float wanted) {
  if ((float)got < wanted || (float)got > wanted) fail_msg("%.9g, not %.9g: %s", got, (double)wanted, vpf_error_message());
}

static void refused_options_are_printed_beyond_their_bounds(void **state) {
  (void)state;
  vpf_optimizer *optimizer = NULL;
  assert_ok(vpf_optimizer_create(&optimizer));
  for (size_t k = 0; k < vpf_option_count(); k++) {
    vpf_option_info o = {.struct_size = sizeof o};
    char name[64];
    assert_ok(vpf_option_describe(k, &o));
    snprintf(name, sizeof name, "%s ", o.name);
    const double beyond[] = {nextafter(o.low, -HUGE_VAL), nextafter(o.high, HUGE_VAL)};
    for (int b = 0; b < 2; b++) {
      assert_status(vpf_optimizer_set(optimizer, o.option, beyond[b]), VPF_ERR_ARGUMENT);
      assert_same_number(number_after(name), beyond[b]);
      assert_same_number(number_after("outside ["), o.low);
      const char *comma = strchr(strstr(vpf_error_message(), "outside ["), ',');
      assert_same_number(strtod(comma + 1, NULL), o.high);
    }
    if (!o.integer) continue;
    const double fraction = nextafter(o.high, 0);
    assert_status(vpf_optimizer_set(optimizer, o.option, fraction), VPF_ERR_ARGUMENT);
    assert_same_number(number_after(name), fraction);
  }
  vpf_optimizer_destroy(optimizer);
}

static void refused_probabilities_are_printed_outside_of_0_and_1(void **state) {
  (void)state;
  const float beyond[] = {nextafterf(1, 2), nextafterf(0, -1), 2, -0.5f};
  const size_t sizes[] = {2, 2};
  vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_JOINT, 1);
  vpf_data *truth = fixture_data(1, 2, 1);
  for (size_t k = 0; k < sizeof beyond / sizeof *beyond; k++) {
    const float values[] = {0.5f, beyond[k]};
    float out[2];
    double mean;
    vpf_data *data = NULL;
    assert_status(vpf_data_from_f32(&data, values, 1, 2, 0.5f), VPF_ERR_ARGUMENT);
    assert_same_float(number_after("values[1] is "), beyond[k]);
    assert_status(vpf_data_from_f32(&data, values, 2, 1, 0.5f), VPF_ERR_ARGUMENT);
    assert_same_float(number_after("values[1][0] is "), beyond[k]);
    assert_status(vpf_data_from_f32(&data, values, 1, 1, beyond[k]), VPF_ERR_ARGUMENT);
    assert_same_float(number_after("threshold "), beyond[k]);
    assert_status(vpf_generate(model, 1, 1, values, 1, out), VPF_ERR_ARGUMENT);
    assert_same_float(number_after("prior[1] is "), beyond[k]);
    assert_status(vpf_reconstruction_error(truth, values, NULL, &mean, NULL), VPF_ERR_ARGUMENT);
    assert_same_float(number_after("probs[1] is "), beyond[k]);
  }
  vpf_data_destroy(truth);
  vpf_model_destroy(model);
}

static void refused_temperatures_are_printed_out_of_order(void **state) {
  (void)state;
  const size_t sizes[] = {2, 2};
  vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_JOINT, 1);
  const double lists[][4] = {{nextafter(0, 1), 0.5, 0.6, 1},
                             {0, 0.3, nextafter(0.3, 0), 1},
                             {0, 0.5, 0.6, nextafter(1, 2)},
                             {0, 0.5, 0.6, nextafter(1, 0)}};
  const char *const names[] = {"temperatures[0] is ", "temperatures[2] is ", "temperatures[3] is ", "the last temperature is "};
  const size_t at[] = {0, 2, 3, 3};
  for (size_t k = 0; k < 4; k++) {
    const vpf_ais_settings settings = {.struct_size = sizeof settings, .betas = 4, .temperatures = lists[k]};
    vpf_ais_result result = {.struct_size = sizeof result};
    assert_status(vpf_ais(model, &settings, &result), VPF_ERR_ARGUMENT);
    assert_same_number(number_after(names[k]), lists[k][at[k]]);
    if (k == 1) assert_same_number(number_after("outside ["), 0.3);
  }
  vpf_model_destroy(model);
}

static void other_refused_numbers_are_printed_beyond_their_limits(void **state) {
  (void)state;
  const size_t sizes[] = {2, 2};
  const uint8_t intra[] = {1, 0};
  vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_JOINT, 1);
  vpf_model *joined = fixture_model(sizes, 2, intra, VPF_COUPLING_JOINT, 1);
  const double acceptances[] = {nextafter(0.01, 0), nextafter(0.99, 1)};
  for (int k = 0; k < 2; k++) {
    const vpf_ladder_settings settings = {.struct_size = sizeof settings, .acceptance = acceptances[k]};
    vpf_ladder *ladder = NULL;
    assert_status(vpf_ladder_create(&ladder, model, NULL, &settings), VPF_ERR_ARGUMENT);
    assert_same_number(number_after("acceptance "), acceptances[k]);
  }
  for (int k = 0; k < 2; k++) {
    const double values[] = {0, 0, 0, nextafter(k ? -1e150 : 1e150, k ? -HUGE_VAL : HUGE_VAL)};
    vpf_chain_report report = {.struct_size = sizeof report};
    assert_status(vpf_chain_diagnostics(values, 1, 4, &report), VPF_ERR_ARGUMENT);
    assert_same_number(number_after("values[0][3] is "), values[3]);
  }
  const float u[] = {0, 0.25f, nextafterf(0.25f, 1), 0};
  assert_status(vpf_model_set_intra(joined, 0, u), VPF_ERR_ARGUMENT);
  assert_same_float(number_after("[0][1] is "), u[1]);
  assert_same_float(number_after("[1][0] is "), u[2]);
  vpf_model_destroy(joined);
  vpf_model_destroy(model);
}

/* Flow and flips: |z|/2 up to 80. */
static void refused_fields_are_printed_beyond_the_limit(void **state) {
  (void)state;
  const size_t size = 1;
  const float bias = nextafterf(160, 200);
  const uint8_t off = 0;
  vpf_model *model = fixture_model(&size, 1, NULL, VPF_COUPLING_JOINT, 1);
  vpf_data *states = NULL;
  vpf_flip flip;
  double flow;
  size_t count;
  assert_ok(vpf_data_from_u8(&states, &off, 1, 1, 0));
  assert_ok(vpf_model_set_bias(model, 0, VPF_BIAS_UP, &bias));
  assert_status(vpf_model_flow(model, states, &flow), VPF_ERR_OVERFLOW);
  assert_true(number_after("the local field is ") / 2 > number_after("must not exceed "));
  assert_status(vpf_simulate_flips(model, &off, 1, 1, 1, &flip, &count), VPF_ERR_OVERFLOW);
  assert_true(number_after("the local field is ") / 2 > number_after("must not exceed "));
  vpf_data_destroy(states);
  vpf_model_destroy(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(refused_options_are_printed_beyond_their_bounds),
      cmocka_unit_test(refused_probabilities_are_printed_outside_of_0_and_1),
      cmocka_unit_test(refused_temperatures_are_printed_out_of_order),
      cmocka_unit_test(other_refused_numbers_are_printed_beyond_their_limits),
      cmocka_unit_test(refused_fields_are_printed_beyond_the_limit),
  };
  return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
