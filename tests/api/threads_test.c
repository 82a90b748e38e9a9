/* SPDX-License-Identifier: MIT */
/* What docs/threads.md promises: different handles in different threads, const calls together on one handle, trainings
 * at once on the same data, calls inside a parallel region of the caller's, in the child of a fork(), where threads or memory
 * are scarce, and while signals arrive.
 * All give the bits of one thread doing one thing after the other. */
#include "support/fixture.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef _OPENMP
#include <omp.h>
#endif

enum { WORKERS = 6, ROUNDS = 4, ROWS = 40, VISIBLE = 30, HIDDEN = 12, UNITS = VISIBLE + HIDDEN, COUNT = 8 };

/* Threads must not call CMocka: they note what they find. */
typedef struct worker {
  pthread_t thread;
  size_t number;
  const vpf_data *data;
  const vpf_model *model;
  uint64_t found[ROUNDS];
  char message[256];
  vpf_status status;
} worker;

static vpf_status hash_model(uint64_t *hash, const vpf_model *model) {
  static const size_t most = UNITS + VISIBLE * HIDDEN;
  float *theta = malloc(most * sizeof *theta);
  const vpf_status s = vpf_model_get_params(model, theta);
  if (!s) *hash = fixture_hash(*hash, theta, vpf_model_param_count(model) * sizeof *theta);
  free(theta);
  return s;
}

/* Train a machine of one's own; the worker's number decides method and seed. */
static vpf_status train_own_with(const vpf_data *data, size_t number, size_t threads, uint64_t *hash) {
  static const size_t sizes[] = {VISIBLE, HIDDEN};
  vpf_model *model = NULL;
  vpf_optimizer *optimizer = NULL;
  vpf_status s = vpf_model_create(&model, sizes, 2, NULL, VPF_COUPLING_PAIRWISE);
  if (!s) s = vpf_model_init(model, number);
  if (!s) s = vpf_optimizer_create(&optimizer);
  if (!s) s = vpf_optimizer_set_seed(optimizer, number);
  if (!s) s = vpf_optimizer_set(optimizer, VPF_OPTION_METHOD, (double)(number % 3));
  if (!s) s = vpf_optimizer_set(optimizer, VPF_OPTION_THREADS, (double)threads);
  if (!s) s = vpf_train(model, data, optimizer, 3, NULL, NULL);
  *hash = number;
  if (!s) s = hash_model(hash, model);
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  return s;
}

static vpf_status train_own(const vpf_data *data, size_t number, uint64_t *hash) {
  return train_own_with(data, number, 1 + number % 3, hash);
}

/* Everything that only reads a model and data. */
static vpf_status read_shared(const vpf_model *model, const vpf_data *data, size_t number, uint64_t *hash) {
  float images[ROWS * VISIBLE], features[ROWS * HIDDEN];
  double energy[ROWS], flow = 0, log_z = 0;
  uint8_t bits[ROWS * UNITS];
  char path[64];
  vpf_data *states = NULL, *chains = NULL;
  vpf_model *copy = NULL;
  snprintf(path, sizeof path, "threads-%zu.safetensors", number);
  *hash = number;
  vpf_status s = vpf_generate(model, COUNT, 3, NULL, number, images);
  if (!s) *hash = fixture_hash(*hash, images, COUNT * VISIBLE * sizeof *images);
  if (!s) s = vpf_encode(model, data, 1, features);
  if (!s) *hash = fixture_hash(*hash, features, sizeof features);
  if (!s) s = vpf_reconstruct(model, data, NULL, 3, 2, number, images);
  if (!s) *hash = fixture_hash(*hash, images, sizeof images);
  if (!s) s = vpf_model_infer(model, data, number, &states);
  if (!s) s = vpf_gibbs(model, states, NULL, 2, number, &chains);
  if (!s) s = vpf_data_to_u8(chains, bits);
  if (!s) *hash = fixture_hash(*hash, bits, sizeof bits);
  if (!s) s = vpf_model_energy(model, chains, energy);
  if (!s) *hash = fixture_hash(*hash, energy, sizeof energy);
  if (!s) s = vpf_model_flow(model, chains, &flow);
  if (!s) s = vpf_ais_log_partition(model, 10, 20, number, &log_z, NULL);
  if (!s) *hash = fixture_hash(fixture_hash(*hash, &flow, sizeof flow), &log_z, sizeof log_z);
  if (!s) s = vpf_model_save(model, path);
  if (!s) s = vpf_model_load(&copy, path);
  if (!s) s = hash_model(hash, copy);
  unlink(path);
  vpf_model_destroy(copy);
  vpf_data_destroy(chains);
  vpf_data_destroy(states);
  return s;
}

