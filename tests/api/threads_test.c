/* SPDX-License-Identifier: MIT */
/* What docs/threads.md promises: different handles in different threads, const calls together on one handle, trainings
 * at once on the same data, calls inside a parallel region of the caller's, after a fork() and while signals arrive.
 * All give the bits of one thread doing one thing after the other. */
#include "support/fixture.h"

#include <errno.h>
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

/* With one thread: OpenMP's own do not survive a fork(). */
static void a_child_goes_on_where_its_parent_was(void **state) {
  (void)state;
  vpf_data *data = fixture_data(ROWS, VISIBLE, 1);
  vpf_model *model = shared_model();
  vpf_optimizer *optimizer = NULL;
  uint64_t child = 0, parent = 0;
  int channel[2];
  assert_ok(vpf_optimizer_create(&optimizer));
  assert_ok(vpf_optimizer_set(optimizer, VPF_OPTION_THREADS, 1));
  assert_ok(vpf_train(model, data, optimizer, 2, NULL, NULL));
  assert_int_equal(pipe(channel), 0);
  const pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
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
  int status = -1;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  assert_int_equal(read(channel[0], &child, sizeof child), sizeof child);
  assert_int_equal(child, parent);
  close(channel[0]);
  close(channel[1]);
  vpf_optimizer_destroy(optimizer);
  vpf_model_destroy(model);
  vpf_data_destroy(data);
}

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

/* OpenMP's answer to a thread that cannot be created is exit(). */
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
      cmocka_unit_test(a_child_goes_on_where_its_parent_was), /* before any team of threads */
      cmocka_unit_test(threads_that_cannot_be_created_are_done_without),
      cmocka_unit_test(trainings_at_once_on_the_same_data_give_the_bits_of_each_alone),
      cmocka_unit_test(reading_one_model_from_many_threads_gives_the_bits_of_one),
      cmocka_unit_test(calls_inside_a_parallel_region_use_one_thread_each_and_give_the_same_bits),
      cmocka_unit_test(signals_while_training_and_saving_change_nothing),
  };
  return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
