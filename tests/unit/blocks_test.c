/* SPDX-License-Identifier: MIT */
/* Blocks of memory: aligned and zeroed; what cannot be addressed is refused, not wrapped around. */
#include "support/fixture.h"

#include "base/error.h"
#include "base/memory.h"

static void blocks_are_aligned_and_zeroed(void **state) {
  (void)state;
  for (size_t size = 0; size < 300; size += 7) {
    unsigned char *block = vpfi_alloc(size, 3);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % 64, 0);
    for (size_t k = 0; k < 3 * size; k++) assert_int_equal(block[k], 0);
    vpfi_free(block);
  }
  vpfi_free(NULL);
}

static void sizes_that_cannot_be_are_refused(void **state) {
  (void)state;
  assert_null(vpfi_alloc(SIZE_MAX / 2, 4));
  assert_message_has(" x 4 bytes are more than this computer can address");
  assert_null(vpfi_alloc(SIZE_MAX / 2, 1)); /* a size, but no difference of pointers once it is aligned */
  assert_message_has("bytes are more than this computer can address");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blocks_are_aligned_and_zeroed),
      cmocka_unit_test(sizes_that_cannot_be_are_refused),
  };
  return cmocka_run_group_tests_name("blocks", tests, NULL, NULL);
}