static void *work(void *argument) {
  worker *w = argument;
  for (size_t round = 0; !w->status && round < ROUNDS; round++) {
    w->status = w->model ? read_shared(w->model, w->data, w->number + round, &w->found[round])
                         : train_own(w->data, w->number + round, &w->found[round]);
    /* and a failure, whose message is this thread's alone */
    vpf_data *none = NULL;
    char path[32];
    snprintf(path, sizeof path, "nothing-%zu", w->number);
    if (vpf_data_load_idx(&none, path, 127) != VPF_ERR_IO || !strstr(vpf_error_message(), path)) w->status = VPF_ERR_INTERNAL;
  }
  snprintf(w->message, sizeof w->message, "%s", vpf_error_message());
  return NULL;
}

/* All workers at once, then each of their calls again, alone. */
static void run_together(const vpf_data *data, const vpf_model *model) {
  worker workers[WORKERS] = {{0}};
  for (size_t k = 0; k < WORKERS; k++) {
    workers[k] = (worker){.number = 10 * k, .data = data, .model = model};
    assert_int_equal(pthread_create(&workers[k].thread, NULL, work, &workers[k]), 0);
  }
  for (size_t k = 0; k < WORKERS; k++) assert_int_equal(pthread_join(workers[k].thread, NULL), 0);
  for (size_t k = 0; k < WORKERS; k++) {
    if (workers[k].status) fail_msg("worker %zu: %s", k, workers[k].message);
    for (size_t round = 0; round < ROUNDS; round++) {
      uint64_t alone = 0;
      assert_ok(model ? read_shared(model, data, 10 * k + round, &alone) : train_own(data, 10 * k + round, &alone));
      assert_int_equal(workers[k].found[round], alone);
    }
  }
}

static vpf_model *shared_model(void) {
  static const size_t sizes[] = {VISIBLE, HIDDEN};
  return fixture_model(sizes, 2, NULL, VPF_COUPLING_PAIRWISE, 4);
}

static void trainings_at_once_on_the_same_data_give_the_bits_of_each_alone(void **state) {
  (void)state;
  vpf_data *data = fixture_data(ROWS, VISIBLE, 1);
  run_together(data, NULL);
  vpf_data_destroy(data);
}

static void reading_one_model_from_many_threads_gives_the_bits_of_one(void **state) {
  (void)state;
  vpf_data *data = fixture_data(ROWS, VISIBLE, 1);
  vpf_model *model = shared_model();
  run_together(data, model);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
}

static void calls_inside_a_parallel_region_use_one_thread_each_and_give_the_same_bits(void **state) {
  (void)state;
  vpf_data *data = fixture_data(ROWS, VISIBLE, 1);
  vpf_model *model = shared_model();
  uint64_t inside[4] = {0}, trained[4] = {0};
  vpf_status status[4] = {VPF_OK};
#ifdef _OPENMP
#pragma omp parallel for num_threads(4)
#endif
  for (int k = 0; k < 4; k++) {
    status[k] = read_shared(model, data, (size_t)k, &inside[k]);
    if (!status[k]) status[k] = train_own(data, (size_t)k, &trained[k]);
  }
  for (size_t k = 0; k < 4; k++) {
    uint64_t alone = 0;
    assert_int_equal(status[k], VPF_OK);
    assert_ok(read_shared(model, data, k, &alone));
    assert_int_equal(inside[k], alone);
    assert_ok(train_own(data, k, &alone));
    assert_int_equal(trained[k], alone);
  }
  vpf_model_destroy(model);
  vpf_data_destroy(data);
}

