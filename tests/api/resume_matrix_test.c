/* SPDX-License-Identifier: MIT */
/* resume_matrix_test [EVERY]: whatever is trained and wherever it is stopped, a new process that has nothing but the
 * checkpoint goes on with the bits of a run that was never stopped. EVERY: of all setups, every so many-th. */
#include "support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/dice.h"

enum { EPOCHS = 10, BEFORE = 4, ROWS = 22, BATCH = 4, BATCHES = 6 /* the last one is short */ };
enum { REFUSED = 3 /* the exit status of a process whose setup the library refuses */ };
static const size_t SIZES[] = {66, 10, 7}; /* the first of more than one word */
static const char *const WHOLE = "whole.safetensors", *const LAST = "last.safetensors"; /* of one run, and of another */
#define STOP "stop.%d"
#define END "end.%d"

/* ---- Setups ---- */

typedef struct setup {
  vpf_method method;
  vpf_coupling coupling;
  vpf_rule rule;
  size_t layers;
  uint8_t intra[3];
  int estep, order, period, samples;
  int centred; /* and averaged, with a rate that drops */
} setup;

static size_t digit(size_t *number, size_t base) {
  const size_t d = *number % base;
  *number /= base;
  return d;
}

static setup setup_of(size_t number) {
  static const int periods[] = {0, 1, 3};
  const int centred = __builtin_popcountll(number) % 2;
  setup s = {.centred = centred, .method = (vpf_method)digit(&number, 3), .coupling = (vpf_coupling)digit(&number, 2)};
  s.rule = (vpf_rule)digit(&number, 2);
  s.layers = 1 + digit(&number, 3);
  s.intra[0] = s.intra[1] = s.intra[2] = (uint8_t)digit(&number, 2);
  s.estep = (int)digit(&number, 2);
  s.order = (int)digit(&number, 2);
  s.period = periods[digit(&number, 3)];
  s.samples = 1 + (int)digit(&number, 2);
  return s;
}

enum { NUMBERS = 3 * 2 * 2 * 3 * 2 * 2 * 2 * 3 * 2 };

/* Contrastive divergence ignores most of the E-step's options: two of their combinations show it. */
static int is_left_out(const setup *s) {
  const int plain = s->estep == 0 && s->period == 1 && s->samples == 1;
  const int full = s->estep == 1 && s->period == 3 && s->samples == 2;
  return s->method != VPF_METHOD_VPF && !plain && !full;
}

/* One energy for the Gibbs E-step, pairs for contrastive divergence, which has an E-step of its own. */
static int is_refused(const setup *s) {
  if (s->layers < 3) return 0;
  return s->method == VPF_METHOD_VPF ? s->estep && s->coupling == VPF_COUPLING_PAIRWISE
                                     : s->coupling == VPF_COUPLING_JOINT && s->intra[0];
}

/* ---- In the processes: no assertion, which would go on with the tests of the parent ---- */

#define MUST(call) must((call), #call)
static void must(vpf_status status, const char *call) {
  if (!status) return;
  fprintf(stderr, "%s is %d: %s\n", call, (int)status, vpf_error_message());
  _exit(EXIT_FAILURE);
}

typedef struct run {
  vpf_model *model;
  vpf_optimizer *optimizer;
} run;

static run start(const setup *s) {
  run r = {0};
  MUST(vpf_model_create(&r.model, SIZES, s->layers, s->intra, s->coupling));
  MUST(vpf_model_init(r.model, 4));
  MUST(vpf_optimizer_create(&r.optimizer));
  MUST(vpf_optimizer_set_seed(r.optimizer, UINT64_MAX - 5)); /* no double holds it */
  const struct { vpf_option key; double value; } options[] = {
      {VPF_OPTION_METHOD, s->method},        {VPF_OPTION_RULE, s->rule},
      {VPF_OPTION_MOMENTUM, 0.5},            {VPF_OPTION_BATCH_SIZE, BATCH},
      {VPF_OPTION_GIBBS_STEPS, 2},           {VPF_OPTION_PARTICLES, 7},
      {VPF_OPTION_ESTEP, s->estep},          {VPF_OPTION_ESTEP_ORDER, s->order},
      {VPF_OPTION_ESTEP_PERIOD, s->period},  {VPF_OPTION_ESTEP_SAMPLES, s->samples},
      {VPF_OPTION_CENTRED, s->centred},      {VPF_OPTION_AVERAGE, s->centred ? 0.95 : 0},
      {VPF_OPTION_DROP_EPOCH, s->centred ? BEFORE + 2 : 0},
      {VPF_OPTION_PROGRESS_BATCHES, 1}};
  for (size_t k = 0; k < sizeof options / sizeof *options; k++)
    MUST(vpf_optimizer_set(r.optimizer, options[k].key, options[k].value));
  return r;
}

static void save(const run *r, const char *path) {
  MUST(vpf_optimizer_set(r->optimizer, VPF_OPTION_THREADS, 1)); /* it is in the file, and was another in each process */
  MUST(vpf_checkpoint_save(r->model, r->optimizer, path));
}

