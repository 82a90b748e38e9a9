/* SPDX-License-Identifier: MIT */
/* The power fails at any moment of a save, and whatever the disk then makes of what it had not been asked to sync: the
 * old file or the new one is found, whole. */
#include "crash/disk.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "support/dice.h"

#define NAME "subject.safetensors"
static const char *const SIMULATED = DISK_FOLDER NAME;
static const char *const FOLDER = "power_loss_disk"; /* in the test's own folder */
static const char *const REAL = "power_loss_disk/" NAME;

enum {
  MOST_COMBINATIONS = 512, /* as many outcomes of the pending events are enumerated; if there are more ... */
  RANDOM_COMBINATIONS = 400
};

typedef struct tally {
  size_t points, disks;
  size_t old, new, none;      /* what was found */
  size_t broken, lost, stale; /* none of these; not there though it was before; not the new one after the save's VPF_OK */
  size_t opened;              /* with other permissions than the old one had */
} tally;

static mode_t mode_of(const char *path) {
  struct stat info;
  assert_int_equal(stat(path, &info), 0);
  return info.st_mode & 0777;
}

/* Look at the folder after the crash. `ended`: the save had returned. */
static void examine(const subject *s, bool replaced, bool ended, tally *t) {
  content found = content_read(REAL);
  const bool is_old = replaced && content_equal(&found, &s->file[OLD]), is_new = content_equal(&found, &s->file[NEW]);
  const bool there = found.bytes != NULL;
  content_free(&found);

  t->disks++;
  t->old += is_old;
  t->new += is_new;
  t->none += !there;
  t->lost += !there && replaced;
  t->broken += there && !is_old && !is_new;
  t->stale += ended && !is_new;
  if (is_old || is_new) {
    assert_ok(subject_load(s, REAL));
    if (replaced) t->opened += mode_of(REAL) != DISK_MODE;
  } else {
    assert_int_not_equal(subject_load(s, REAL), VPF_OK);
  }
}

/* Whatever lies in the folder, saving works again. */
static void save_again(const subject *s) {
  assert_ok(subject_save(s, OLD, REAL));
  assert_holds(s, OLD, REAL);
}

static void crash_at(const subject *s, bool replaced, size_t crash, dice *d, tally *t) {
  size_t pending[DISK_MOST_EVENTS], combinations = 1;
  const size_t n = disk_pending(crash, pending);
  for (size_t k = 0; k < n && combinations <= MOST_COMBINATIONS; k++) combinations *= disk_n_outcomes(pending[k]);
  const bool all = combinations <= MOST_COMBINATIONS;
  const size_t trials = all ? combinations : RANDOM_COMBINATIONS;

  t->points++;
  for (size_t trial = 0; trial < trials; trial++) {
    disk_outcome outcome[DISK_MOST_EVENTS] = {DISK_DONE};
    size_t rest = trial;
    for (size_t k = 0; k < n; k++) {
      const size_t radix = disk_n_outcomes(pending[k]);
      outcome[pending[k]] = (disk_outcome)(all ? rest % radix : trial == 0 ? 0 : dice_below(d, radix));
      rest /= radix;
    }
    disk_write_out(crash, outcome, FOLDER);
    examine(s, replaced, crash == disk_n_events(), t);
    if (trial == 0) save_again(s); /* everything done, so a temporary file is there if it ever is */
  }
}

static tally crash_everywhere(const subject *s, bool replaced, disk_mistake mistake) {
  disk_begin(NAME, replaced ? &s->file[OLD] : NULL);
  const vpf_status status = subject_save(s, NEW, SIMULATED);
  disk_stop();
  assert_ok(status);
  disk_make_mistake(mistake);

  tally t = {0};
  dice d = {20};
  for (size_t crash = 0; crash <= disk_n_events(); crash++) crash_at(s, replaced, crash, &d, &t);
  disk_free();
  return t;
}

static void report(const char *what, const subject *s, bool replaced, const tally *t) {
  print_message("%s, %s %s of %zu bytes: %zu crash points, %zu disks: %zu old, %zu new, %zu no file; %zu broken, "
                "%zu lost, %zu not durable\n",
                what, replaced ? "replaced" : "first", s->name, s->file[NEW].size, t->points, t->disks, t->old, t->new,
                t->none, t->broken, t->lost, t->stale);
}

static subject subjects[3];
enum { N_SUBJECTS = sizeof subjects / sizeof *subjects };

static void old_or_new_file_is_found_whole(void **state) {
  (void)state;
  for (int k = 0; k < N_SUBJECTS; k++) {
    const tally t = crash_everywhere(&subjects[k], true, DISK_NO_MISTAKE);
    report("as it is", &subjects[k], true, &t);
    assert_int_equal(t.broken + t.lost + t.stale + t.opened, 0);
    assert_true(t.old > 0 && t.new > 0 && t.old + t.new == t.disks);
  }
}

static void first_file_is_whole_or_not_there(void **state) {
  (void)state;
  for (int k = 0; k < N_SUBJECTS; k++) {
    const tally t = crash_everywhere(&subjects[k], false, DISK_NO_MISTAKE);
    report("as it is", &subjects[k], false, &t);
    assert_int_equal(t.broken + t.lost + t.stale, 0);
    assert_true(t.none > 0 && t.new > 0 && t.none + t.new == t.disks);
  }
}

/* The test is worth something: it sees what is wrong with a layer that leaves out or changes one step. */

static void missing_sync_of_the_file_is_seen(void **state) {
  (void)state;
  for (int replaced = 0; replaced <= 1; replaced++) {
    const tally t = crash_everywhere(&subjects[0], replaced, DISK_NO_FILE_SYNC);
    report("no sync of the file", &subjects[0], replaced, &t);
    assert_true(t.broken > 0);
  }
}

static void missing_sync_of_the_folder_is_seen(void **state) {
  (void)state;
  for (int replaced = 0; replaced <= 1; replaced++) {
    const tally t = crash_everywhere(&subjects[0], replaced, DISK_NO_FOLDER_SYNC);
    report("no sync of the folder", &subjects[0], replaced, &t);
    assert_true(t.stale > 0);
    assert_int_equal(t.broken, 0);
  }
}

static void rename_before_the_sync_is_seen(void **state) {
  (void)state;
  for (int replaced = 0; replaced <= 1; replaced++) {
    const tally t = crash_everywhere(&subjects[0], replaced, DISK_RENAME_BEFORE_SYNC);
    report("rename before the sync", &subjects[0], replaced, &t);
    assert_true(t.broken > 0);
    assert_int_equal(t.stale, 0);
  }
}

static void writing_in_place_is_seen(void **state) {
  (void)state;
  const tally t = crash_everywhere(&subjects[0], true, DISK_IN_PLACE);
  report("written in place", &subjects[0], true, &t);
  assert_true(t.broken > 0);
}

static int set_up(void **state) {
  (void)state;
  mkdir(FOLDER, 0755);
  subjects[0] = subject_model(120, 160);
  subjects[1] = subject_checkpoint(60, 70);
  subjects[2] = subject_checkpoint(160, 170); /* more writes than can be enumerated */
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  for (int k = 0; k < N_SUBJECTS; k++) subject_free(&subjects[k]);
  remove(REAL);
  return remove(FOLDER);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(old_or_new_file_is_found_whole),
      cmocka_unit_test(first_file_is_whole_or_not_there),
      cmocka_unit_test(missing_sync_of_the_file_is_seen),
      cmocka_unit_test(missing_sync_of_the_folder_is_seen),
      cmocka_unit_test(rename_before_the_sync_is_seen),
      cmocka_unit_test(writing_in_place_is_seen),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