/* ---- fork() ---- */

/* Whether a child of ours ends well, and soon: SIGALRM ends one that hangs. */
static void expect_good_end(pid_t pid) {
  int status = -1;
  assert_true(pid > 0);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail_msg("the child's status is %#x", (unsigned)status);
}

enum { PATIENCE = 60 }; /* seconds */

/* The child is to end well and to send the parent's own hash. Closes the channel. */
static void expect_same_of_child(pid_t pid, const int channel[2], uint64_t parent) {
  uint64_t child = 0;
  expect_good_end(pid);
  assert_int_equal(read(channel[0], &child, sizeof child), sizeof child);
  assert_true(child == parent);
  close(channel[0]);
  close(channel[1]);
}

/* With threads before the fork() and after it, in parent and child. */
static void a_child_goes_on_where_its_parent_was(void **state) {
  (void)state;
  vpf_data *data = fixture_data(ROWS, VISIBLE, 1);
  for (size_t threads = 1; threads <= 3; threads++) {
    vpf_model *model = shared_model();
    vpf_optimizer *optimizer = NULL;
    uint64_t child = 0, parent = 0;
    int channel[2];
    assert_ok(vpf_optimizer_create(&optimizer));
    assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_THREADS, (double)threads));
    assert_ok(vpf_train(model, data, optimizer, 2, NULL, NULL));
    assert_int_equal(pipe(channel), 0);
    const pid_t pid = fork();
    if (pid == 0) {
      alarm(PATIENCE);
      vpf_status s = vpf_train(model, data, optimizer, 2, NULL, NULL);
      if (!s) s = hash_model(&child, model);
      const int sent = !s && write(channel[1], &child, sizeof child) == (ssize_t)sizeof child;
      vpf_optimizer_destroy(optimizer);
      vpf_model_destroy(model);
      vpf_data_destroy(data);
      _exit(sent ? 0 : 1);
    }
    assert_ok(vpf_train(model, data, optimizer, 2, NULL, NULL));
    assert_ok(hash_model(&parent, model));
    expect_same_of_child(pid, channel, parent);
    vpf_optimizer_destroy(optimizer);
    vpf_model_destroy(model);
  }
  vpf_data_destroy(data);
}

typedef struct forker {
  size_t calls;
  pid_t child; /* 0 in the child, -1 before */
} forker;

static int fork_at_the_fifth(const vpf_progress *progress, void *user) {
  forker *f = user;
  (void)progress;
  if (++f->calls == 5) {
    f->child = fork();
    if (f->child == 0) alarm(PATIENCE);
  }
  return 0;
}

/* From a progress function, in the middle of a training with threads: the child trains on. */
static void a_child_of_a_progress_function_trains_on(void **state) {
  (void)state;
  vpf_data *data = fixture_data(ROWS, VISIBLE, 1);
  vpf_model *model = shared_model();
  vpf_optimizer *optimizer = NULL;
  assert_ok(vpf_optimizer_create(&optimizer));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_THREADS, 3));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_BATCH_SIZE, 8));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_PROGRESS_BATCHES, 1));
  int channel[2];
  uint64_t parent = 0;
  forker f = {.child = -1};
  assert_int_equal(pipe(channel), 0);
  const vpf_status s = vpf_train(model, data, optimizer, 3, fork_at_the_fifth, &f);
  const int hashed = !s && !hash_model(&parent, model);
  if (f.child == 0) _exit(hashed && write(channel[1], &parent, sizeof parent) == (ssize_t)sizeof parent ? 0 : 1);
  assert_ok(s);
  expect_same_of_child(f.child, channel, parent);
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
}

static atomic_int enough;

static void *train_until_enough(void *context) {
  uint64_t hash;
  while (!atomic_load(&enough))
    if (train_own_with(context, 5, 3, &hash) != VPF_OK) return context;
  return NULL;
}