/* In the place of the checkpoint of a run that was refused there is its message. */
static void save_or_refuse(const run *r, vpf_status status, const char *path) {
  if (status == VPF_ERR_UNSUPPORTED) {
    FILE *file = fopen(path, "wb");
    if (!file || fputs(vpf_error_message(), file) < 0 || fclose(file)) _exit(EXIT_FAILURE);
    _exit(REFUSED);
  }
  MUST(status);
  save(r, path);
}

static int stop_at_batch(const vpf_progress *p, void *user) {
  return p->event == VPF_PROGRESS_BATCH && p->batch == *(const size_t *)user;
}

/* A process with all it is given; it ends without cleaning up, as one that is killed. */
typedef struct process {
  const setup *setup;
  const vpf_data *data;
  size_t threads;
  int stop; /* where go_on() goes on */
} process;

static void train_whole(const process *p) {
  const run r = start(p->setup);
  MUST(vpf_optimizer_set(r.optimizer, VPF_OPTION_THREADS, (double)p->threads));
  save_or_refuse(&r, vpf_train(r.model, p->data, r.optimizer, EPOCHS, NULL, NULL), WHOLE);
}

/* Stop 0 is before anything was trained, 1 between two epochs, the others at these minibatches of the epoch after. */
static const size_t INSIDE[] = {1, 4, BATCHES};
enum { STOPS = 2 + sizeof INSIDE / sizeof *INSIDE };

static void train_to_the_stops(const process *p) {
  char path[32];
  const run r = start(p->setup);
  vpf_status status = VPF_OK;
  for (int stop = 0; stop < STOPS; stop++) {
    size_t rows = 0, batch = stop > 1 ? INSIDE[stop - 2] : 0;
    MUST(vpf_optimizer_set(r.optimizer, VPF_OPTION_THREADS, (double)p->threads));
    if (stop == 1) status = vpf_train(r.model, p->data, r.optimizer, BEFORE, NULL, NULL);
    if (stop > 1) status = vpf_train(r.model, p->data, r.optimizer, EPOCHS - BEFORE, stop_at_batch, &batch);
    snprintf(path, sizeof path, STOP, stop);
    save_or_refuse(&r, status, path);
    MUST(vpf_optimizer_position(r.optimizer, NULL, &rows));
    if (rows != (batch * BATCH < ROWS ? batch * BATCH : ROWS)) _exit(EXIT_FAILURE);
  }
}

static void go_on(const process *p) {
  char path[32];
  size_t epochs = 0;
  run r = {0};
  snprintf(path, sizeof path, STOP, p->stop);
  MUST(vpf_checkpoint_load(&r.model, &r.optimizer, path));
  MUST(vpf_optimizer_set(r.optimizer, VPF_OPTION_THREADS, (double)p->threads));
  MUST(vpf_optimizer_position(r.optimizer, &epochs, NULL));
  if (epochs != (p->stop > 0 ? BEFORE : 0)) _exit(EXIT_FAILURE);
  snprintf(path, sizeof path, END, p->stop);
  save_or_refuse(&r, vpf_train(r.model, p->data, r.optimizer, EPOCHS - epochs, NULL, NULL), path);
}

/* ---- In the parent, which never trains: threads would not survive fork() ---- */

static void in_a_new_process(void (*work)(const process *), const process *p, int wanted) {
  int status = 0;
  const pid_t child = fork();
  assert_int_not_equal(child, -1);
  if (child == 0) {
    work(p);
    _exit(EXIT_SUCCESS);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == wanted) return;
  const setup *s = p->setup;
  print_error("stop %d, %zu threads, method %d, coupling %d, rule %d, %zu layers, intra %d, estep %d, order %d, "
              "period %d, samples %d, centred %d: wait status %x\n",
              p->stop, p->threads, (int)s->method, (int)s->coupling, (int)s->rule, s->layers, s->intra[0], s->estep,
              s->order, s->period, s->samples, s->centred, (unsigned)status);
  fail();
}

static size_t every = 1;

