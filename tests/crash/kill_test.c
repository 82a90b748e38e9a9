/* SPDX-License-Identifier: MIT */
/* kill -9 at any moment of a process that saves and saves: the file is one of the two that it saves, whole. */
#include "crash/subject.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/dice.h"

#define FOLDER "kill"
static const char *const PATH = FOLDER "/subject.safetensors";

enum { KILLS = 200 };

/* Long enough for some saves on this computer, in microseconds. */
static size_t longest_life(const subject *s) {
  enum { SAVES = 4, LEAST = 20000, MOST = 500000 };
  struct timespec begin, end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (int k = 0; k < SAVES; k++) assert_ok(subject_save(s, k % 2, PATH));
  clock_gettime(CLOCK_MONOTONIC, &end);
  const double us = 1e6 * (double)(end.tv_sec - begin.tv_sec) + 1e-3 * (double)(end.tv_nsec - begin.tv_nsec);
  return us < LEAST ? LEAST : us > MOST ? MOST : (size_t)us;
}

static void save_for_ever(const subject *s, int ready) {
  if (write(ready, "", 1) != 1) _exit(1);
  for (int which = OLD;; which = which == OLD ? NEW : OLD)
    if (subject_save(s, which, PATH) != VPF_OK) _exit(1);
}

/* Gives how many temporary files were left. */
static size_t kill_at_random(const subject *s, size_t longest, dice *d, size_t found[2]) {
  int ready[2], status;
  char byte;
  assert_int_equal(pipe(ready), 0);
  const pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) save_for_ever(s, ready[1]);
  assert_int_equal(read(ready[0], &byte, 1), 1);
  const struct timespec life = {0, 1000 * (long)dice_below(d, longest)};
  nanosleep(&life, NULL);
  assert_int_equal(kill(pid, SIGKILL), 0);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL); /* no save had failed */
  close(ready[0]);
  close(ready[1]);

  content now = content_read(PATH);
  const int which = content_equal(&now, &s->file[NEW]) ? NEW : OLD;
  content_free(&now);
  assert_holds(s, which, PATH);
  found[which]++;
  return count_files(FOLDER, ".vpf-");
}

static void killed(subject s) {
  size_t found[2] = {0, 0}, left = 0;
  dice d = {30};
  mkdir(FOLDER, 0755);
  remove_files(FOLDER, "");
  const size_t longest = longest_life(&s);
  for (int k = 0; k < KILLS; k++) {
    left += kill_at_random(&s, longest, &d, found) > 0;
    remove_files(FOLDER, ".vpf-");
  }
  assert_ok(subject_save(&s, NEW, PATH));
  assert_holds(&s, NEW, PATH);
  print_message("%d kills of a process that saves a %s of %zu bytes: %zu in the middle of a save; %zu times the one, %zu "
                "times the other file, 0 broken\n",
                KILLS, s.name, s.file[NEW].size, left, found[OLD], found[NEW]);
  assert_true(left > KILLS / 20 && found[OLD] > 0 && found[NEW] > 0);
  subject_free(&s);
  remove(PATH);
  assert_int_equal(remove(FOLDER), 0);
}

static void a_model_survives(void **state) {
  (void)state;
  killed(subject_model(120, 160));
}

static void a_checkpoint_survives(void **state) {
  (void)state;
  killed(subject_checkpoint(160, 170));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_model_survives), cmocka_unit_test(a_checkpoint_survives)};
  return cmocka_run_group_tests_name("kill", tests, NULL, NULL);
}