/* fork() does not wait for other threads: whatever they are doing, the child has to work. */
static void a_child_works_whatever_other_threads_did_at_its_birth(void **state) {
  (void)state;
#ifdef VPF_SANITIZED
  print_message("skipped: the sanitizers' own locks are not made for it\n");
  skip();
#endif
  if (getenv("VPF_EMULATED")) { /* tests/emulated.sh */
    print_message("skipped: the emulator's own locks are not made for it\n");
    skip();
  }
  vpf_data *data = fixture_data(ROWS, VISIBLE, 1);
  uint64_t wanted = 0;
  pthread_t other;
  assert_ok(train_own_with(data, 5, 3, &wanted));
  assert_int_equal(pthread_create(&other, NULL, train_until_enough, data), 0);
  for (int k = 0; k < 20; k++) {
    const pid_t pid = fork();
    if (pid == 0) {
      uint64_t hash = 0;
      alarm(PATIENCE);
      _exit(train_own_with(data, 5, 3, &hash) == VPF_OK && hash == wanted ? 0 : 1);
    }
    expect_good_end(pid);
  }
  atomic_store(&enough, 1);
  void *failed = NULL;
  assert_int_equal(pthread_join(other, &failed), 0);
  assert_null(failed);
  vpf_data_destroy(data);
}

/* BLAS may have had threads, which are not in the child. */
static void parzen_windows_in_a_child_are_those_of_its_parent(void **state) {
  (void)state;
  enum { COUNT_A = 300, COUNT_B = 200, COLS = 100 };
  static float a[COUNT_A * COLS], b[COUNT_B * COLS];
  double parent = 0, child = 0;
  for (size_t k = 0; k < COUNT_A * COLS; k++) a[k] = (float)(k * 7919 % 256) / 255;
  for (size_t k = 0; k < COUNT_B * COLS; k++) b[k] = (float)(k * 104729 % 256) / 255;
  assert_ok(vpf_parzen(a, COUNT_A, b, COUNT_B, COLS, 0.2, &parent, NULL));
  const pid_t pid = fork();
  if (pid == 0) {
    alarm(PATIENCE);
    const vpf_status s = vpf_parzen(a, COUNT_A, b, COUNT_B, COLS, 0.2, &child, NULL);
    _exit(s == VPF_OK && fabs(child - parent) <= 1e-6 * fabs(parent) ? 0 : 1);
  }
  expect_good_end(pid);
}

/* ---- Few threads, little memory, many threads asked for ---- */

/* In a process that may have `most` threads and no more: train with three. The limit means nothing to root. */
static int train_with_few_threads(const vpf_data *data, rlim_t most, uint64_t wanted_hash) {
  const struct rlimit limit = {most, most};
  if (getuid() == 0 && setuid(65534) != 0) return 2;
  if (setrlimit(RLIMIT_NPROC, &limit) != 0) return 2;
  uint64_t hash = 0;
  for (int again = 0; again < 3; again++)
    if (train_own(data, 5, &hash) != VPF_OK || hash != wanted_hash) return 1;
  return 0;
}

static void threads_that_cannot_be_created_are_done_without(void **state) {
  (void)state;
#ifdef VPF_SANITIZED
  print_message("skipped: the sanitizers need threads themselves\n");
  skip();
#endif
  vpf_data *data = fixture_data(ROWS, VISIBLE, 1);
  uint64_t alone = 0;
  assert_ok(train_own_with(data, 5, 1, &alone));
  for (rlim_t most = 1; most <= 6; most++) {
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) _exit(train_with_few_threads(data, most, alone));
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
      fail_msg("at most %lu threads: status %#x", (unsigned long)most, (unsigned)status);
  }
  vpf_data_destroy(data);
}

/* In an address space that has `more` bytes left: train with eight threads, which each need a stack. */
static int train_in_little_memory(const vpf_data *data, rlim_t more, uint64_t wanted_hash) {
  unsigned long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%lu", &pages) != 1) return 2;
  fclose(file);
  const rlim_t most = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + more;
  const struct rlimit limit = {most, most};
  if (setrlimit(RLIMIT_AS, &limit) != 0) return 2;
  uint64_t hash = 0;
  const vpf_status s = train_own_with(data, 5, 8, &hash);
  return s == VPF_ERR_MEMORY || (s == VPF_OK && hash == wanted_hash) ? 0 : 1;
}

