/* SPDX-License-Identifier: MIT */
/* Long lives and large things: cycles without end take no more memory than a few, a million rows train, and machines too
 * large for the memory there is are refused.
 *
 *   load_test          500 cycles, a million narrow rows: seconds
 *   load_test --full   10 000 cycles, a million images of 784 bits: some minutes and 2 GiB */
#include "support/fixture.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int full;
static atomic_long live;

static void *count_allocate(size_t size, void *user) {
  (void)user;
  void *pointer = malloc(size);
  if (pointer) atomic_fetch_add(&live, 1);
  return pointer;
}

static void count_release(void *pointer, void *user) {
  (void)user;
  atomic_fetch_sub(&live, 1);
  free(pointer);
}

/* Resident now, in KiB. */
static long resident(void) {
  long total = 0, pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  assert_non_null(file);
  assert_int_equal(fscanf(file, "%ld %ld", &total, &pages), 2);
  fclose(file);
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static size_t open_descriptors(void) {
  size_t count = 0;
  for (int fd = 0; fd < 256; fd++) count += fcntl(fd, F_GETFD) != -1;
  return count;
}

/* Create, train, save, load, go on, sample, destroy; every third of another shape and method. */
static void one_cycle(unsigned k) {
  const size_t sizes[] = {20 + k % 3, 8, 4};
  const uint8_t intra[] = {0, k % 2 == 1, 0};
  const size_t layers = 2 + k % 2;
  float images[2 * 22];
  vpf_data *data = fixture_data(12, sizes[0], k);
  vpf_model *model = NULL, *again = NULL, *none = NULL;
  vpf_optimizer *optimizer = NULL, *its = NULL;
  assert_ok(vpf_model_create(&model, sizes, layers, intra, VPF_COUPLING_PAIRWISE));
  assert_ok(vpf_model_init(model, k));
  assert_ok(vpf_optimizer_create(&optimizer));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_METHOD, k % 3));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_BATCH_SIZE, 5));
  assert_ok(vpf_train(model, data, optimizer, 1, NULL, NULL));
  assert_ok(vpf_checkpoint_save(model, optimizer, "load_test.safetensors"));
  assert_ok(vpf_checkpoint_load(&again, &its, "load_test.safetensors"));
  assert_ok(vpf_train(again, data, its, 1, NULL, NULL));
  assert_ok(vpf_generate(again, 2, 2, NULL, k, images));
  assert_status(vpf_model_load(&none, "no-such-file"), VPF_ERR_IO); /* failures are part of life */
  vpf_optimizer_destroy(its);
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(again);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
}

static void many_cycles_take_no_more_memory_than_a_few(void **state) {
  (void)state;
  const unsigned cycles = full ? 10000 : 500, first = cycles / 10;
  long begin = 0;
  size_t descriptors = 0;
  for (unsigned k = 0; k < cycles; k++) {
    one_cycle(k);
    assert_int_equal(atomic_load(&live), 0);
    if (k == first) begin = resident(), descriptors = open_descriptors();
  }
  unlink("load_test.safetensors");
  const long grown = resident() - begin;
  print_message("%u cycles: %ld KiB resident after %u of them, %+ld since\n", cycles, begin, first, grown);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* which keep what was freed */
  assert_true(grown < 1024);
#endif
  assert_int_equal(open_descriptors(), descriptors);
}

static void a_million_rows_train(void **state) {
  (void)state;
  const size_t rows = 1000000, cols = full ? 784 : 64, sizes[] = {cols, 16};
  uint8_t *bits = malloc(rows * cols);
  assert_non_null(bits);
  uint64_t x = 1;
  for (size_t k = 0; k < rows * cols; k++) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    bits[k] = x % 5 == 0;
  }
  vpf_data *data = NULL;
  vpf_model *model = NULL;
  vpf_optimizer *optimizer = NULL;
  assert_ok(vpf_data_from_u8(&data, bits, rows, cols, 0));
  free(bits);
  assert_ok(vpf_model_create(&model, sizes, 2, NULL, VPF_COUPLING_PAIRWISE));
  assert_ok(vpf_model_init(model, 1));
  assert_ok(vpf_optimizer_create(&optimizer));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_BATCH_SIZE, 1000));
  assert_ok(vpf_train(model, data, optimizer, 1, NULL, NULL));
  double flow = 0;
  vpf_data *states = NULL;
  assert_ok(vpf_model_infer(model, data, 1, &states));
  assert_ok(vpf_model_flow(model, states, &flow));
  assert_true(flow > 0 && flow < (double)(cols + 16));
  vpf_data_destroy(states);
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
}

/* In a child that may have so much address space; a sanitizer needs its own terabytes. */
static void a_layer_of_100000_units_is_taken_or_refused_by_the_memory_there_is(void **state) {
  (void)state;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  const pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    const struct rlimit limit = {(rlim_t)2 << 30, (rlim_t)2 << 30};
    const size_t wide[] = {100000, 10}, square[] = {100000, 100000}, alone[] = {100000};
    const uint8_t intra[] = {1};
    vpf_model *model = NULL;
    int wrong = setrlimit(RLIMIT_AS, &limit) != 0;
    wrong |= vpf_model_create(&model, wide, 2, NULL, VPF_COUPLING_PAIRWISE) != VPF_OK || vpf_model_init(model, 1) != VPF_OK;
    vpf_model_destroy(model);
    wrong |= vpf_model_create(&model, square, 2, NULL, VPF_COUPLING_PAIRWISE) != VPF_ERR_MEMORY || model; /* 40 GB */
    wrong |= vpf_model_create(&model, alone, 1, intra, VPF_COUPLING_PAIRWISE) != VPF_ERR_MEMORY || model;
    wrong |= !strstr(vpf_error_message(), "cannot allocate 40000000000 bytes");
    wrong |= vpf_model_create(&model, wide, 2, NULL, VPF_COUPLING_PAIRWISE) != VPF_OK; /* and life goes on */
    vpf_model_destroy(model);
    _exit(wrong || atomic_load(&live) != 0);
  }
  int status = -1;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
#endif
  vpf_model *model = NULL;
  const size_t absurd[] = {SIZE_MAX / 8, 8}, more[] = {SIZE_MAX / 2, SIZE_MAX / 2};
  assert_status(vpf_model_create(&model, absurd, 2, NULL, VPF_COUPLING_PAIRWISE), VPF_ERR_LIMIT);
  assert_status(vpf_model_create(&model, more, 2, NULL, VPF_COUPLING_JOINT), VPF_ERR_LIMIT);
}

int main(int argc, char **argv) {
  full = argc > 1 && strcmp(argv[1], "--full") == 0;
  const vpf_allocator own = {.struct_size = sizeof own, .allocate = count_allocate, .release = count_release};
  if (vpf_set_allocator(&own)) return 2;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_layer_of_100000_units_is_taken_or_refused_by_the_memory_there_is),
      cmocka_unit_test(many_cycles_take_no_more_memory_than_a_few),
      cmocka_unit_test(a_million_rows_train),
  };
  return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
