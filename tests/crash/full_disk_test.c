/* SPDX-License-Identifier: MIT */
/* Real disks, in a name space of the test's own: one that is full after any number of bytes, and one that has become
 * read-only. The error says so, the old file is whole, nothing is left behind, and with room again the save succeeds. */
#define _GNU_SOURCE /* unshare() */
#include "crash/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define DISK "full-disk"
static const char *const PATH = DISK "/subject.safetensors", *const BALLAST = DISK "/ballast";

static subject subjects[2];

static bool have_disk;

static void require_disk(void) {
  if (have_disk) return;
  print_message("SKIPPED: this system allows no mount, not even in a name space of its own: %s\n", strerror(errno));
  skip();
}

/* Take all room but `pages`; where it is not there, all there is. */
static void leave_pages(size_t pages, size_t page) {
  char *bytes = calloc(pages + 1, page);
  assert_non_null(bytes);
  const int fd = open(BALLAST, O_WRONLY | O_CREAT | O_APPEND, 0600);
  assert_true(fd >= 0);
  while (write(fd, bytes, page) > 0) {}
  assert_int_equal(errno, ENOSPC);
  struct stat info;
  assert_int_equal(fstat(fd, &info), 0);
  assert_int_equal(ftruncate(fd, info.st_size - (off_t)(pages * page)), 0);
  close(fd);
  free(bytes);
}

static void a_disk_that_is_full_after_any_page_keeps_the_old_file(void **state) {
  (void)state;
  require_disk();
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t full = 0, enough = 0;
  for (int k = 0; k < 2; k++) {
    const subject *s = &subjects[k];
    const size_t needed = (s->file[NEW].size + page - 1) / page;
    for (size_t pages = 0; pages <= needed + 2; pages++) {
      assert_ok(subject_save(s, OLD, PATH));
      leave_pages(pages, page);
      const vpf_status status = subject_save(s, NEW, PATH);
      if (status) {
        assert_int_equal(status, VPF_ERR_IO);
        if (!strstr(vpf_error_message(), strerror(ENOSPC))) fail_msg("\"%s\"", vpf_error_message());
        full++;
      } else {
        enough++;
      }
      assert_true((status == VPF_OK) == (pages >= needed));
      assert_holds(s, status ? OLD : NEW, PATH);
      assert_int_equal(count_files(DISK, ""), 2);
      assert_int_equal(remove(BALLAST), 0);
      assert_ok(subject_save(s, NEW, PATH));
      assert_holds(s, NEW, PATH);
    }
  }
  print_message("%zu saves on a full disk, %zu with just enough room; 0 files lost\n", full, enough);
  assert_true(full > 20 && enough == 6);
}

static void a_disk_that_has_become_read_only_keeps_the_old_file(void **state) {
  (void)state;
  require_disk();
  for (int k = 0; k < 2; k++) {
    assert_ok(subject_save(&subjects[k], OLD, PATH));
    assert_int_equal(mount("none", DISK, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
    assert_int_equal(subject_save(&subjects[k], NEW, PATH), VPF_ERR_IO);
    if (!strstr(vpf_error_message(), strerror(EROFS))) fail_msg("\"%s\"", vpf_error_message());
    assert_holds(&subjects[k], OLD, PATH);
    assert_int_equal(count_files(DISK, ""), 1);
    assert_int_equal(mount("none", DISK, "tmpfs", MS_REMOUNT, NULL), 0);
    assert_ok(subject_save(&subjects[k], NEW, PATH));
    assert_holds(&subjects[k], NEW, PATH);
  }
}

static int set_up(void **state) {
  (void)state;
  subjects[0] = subject_model(120, 160);
  subjects[1] = subject_checkpoint(60, 70);
  mkdir(DISK, 0755);
  /* Root may unshare mounts; others first need a name space of users, where that is allowed. */
  have_disk = (unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) &&
              mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
              mount("none", DISK, "tmpfs", 0, "size=1m") == 0;
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  if (have_disk) umount(DISK);
  for (int k = 0; k < 2; k++) subject_free(&subjects[k]);
  return remove(DISK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_disk_that_is_full_after_any_page_keeps_the_old_file),
      cmocka_unit_test(a_disk_that_has_become_read_only_keeps_the_old_file),
  };
  return cmocka_run_group_tests_name("full disk", tests, set_up, tear_down);
}
