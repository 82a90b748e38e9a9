/* SPDX-License-Identifier: MIT */
/* The rows of a data set are hashed once for each handle, however often it is trained on, and not at all for other uses.
 * Calls of the checksum are counted by a function before it (the linker's --wrap). */
#include "support/fixture.h"

#include "data/rows.h"

static size_t hashed;

uint64_t __wrap_vpfi_rows_checksum(const vpfi_rows *rows); /* the linker's names */
uint64_t __real_vpfi_rows_checksum(const vpfi_rows *rows);

uint64_t __wrap_vpfi_rows_checksum(const vpfi_rows *rows) {
  hashed++;
  return __real_vpfi_rows_checksum(rows);
}

static const size_t sizes[] = {20, 7};

static void a_handle_is_hashed_once(void **state) {
  (void)state;
  vpf_data *data = fixture_data(30, 20, 1), *slice = NULL;
  vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 1);
  vpf_optimizer *optimizer = NULL;
  float features[30 * 7];
  assert_ok(vpf_optimizer_create(&optimizer));
  assert_ok(vpf_encode(model, data, 1, features));
  assert_int_equal(hashed, 0);
  for (int k = 0; k < 5; k++) assert_ok(vpf_train(model, data, optimizer, 1, NULL, NULL));
  assert_int_equal(hashed, 1);
  assert_ok(vpf_data_slice(&slice, data, 0, 10));
  for (int k = 0; k < 5; k++) assert_ok(vpf_train(model, slice, optimizer, 1, NULL, NULL));
  assert_int_equal(hashed, 2);
  assert_ok(vpf_train(model, data, optimizer, 1, NULL, NULL));
  assert_int_equal(hashed, 2);
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  vpf_data_destroy(slice);
  vpf_data_destroy(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_handle_is_hashed_once)};
  return cmocka_run_group_tests_name("checksum", tests, NULL, NULL);
}