static void little_memory_is_an_error_or_enough_and_never_the_end(void **state) {
  (void)state;
#ifdef VPF_SANITIZED
  print_message("skipped: the sanitizers need memory themselves\n");
  skip();
#endif
  vpf_data *data = fixture_data(ROWS, VISIBLE, 1);
  uint64_t alone = 0;
  assert_ok(train_own_with(data, 5, 1, &alone));
  for (rlim_t more = 0; more <= (rlim_t)12 << 20; more += (rlim_t)1 << 18) {
    const pid_t pid = fork();
    if (pid == 0) {
      alarm(PATIENCE);
      _exit(train_in_little_memory(data, more, alone));
    }
    expect_good_end(pid);
  }
  vpf_data_destroy(data);
}

/* Bounded by processors, of which the tests say that there are eight. */
static void thousands_of_threads_are_not_what_is_used(void **state) {
  (void)state;
  vpf_data *data = fixture_data(ROWS, VISIBLE, 1);
  uint64_t alone = 0, many = 0;
  assert_ok(train_own_with(data, 5, 1, &alone));
  assert_ok(train_own_with(data, 5, 1000, &many));
  assert_true(alone == many);
  vpf_set_threads(20000);
  assert_true(vpf_threads() <= 64);
  assert_ok(train_own_with(data, 5, 0, &many));
  assert_true(alone == many);
  vpf_set_threads(0);
  assert_true(vpf_threads() >= 1);
  vpf_data_destroy(data);
}

static atomic_long signals_seen;

static void count_signal(int number) {
  (void)number;
  atomic_fetch_add(&signals_seen, 1);
}

/* Without SA_RESTART, so that calls of the system are interrupted. */
static void signals_while_training_and_saving_change_nothing(void **state) {
  (void)state;
  vpf_data *data = fixture_data(ROWS, VISIBLE, 1);
  vpf_model *model = shared_model();
  uint64_t quiet = 0, disturbed = 0;
  struct sigaction action = {.sa_handler = count_signal}, before;
  sigemptyset(&action.sa_mask);
  assert_ok(train_own(data, 5, &quiet));
  assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
  const struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
  assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
  vpf_status s = VPF_OK;
  int equal = 1;
  for (int round = 0; !s && round < 200 && (round < 20 || atomic_load(&signals_seen) < 100); round++) {
    uint64_t hash = 0;
    s = train_own(data, 5, &disturbed);
    equal = equal && disturbed == quiet;
    if (!s) s = read_shared(model, data, 1, &hash);
  }
  assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
  assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
  assert_ok(s);
  assert_true(equal);
  assert_true(atomic_load(&signals_seen) > 10);
  struct sigaction now; /* the library has none of its own */
  assert_int_equal(sigaction(SIGINT, NULL, &now), 0);
  assert_true(now.sa_handler == SIG_DFL);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_child_goes_on_where_its_parent_was),
      cmocka_unit_test(a_child_of_a_progress_function_trains_on),
      cmocka_unit_test(a_child_works_whatever_other_threads_did_at_its_birth),
      cmocka_unit_test(parzen_windows_in_a_child_are_those_of_its_parent),
      cmocka_unit_test(little_memory_is_an_error_or_enough_and_never_the_end),
      cmocka_unit_test(thousands_of_threads_are_not_what_is_used),
      cmocka_unit_test(threads_that_cannot_be_created_are_done_without),
      cmocka_unit_test(trainings_at_once_on_the_same_data_give_the_bits_of_each_alone),
      cmocka_unit_test(reading_one_model_from_many_threads_gives_the_bits_of_one),
      cmocka_unit_test(calls_inside_a_parallel_region_use_one_thread_each_and_give_the_same_bits),
      cmocka_unit_test(signals_while_training_and_saving_change_nothing),
  };
  return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
