/* SPDX-License-Identifier: MIT */
/* unload_test <libvpf.so>: the library is loaded, trains with threads and is unloaded again, as a plug-in would do it,
 * in one thread after another and in several at once. The program itself is not linked with it. */
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <vpf.h>

enum { ROWS = 60, VISIBLE = 20, HIDDEN = 16, TIMES = 100, AT_ONCE = 4, ROUNDS = 25, STACK = 256 * 1024 };

static const char *library;

/* Function pointers come out of dlsym() as objects. */
#define LOAD(name) \
  __typeof__(&name) name##_; \
  do { \
    void *found = dlsym(handle, #name); \
    if (!found) return #name; \
    memcpy(&name##_, &found, sizeof found); \
  } while (0)

/* NULL, or what has failed. hash: of what was trained. */
static const char *use(void *handle, double threads, uint64_t *hash) {
  LOAD(vpf_data_from_u8);
  LOAD(vpf_data_destroy);
  LOAD(vpf_model_create);
  LOAD(vpf_model_init);
  LOAD(vpf_model_get_params);
  LOAD(vpf_model_destroy);
  LOAD(vpf_optimizer_create);
  LOAD(vpf_optimizer_set);
  LOAD(vpf_optimizer_destroy);
  LOAD(vpf_train);
  LOAD(vpf_generate);
  LOAD(vpf_parzen);
  static const size_t sizes[] = {VISIBLE, HIDDEN};
  uint8_t bits[ROWS * VISIBLE];
  float theta[VISIBLE * HIDDEN + VISIBLE + HIDDEN], images[ROWS * VISIBLE];
  double mean = 0;
  vpf_data *data = NULL;
  vpf_model *model = NULL;
  vpf_optimizer *optimizer = NULL;
  for (size_t k = 0; k < sizeof bits; k++) bits[k] = k * 7919 % 3 == 0;
  vpf_status s = vpf_data_from_u8_(&data, bits, ROWS, VISIBLE, 0);
  if (!s) s = vpf_model_create_(&model, sizes, 2, NULL, VPF_COUPLING_PAIRWISE);
  if (!s) s = vpf_model_init_(model, 1);
  if (!s) s = vpf_optimizer_create_(&optimizer);
  if (!s) s = vpf_optimizer_set_(optimizer, VPF_OPTION_THREADS, threads);
  if (!s) s = vpf_train_(model, data, optimizer, 2, NULL, NULL);
  if (!s) s = vpf_model_get_params_(model, theta);
  if (!s) s = vpf_generate_(model, ROWS, 2, NULL, 1, images);
  if (!s) s = vpf_parzen_(images, ROWS, images, ROWS, VISIBLE, 0.2, &mean, NULL);
  vpf_model *none;
  const vpf_status failure = vpf_model_create_(&none, NULL, 2, NULL, VPF_COUPLING_PAIRWISE); /* with a message */
  vpf_data_destroy_(data);
  vpf_optimizer_destroy_(optimizer);
  vpf_model_destroy_(model);
  *hash = 1;
  for (size_t k = 0; k < sizeof theta / sizeof *theta; k++) {
    uint32_t word;
    memcpy(&word, &theta[k], sizeof word);
    *hash = (*hash ^ word) * 0x100000001b3u;
  }
  return s ? "a call" : failure != VPF_ERR_ARGUMENT ? "vpf_model_create(NULL sizes)" : NULL;
}

static const char *load_use_unload(double threads, uint64_t *hash) {
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!handle) return "dlopen()";
  const char *failed = use(handle, threads, hash);
  if (dlclose(handle) != 0) return "dlclose()";
  return failed;
}

static void a_hundred_times_in_one_thread(void **state) {
  (void)state;
  uint64_t first = 0, hash = 0;
  assert_null(load_use_unload(1, &first));
  for (int k = 0; k < TIMES; k++) {
    const char *failed = load_use_unload(1 + k % 5, &hash);
    if (failed) fail_msg("%s has failed", failed);
    assert_true(hash == first);
  }
}

typedef struct guest {
  pthread_t thread;
  double threads;
  const char *failed;
  uint64_t hash;
} guest;

static void *visit(void *context) {
  guest *g = context;
  g->failed = load_use_unload(g->threads, &g->hash);
  return NULL;
}

static void from_threads_with_small_stacks_that_come_and_go(void **state) {
  (void)state;
  pthread_attr_t attributes;
  uint64_t first = 0;
  assert_null(load_use_unload(1, &first));
  assert_int_equal(pthread_attr_init(&attributes), 0);
#ifndef VPF_SANITIZED /* whose frames are larger */
  assert_int_equal(pthread_attr_setstacksize(&attributes, STACK), 0);
#endif
  for (int round = 0; round < ROUNDS; round++) {
    guest guests[AT_ONCE];
    for (int k = 0; k < AT_ONCE; k++) {
      guests[k] = (guest){.threads = 1 + k};
      assert_int_equal(pthread_create(&guests[k].thread, &attributes, visit, &guests[k]), 0);
    }
    for (int k = 0; k < AT_ONCE; k++) {
      assert_int_equal(pthread_join(guests[k].thread, NULL), 0);
      if (guests[k].failed) fail_msg("%s has failed", guests[k].failed);
      assert_true(guests[k].hash == first);
    }
  }
  pthread_attr_destroy(&attributes);
}

/* Or nothing above has unloaded anything. */
static void it_is_really_unloaded(void **state) {
  (void)state;
  assert_null(dlopen(library, RTLD_NOW | RTLD_NOLOAD));
}

int main(int argc, char **argv) {
  if (argc != 2) return fprintf(stderr, "usage: unload_test <libvpf.so>\n"), 2;
  library = argv[1];
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_hundred_times_in_one_thread),
      cmocka_unit_test(from_threads_with_small_stacks_that_come_and_go),
      cmocka_unit_test(it_is_really_unloaded),
  };
  return cmocka_run_group_tests_name("unload", tests, NULL, NULL);
}
