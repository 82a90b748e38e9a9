/* SPDX-License-Identifier: MIT */
/* The table of methods of learning. */
#include "support/fixture.h"

#include <string.h>

#include "learn/method.h"
#include "learn/options.h"

static void every_value_of_the_option_is_a_method(void **state) {
  (void)state;
  assert_int_equal((int)vpfi_option_table[VPFI_AT_METHOD].low, 0);
  assert_int_equal((int)vpfi_option_table[VPFI_AT_METHOD].high, VPFI_N_METHODS - 1);
}

static void methods_are_complete_and_have_names_of_their_own(void **state) {
  (void)state;
  size_t numbers = 0;
  for (size_t k = 0; k < VPFI_N_METHODS; k++) {
    const vpfi_method *m = vpfi_method_at(k);
    assert_true(m->name && *m->name && m->check && m->needs && m->gradient && m->can_resume);
    for (size_t other = 0; other < k; other++) assert_string_not_equal(m->name, vpfi_method_at(other)->name);
    if (!m->keeper) continue;
    const vpfi_keeper *keeper = m->keeper;
    assert_true(keeper->name && keeper->prepare && keeper->start && keeper->destroy && keeper->pack &&
                keeper->unpack && keeper->list && keeper->allocate && keeper->is_clean);
    numbers += keeper->n_numbers;
    for (size_t other = 0; other < k; other++)
      if (vpfi_method_at(other)->keeper)
        assert_string_not_equal(keeper->name, vpfi_method_at(other)->keeper->name);
  }
  assert_true(numbers <= 64); /* what a checkpoint has room for */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_value_of_the_option_is_a_method),
      cmocka_unit_test(methods_are_complete_and_have_names_of_their_own),
  };
  return cmocka_run_group_tests_name("methods", tests, NULL, NULL);
}
