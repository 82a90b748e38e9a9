/* SPDX-License-Identifier: MIT */
/* What 60 000 images of 28 x 28 cost: as bits, and while an RBM(196) trains on them. */
#include "support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "support/dice.h"

enum { ROWS = 60000, COLS = 784, MIB = 1 << 20 };

static size_t live, peak;

/* The size stands before the block. */
static void *measured_allocate(size_t size, void *user) {
  (void)user;
  size_t *block = malloc(size + 16);
  if (!block) return NULL;
  block[0] = size;
  live += size;
  if (live > peak) peak = live;
  return (char *)block + 16;
}

static void measured_release(void *pointer, void *user) {
  (void)user;
  size_t *block = (size_t *)(void *)((char *)pointer - 16);
  live -= block[0];
  free(block);
}

static void bits_of_mnist_take_under_8_mib_and_training_peaks_under_120(void **state) {
  (void)state;
  const vpf_allocator allocator = {sizeof allocator, measured_allocate, measured_release, NULL};
  assert_ok(vpf_set_allocator(&allocator)); /* allocations happen in the calling thread only */
  dice d = {1};
  uint8_t *values = malloc((size_t)ROWS * COLS);
  assert_non_null(values);
  for (size_t k = 0; k < (size_t)ROWS * COLS; k++) values[k] = dice_below(&d, 8) == 0;
  vpf_data *data = NULL;
  assert_ok(vpf_data_from_u8(&data, values, ROWS, COLS, 0));
  free(values);
  print_message("%d images as bits: %.2f MiB\n", ROWS, (double)live / MIB);
  assert_true(live < 8 * (size_t)MIB);

  const size_t sizes[] = {COLS, 196};
  vpf_model *model = fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 1);
  vpf_optimizer *optimizer = NULL;
  assert_ok(vpf_optimizer_create(&optimizer));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_BATCH_SIZE, 2000)); /* costs more memory than the preset's 40 */
  assert_ok(vpf_train(model, data, optimizer, 1, NULL, NULL));
  print_message("training RBM(196) on them: %.2f MiB from the allocator", (double)peak / MIB);
  assert_true(peak < 120 * (size_t)MIB);
#ifndef VPF_SANITIZED /* whose shadow of the memory counts too */
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  print_message(", %.1f MiB resident", (double)usage.ru_maxrss / 1024);
  if (!getenv("LD_PRELOAD")) assert_true(usage.ru_maxrss < 120 * 1024); /* valgrind's own memory counts too */
#endif
  print_message("\n");
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
  assert_int_equal(live, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(bits_of_mnist_take_under_8_mib_and_training_peaks_under_120)};
  return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