static void a_new_process_goes_on_with_the_same_bits(void **state) {
  (void)state;
  size_t resumed = 0, refused = 0, setups = 0, changes[3][3] = {{0}}; /* of the number of threads */
  char end[32];
  vpf_data *data = fixture_data(ROWS, SIZES[0], 1);
  for (size_t k = 0; k < NUMBERS; k += every) {
    const setup s = setup_of(k);
    if (is_left_out(&s)) continue;
    const int wanted = is_refused(&s) ? REFUSED : EXIT_SUCCESS;
    const int stops = wanted == REFUSED ? 1 : STOPS;
    dice d = {k};
    process p = {.setup = &s, .data = data, .threads = 1 + dice_below(&d, 3)};
    in_a_new_process(train_whole, &p, wanted);
    const size_t before = p.threads = 1 + dice_below(&d, 3);
    in_a_new_process(train_to_the_stops, &p, wanted);
    for (p.stop = 0; p.stop < stops; p.stop++) {
      p.threads = 1 + dice_below(&d, 3);
      in_a_new_process(go_on, &p, wanted);
      snprintf(end, sizeof end, END, p.stop);
      fixture_assert_same_files(WHOLE, end);
      resumed += wanted != REFUSED;
      changes[before - 1][p.threads - 1] += wanted != REFUSED;
    }
    setups++;
    refused += wanted == REFUSED;
  }
  print_message("%zu setups, %zu of them refused; %zu runs resumed\n", setups, refused, resumed);
  assert_int_equal(resumed, (setups - refused) * STOPS);
  assert_true(refused > 0);
  for (int k = 0; k < 9; k++) assert_true(changes[k / 3][k % 3] > 0);
  vpf_data_destroy(data);
}

/* ---- In one process, so after the others ---- */

/* Stops at one call, counted from 1, or with 0 at each; the data of the reports must be sound whenever. */
typedef struct stopper {
  size_t calls, stop_at;
} stopper;

static int stop_at_call(const vpf_progress *p, void *user) {
  stopper *s = user;
  s->calls++;
  assert_in_range(p->batch, 1, BATCHES);
  assert_int_equal(p->batches, BATCHES);
  return s->stop_at == 0 || s->calls == s->stop_at;
}

enum { SHORT = 3, CALLS = SHORT * BATCHES + SHORT };

/* Train what is left of SHORT epochs, in as many pieces as the stopper makes of it, through a file where wanted. */
static size_t train_in_pieces(run *r, const vpf_data *data, stopper *s, int through_files) {
  size_t pieces = 0, epochs = 0;
  for (; epochs < SHORT; pieces++) {
    assert_ok(vpf_train(r->model, data, r->optimizer, SHORT - epochs, stop_at_call, s));
    assert_ok(vpf_optimizer_position(r->optimizer, &epochs, NULL));
    if (through_files) fixture_through_the_file(&r->model, &r->optimizer, LAST);
  }
  return pieces;
}

static void no_stop_of_the_progress_function_changes_a_bit(void **state) {
  (void)state;
  vpf_data *data = fixture_data(ROWS, SIZES[0], 2);
  size_t runs = 0;
  for (int method = VPF_METHOD_VPF; method <= VPF_METHOD_PCD; method++)
    for (size_t layers = 2; layers <= 3; layers++) {
      const uint8_t intra = layers == 3;
      const setup s = {
          .method = (vpf_method)method, .layers = layers, .intra = {0, intra, intra}, .period = 2, .samples = 2};
      const run whole = start(&s);
      assert_ok(vpf_train(whole.model, data, whole.optimizer, SHORT, NULL, NULL));
      save(&whole, WHOLE);
      for (int through_files = 0; through_files <= 1; through_files++)
        for (size_t stop_at = 0; stop_at <= CALLS; stop_at++) {
          run parts = start(&s);
          stopper at = {.stop_at = stop_at};
          const size_t pieces = train_in_pieces(&parts, data, &at, through_files);
          assert_int_equal(at.calls, CALLS);
          assert_int_equal(pieces, stop_at == 0 ? CALLS : stop_at == CALLS ? 1 : 2);
          assert_true(fixture_same_params(whole.model, parts.model));
          save(&parts, LAST);
          if (stop_at > 0 && stop_at < CALLS) fixture_assert_same_files(WHOLE, LAST); /* but for why the others ended */
          vpf_model_destroy(parts.model);
          vpf_optimizer_destroy(parts.optimizer);
          runs++;
        }
      vpf_model_destroy(whole.model);
      vpf_optimizer_destroy(whole.optimizer);
    }
  print_message("%zu runs, stopped at each of %d calls and at all\n", runs, CALLS);
  vpf_data_destroy(data);
}

/* Every file is synced, which on a disk takes longer than all of the training: in memory where that can be. */
static int enter_a_folder(void **state) {
  static char folder[] = "/dev/shm/vpf-resume-XXXXXX";
  *state = mkdtemp(folder);
  return *state ? chdir(*state) : 0;
}

static int leave_it(void **state) {
  char path[32];
  unlink(WHOLE);
  unlink(LAST);
  for (int stop = 0; stop < STOPS; stop++) {
    snprintf(path, sizeof path, STOP, stop);
    unlink(path);
    snprintf(path, sizeof path, END, stop);
    unlink(path);
  }
  return *state ? rmdir(*state) : 0;
}

int main(int argc, char **argv) {
  if (argc > 1) every = strtoul(argv[1], NULL, 10);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_new_process_goes_on_with_the_same_bits), /* the first: see in_a_new_process() */
      cmocka_unit_test(no_stop_of_the_progress_function_changes_a_bit),
  };
  return cmocka_run_group_tests_name("resume_matrix", tests, enter_a_folder, leave_it);
}
