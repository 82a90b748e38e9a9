/* SPDX-License-Identifier: MIT */
/* Options: one table for bounds, names and defaults; status texts; versions. */
#include "support/fixture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>

typedef struct option_row {
  vpf_option option;
  const char *name;
  double low, high, initial;
  int integer;
} option_row;

static const option_row TABLE[] = {
#define ROW(suffix, number, name, low, high, initial, integer) {VPF_OPTION_##suffix, name, low, high, initial, integer},
    VPF_OPTION_LIST(ROW)
#undef ROW
};
enum { OPTIONS = sizeof TABLE / sizeof *TABLE };

static void the_default_is_the_paper_preset(void **state) {
  (void)state;
  vpf_optimizer *optimizer = NULL;
  assert_ok(vpf_optimizer_create(&optimizer));
  const struct { vpf_option option; double value; } preset[] = {
      {VPF_OPTION_METHOD, VPF_METHOD_VPF},  {VPF_OPTION_RULE, VPF_RULE_ADAM}, {VPF_OPTION_LEARNING_RATE, 1e-3},
      {VPF_OPTION_BETA1, 0.9},              {VPF_OPTION_BETA2, 0.999},        {VPF_OPTION_ADAM_EPSILON, 1e-6},
      {VPF_OPTION_WEIGHT_DECAY, 0.005},     {VPF_OPTION_BATCH_SIZE, 40},      {VPF_OPTION_SHUFFLE, 1},
      {VPF_OPTION_ESTEP, 0},                {VPF_OPTION_ESTEP_SWEEPS, 1},     {VPF_OPTION_ESTEP_ORDER, 0},
      {VPF_OPTION_ESTEP_SAMPLES, 1},        {VPF_OPTION_ESTEP_PERIOD, 1},     {VPF_OPTION_THREADS, 0},
      {VPF_OPTION_PROGRESS_BATCHES, 0}};
  for (size_t k = 0; k < sizeof preset / sizeof *preset; k++) {
    double value = -1;
    assert_ok(vpf_optimizer_get(optimizer, preset[k].option, &value));
    assert_close(value, preset[k].value, 0);
  }
  assert_int_equal(vpf_optimizer_get_seed(optimizer), 1);
  assert_int_equal(vpf_optimizer_last_stop(optimizer), VPF_STOP_NONE);
  vpf_optimizer_destroy(optimizer);
}

static void bounds_are_what_set_accepts(void **state) {
  (void)state;
  vpf_optimizer *optimizer = NULL;
  assert_ok(vpf_optimizer_create(&optimizer));
  for (int k = 0; k < OPTIONS; k++) {
    const option_row *row = &TABLE[k];
    double low, high, value;
    const char *name;
    assert_ok(vpf_option_bounds(row->option, &low, &high, &name));
    assert_ok(vpf_option_bounds(row->option, NULL, NULL, NULL));
    assert_string_equal(name, row->name);
    assert_ok(vpf_optimizer_get(optimizer, row->option, &value));
    assert_close(value, row->initial, 0);
    assert_ok(vpf_optimizer_set(optimizer, row->option, low));
    assert_ok(vpf_optimizer_set(optimizer, row->option, high));
    assert_ok(vpf_optimizer_get(optimizer, row->option, &value));
    assert_close(value, high, 0);
    const double refused[] = {nextafter(low, -INFINITY), nextafter(high, INFINITY), NAN, INFINITY, -INFINITY};
    for (size_t r = 0; r < sizeof refused / sizeof *refused; r++) {
      assert_status(vpf_optimizer_set(optimizer, row->option, refused[r]), VPF_ERR_ARGUMENT);
      assert_message_has(name);
      assert_ok(vpf_optimizer_get(optimizer, row->option, &value));
      assert_close(value, high, 0);
    }
    if (row->integer && high >= low + 1)
      assert_status(vpf_optimizer_set(optimizer, row->option, low + 0.5), VPF_ERR_ARGUMENT);
    else if (!row->integer)
      assert_ok(vpf_optimizer_set(optimizer, row->option, (low + high) / 2));
  }
  vpf_optimizer_destroy(optimizer);
}

static void messages_have_value_and_limits(void **state) {
  (void)state;
  vpf_optimizer *optimizer = NULL;
  assert_ok(vpf_optimizer_create(&optimizer));
  assert_status(vpf_optimizer_set(optimizer, VPF_OPTION_LEARNING_RATE, -0.1), VPF_ERR_ARGUMENT);
  assert_string_equal(vpf_error_message(), "learning_rate -0.1 is outside [1e-12, 10]");
  assert_status(vpf_optimizer_set(optimizer, VPF_OPTION_BATCH_SIZE, 2.5), VPF_ERR_ARGUMENT);
  assert_string_equal(vpf_error_message(), "batch_size 2.5 is not a whole number in [1, 1048576]");
  assert_status(vpf_optimizer_set(optimizer, (vpf_option)12345, 1), VPF_ERR_ARGUMENT);
  assert_message_has("12345");
  assert_status(vpf_optimizer_get(optimizer, (vpf_option)0, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_option_bounds((vpf_option)-1, NULL, NULL, NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_optimizer_create(NULL), VPF_ERR_ARGUMENT);
  assert_status(vpf_optimizer_set(NULL, VPF_OPTION_RULE, 0), VPF_ERR_ARGUMENT);
  assert_status(vpf_optimizer_set_seed(NULL, 1), VPF_ERR_ARGUMENT);
  assert_status(vpf_optimizer_position(NULL, NULL, NULL), VPF_ERR_ARGUMENT);
  assert_int_equal(vpf_optimizer_get_seed(NULL), 0);
  assert_int_equal(vpf_optimizer_last_stop(NULL), VPF_STOP_NONE);
  vpf_optimizer_destroy(NULL);
  vpf_optimizer_destroy(optimizer);
}

static void every_status_has_its_number_and_a_text_of_its_own(void **state) {
  (void)state;
  const struct { vpf_status status; int number; } all[] = {
      {VPF_OK, 0},           {VPF_ERR_ARGUMENT, -1}, {VPF_ERR_SHAPE, -2},    {VPF_ERR_MEMORY, -3},
      {VPF_ERR_IO, -4},      {VPF_ERR_FORMAT, -5},   {VPF_ERR_STATE, -6},    {VPF_ERR_DIVERGED, -7},
      {VPF_ERR_OVERFLOW, -8}, {VPF_ERR_UNSUPPORTED, -9}, {VPF_ERR_LIMIT, -10}, {VPF_ERR_INTERNAL, -11}};
  for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
    assert_int_equal(all[k].status, all[k].number);
    assert_string_not_equal(vpf_status_string(all[k].status), "unknown status");
    for (size_t j = 0; j < k; j++)
      assert_string_not_equal(vpf_status_string(all[k].status), vpf_status_string(all[j].status));
  }
  assert_string_equal(vpf_status_string((vpf_status)-12), "unknown status");
  assert_string_equal(vpf_status_string((vpf_status)1), "unknown status");
}

/* Bindings cannot read macros: what these lists say can be asked for. */
static void the_list_of_statuses_can_be_asked_for(void **state) {
  (void)state;
  int statuses = 0;
#define COMPARE(name, number, text)                                                                \
  assert_string_equal(vpf_status_name((vpf_status)(number)), #name);                               \
  assert_string_equal(vpf_status_string((vpf_status)(number)), text);                              \
  assert_int_equal(number, -statuses++);
  VPF_STATUS_LIST(COMPARE)
#undef COMPARE
  assert_string_equal(vpf_status_name((vpf_status)-statuses), "");
  assert_string_equal(vpf_status_name((vpf_status)1), "");
}

static void the_list_of_options_can_be_asked_for(void **state) {
  (void)state;
  assert_int_equal(vpf_option_count(), OPTIONS);
  for (size_t k = 0; k < OPTIONS; k++) {
    vpf_option_info found = {.struct_size = sizeof found};
    assert_ok(vpf_option_describe(k, &found));
    assert_int_equal(found.struct_size, sizeof found);
    assert_int_equal(found.option, TABLE[k].option);
    assert_int_equal(found.integer, TABLE[k].integer);
    assert_string_equal(found.name, TABLE[k].name);
    assert_close(found.low, TABLE[k].low, 0);
    assert_close(found.high, TABLE[k].high, 0);
    assert_close(found.initial, TABLE[k].initial, 0);
    assert_true(k == 0 || found.option > TABLE[k - 1].option);
  }

  vpf_option_info untouched = {.struct_size = sizeof untouched, .low = 7};
  assert_status(vpf_option_describe(OPTIONS, &untouched), VPF_ERR_ARGUMENT);
  char message[40];
  snprintf(message, sizeof message, "index %d is outside 0 .. %d", (int)OPTIONS, (int)OPTIONS - 1);
  assert_message_has(message);
  assert_close(untouched.low, 7, 0);
  untouched.struct_size = sizeof untouched - 1;
  assert_status(vpf_option_describe(0, &untouched), VPF_ERR_ARGUMENT);
  assert_close(untouched.low, 7, 0);
  assert_status(vpf_option_describe(0, NULL), VPF_ERR_ARGUMENT);
}

static void success_does_not_clear_the_message(void **state) {
  (void)state;
  vpf_optimizer *optimizer = NULL;
  assert_ok(vpf_optimizer_create(&optimizer));
  assert_status(vpf_optimizer_set(optimizer, VPF_OPTION_BETA1, 2), VPF_ERR_ARGUMENT);
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_BETA1, 0.5));
  assert_message_has("beta1 2 is outside");
  vpf_optimizer_destroy(optimizer);
}

static void header_and_library_agree_on_the_version(void **state) {
  (void)state;
  char text[32];
  snprintf(text, sizeof text, "%d.%d.%d", VPF_VERSION_MAJOR, VPF_VERSION_MINOR, VPF_VERSION_PATCH);
  assert_string_equal(vpf_version_string(), text);
  assert_int_equal(vpf_version_number(), VPF_VERSION_MAJOR * 10000 + VPF_VERSION_MINOR * 100 + VPF_VERSION_PATCH);
}

int main(void) {
  if (vpf_error_message()[0] != 0) return 1; /* "" at the start */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_default_is_the_paper_preset),
      cmocka_unit_test(bounds_are_what_set_accepts),
      cmocka_unit_test(messages_have_value_and_limits),
      cmocka_unit_test(every_status_has_its_number_and_a_text_of_its_own),
      cmocka_unit_test(the_list_of_statuses_can_be_asked_for),
      cmocka_unit_test(the_list_of_options_can_be_asked_for),
      cmocka_unit_test(success_does_not_clear_the_message),
      cmocka_unit_test(header_and_library_agree_on_the_version),
  };
  return cmocka_run_group_tests_name("optimizer", tests, NULL, NULL);
}
