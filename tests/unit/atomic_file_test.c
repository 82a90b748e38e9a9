/* SPDX-License-Identifier: MIT */
/* Whatever fails, the old file is whole, and nothing of the new one is left behind. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "store/atomic_file.h"

static char folder[PATH_MAX - 64];

static const char *in_folder(char out[PATH_MAX], const char *name) {
  assert_true(snprintf(out, PATH_MAX, "%s/%s", folder, name) < PATH_MAX);
  return out;
}

static void put_text(const char *path, const char *text) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
  assert_int_equal(fclose(file), 0);
}

static size_t get_bytes(const char *path, char *out, size_t room) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  const size_t got = fread(out, 1, room, file);
  fclose(file);
  return got;
}

static void assert_text(const char *path, const char *text) {
  char found[256];
  const size_t got = get_bytes(path, found, sizeof found - 1);
  found[got] = 0;
  assert_string_equal(found, text);
}

static size_t count_files(void) {
  DIR *dir = opendir(folder);
  assert_non_null(dir);
  size_t count = 0;
  for (struct dirent *entry; (entry = readdir(dir));)
    count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
  closedir(dir);
  return count;
}

static mode_t mode_of(const char *path) {
  struct stat info;
  assert_int_equal(lstat(path, &info), 0);
  return info.st_mode & 07777;
}

static void assert_error_says(const char *part) {
  if (!strstr(vpfi_error_text(), part)) fail_msg("\"%s\" does not say \"%s\"", vpfi_error_text(), part);
}

static vpf_status replace(const char *path, const char *text) {
  vpfi_atomic_file *file;
  vpf_status status = vpfi_atomic_file_open(&file, path);
  if (status) {
    assert_null(file);
    return status;
  }
  status = vpfi_atomic_file_write(file, text, strlen(text));
  if (!status) return vpfi_atomic_file_commit(file);
  vpfi_atomic_file_abandon(file);
  return status;
}

/* ---- each test: a folder of its own; afterwards no descriptor may be left open ---- */

static int first_free_descriptor;

static int lowest_descriptor(void) {
  const int fd = open("/dev/null", O_RDONLY);
  close(fd);
  return fd;
}

static int set_up(void **state) {
  (void)state;
  const char *parent = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/vpf-atomic-XXXXXX", parent && *parent ? parent : "/tmp");
  first_free_descriptor = lowest_descriptor();
  return mkdtemp(folder) && chmod(folder, 0755) == 0 ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  char path[PATH_MAX];
  DIR *dir = opendir(folder);
  for (struct dirent *entry; dir && (entry = readdir(dir));) {
    in_folder(path, entry->d_name);
    if (unlink(path) != 0) rmdir(path);
  }
  if (dir) closedir(dir);
  if (lowest_descriptor() != first_free_descriptor) return -1;
  return rmdir(folder);
}

/* Permissions mean nothing to root, so a test about them runs as somebody else. */
static bool become_nobody(void) {
  return geteuid() != 0 || (chown(folder, 65534, 65534) == 0 && seteuid(65534) == 0);
}

static void become_myself(void) {
  if (getuid() == 0) assert_int_equal(seteuid(0), 0);
}

/* ---- what is written ---- */

static void new_file_has_the_bytes_and_the_mode_of_the_umask(void **state) {
  (void)state;
  char path[PATH_MAX];
  const mode_t old = umask(027);
  const vpf_status status = replace(in_folder(path, "new"), "new text");
  umask(old);
  assert_int_equal(status, VPF_OK);
  assert_text(path, "new text");
  assert_int_equal(mode_of(path), 0640);
  assert_int_equal(count_files(), 1);
}

static void relative_path_is_in_the_current_folder(void **state) {
  (void)state;
  char path[PATH_MAX], before[PATH_MAX];
  assert_non_null(getcwd(before, sizeof before));
  assert_int_equal(chdir(folder), 0);
  const vpf_status status = replace("relative", "here");
  assert_int_equal(chdir(before), 0);
  assert_int_equal(status, VPF_OK);
  assert_text(in_folder(path, "relative"), "here");
}

static void empty_file_can_be_written(void **state) {
  (void)state;
  char path[PATH_MAX];
  assert_int_equal(replace(in_folder(path, "empty"), ""), VPF_OK);
  assert_text(path, "");
}

/* Pieces around the size of the buffer (65536), in several orders. */
static void pieces_of_every_size_arrive_in_order(void **state) {
  (void)state;
  static const size_t piece[] = {0, 1, 65535, 65536, 1, 65537, 200000, 3, 65533, 65536, 65535, 2, 1};
  enum { TOTAL = 1 << 20 };
  char path[PATH_MAX], *bytes = malloc(TOTAL), *found = malloc(TOTAL);
  assert_true(bytes && found);
  for (size_t k = 0; k < TOTAL; k++) bytes[k] = (char)(k * 2654435761u >> 13);

  vpfi_atomic_file *file;
  size_t total = 0;
  assert_int_equal(vpfi_atomic_file_open(&file, in_folder(path, "pieces")), VPF_OK);
  for (size_t k = 0; k < sizeof piece / sizeof *piece; total += piece[k++])
    assert_int_equal(vpfi_atomic_file_write(file, bytes + total, piece[k]), VPF_OK);
  assert_int_equal(vpfi_atomic_file_commit(file), VPF_OK);

  assert_int_equal(get_bytes(path, found, TOTAL), total);
  assert_memory_equal(found, bytes, total);
  free(bytes);
  free(found);
}

static void replaced_file_keeps_its_permissions(void **state) {
  (void)state;
  char path[PATH_MAX];
  put_text(in_folder(path, "file"), "old");
  static const mode_t modes[] = {0600, 0640, 0666, 0755};
  for (size_t k = 0; k < sizeof modes / sizeof *modes; k++) {
    assert_int_equal(chmod(path, modes[k]), 0);
    assert_int_equal(replace(path, "new"), VPF_OK);
    assert_int_equal(mode_of(path), modes[k]);
  }
  assert_text(path, "new");
}

static void old_file_is_there_until_the_commit(void **state) {
  (void)state;
  char path[PATH_MAX], large[100000] = {0};
  put_text(in_folder(path, "file"), "old");
  vpfi_atomic_file *file;
  assert_int_equal(vpfi_atomic_file_open(&file, path), VPF_OK);
  assert_int_equal(vpfi_atomic_file_write(file, large, sizeof large), VPF_OK);
  assert_text(path, "old");
  assert_int_equal(vpfi_atomic_file_commit(file), VPF_OK);
  assert_int_equal(count_files(), 1);
  struct stat info;
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_size, sizeof large);
}

static void abandoning_leaves_the_old_file_and_nothing_else(void **state) {
  (void)state;
  char path[PATH_MAX];
  put_text(in_folder(path, "file"), "old");
  vpfi_atomic_file *file;
  assert_int_equal(vpfi_atomic_file_open(&file, path), VPF_OK);
  assert_int_equal(vpfi_atomic_file_write(file, "new", 3), VPF_OK);
  vpfi_atomic_file_abandon(file);
  vpfi_atomic_file_abandon(NULL);
  assert_text(path, "old");
  assert_int_equal(count_files(), 1);
}

static void two_writers_of_one_file_do_not_mix(void **state) {
  (void)state;
  char path[PATH_MAX];
  vpfi_atomic_file *first, *second;
  assert_int_equal(vpfi_atomic_file_open(&first, in_folder(path, "file")), VPF_OK);
  assert_int_equal(vpfi_atomic_file_open(&second, path), VPF_OK);
  assert_int_equal(vpfi_atomic_file_write(first, "first", 5), VPF_OK);
  assert_int_equal(vpfi_atomic_file_write(second, "second", 6), VPF_OK);
  assert_int_equal(vpfi_atomic_file_commit(first), VPF_OK);
  assert_text(path, "first");
  assert_int_equal(vpfi_atomic_file_commit(second), VPF_OK);
  assert_text(path, "second");
  assert_int_equal(count_files(), 1);
}

static void temporary_file_of_a_crashed_process_is_passed_over(void **state) {
  (void)state;
  char path[PATH_MAX], left[PATH_MAX], name[64];
  snprintf(name, sizeof name, ".vpf-%ld-0.tmp", (long)getpid());
  put_text(in_folder(left, name), "left behind");
  assert_int_equal(replace(in_folder(path, "file"), "new"), VPF_OK);
  assert_text(path, "new");
  assert_text(left, "left behind");
}

/* ---- links ---- */

static void link_stays_and_its_target_is_replaced(void **state) {
  (void)state;
  char sub[PATH_MAX], target[PATH_MAX], link[PATH_MAX], chain[PATH_MAX], found[PATH_MAX];
  assert_int_equal(mkdir(in_folder(sub, "sub"), 0755), 0);
  put_text(in_folder(target, "sub/target"), "old");
  assert_int_equal(symlink("sub/target", in_folder(link, "link")), 0);
  assert_int_equal(symlink(link, in_folder(chain, "chain")), 0); /* absolute, to a relative one */
  assert_int_equal(replace(chain, "new"), VPF_OK);
  assert_text(target, "new");
  assert_int_equal(readlink(link, found, sizeof found), (int)strlen("sub/target"));
  assert_int_equal(unlink(target), 0);
}

static void link_to_nothing_names_the_file_to_create(void **state) {
  (void)state;
  char link[PATH_MAX], target[PATH_MAX];
  assert_int_equal(symlink("not-yet", in_folder(link, "link")), 0);
  assert_int_equal(replace(link, "new"), VPF_OK);
  assert_text(in_folder(target, "not-yet"), "new");
  assert_int_equal(count_files(), 2);
}

static void circle_of_links_is_refused(void **state) {
  (void)state;
  char a[PATH_MAX], b[PATH_MAX];
  assert_int_equal(symlink("b", in_folder(a, "a")), 0);
  assert_int_equal(symlink("a", in_folder(b, "b")), 0);
  assert_int_equal(replace(a, "new"), VPF_ERR_IO);
  assert_error_says(strerror(ELOOP));
}

/* ---- what cannot be replaced ---- */

static void folder_is_refused(void **state) {
  (void)state;
  char path[PATH_MAX];
  assert_int_equal(replace(folder, "new"), VPF_ERR_IO);
  assert_error_says(strerror(EISDIR));
  assert_error_says(folder);
  assert_int_equal(replace(in_folder(path, "name/"), "new"), VPF_ERR_IO);
  assert_int_equal(count_files(), 0);
}

static void missing_folder_is_refused_with_the_reason(void **state) {
  (void)state;
  char path[PATH_MAX];
  assert_int_equal(replace(in_folder(path, "missing/file"), "new"), VPF_ERR_IO);
  assert_error_says("missing/file");
  assert_error_says(strerror(ENOENT));
  put_text(in_folder(path, "file"), "old");
  assert_int_equal(replace(in_folder(path, "file/below"), "new"), VPF_ERR_IO);
  assert_error_says(strerror(ENOTDIR));
  assert_int_equal(replace("", "new"), VPF_ERR_IO);
  assert_error_says(strerror(ENOENT));
}

static void overlong_paths_are_refused(void **state) {
  (void)state;
  char *path = malloc(2 * PATH_MAX);
  assert_non_null(path);
  memset(path, 'x', 2 * PATH_MAX - 1);
  path[2 * PATH_MAX - 1] = 0;
  assert_int_equal(replace(path, "new"), VPF_ERR_IO);
  assert_error_says(strerror(ENAMETOOLONG));
  path[300] = 0;
  assert_int_equal(replace(path, "new"), VPF_ERR_IO);
  assert_error_says(strerror(ENAMETOOLONG));
  free(path);
}

/* The longest file name: the temporary one must not be longer. */
static void longest_name_can_be_written(void **state) {
  (void)state;
  char name[256], path[PATH_MAX];
  memset(name, 'n', 255);
  name[255] = 0;
  assert_int_equal(replace(in_folder(path, name), "new"), VPF_OK);
  assert_text(path, "new");
}

static void full_device_reports_that_it_is_full(void **state) {
  (void)state;
  char *large = calloc(1, 1 << 20);
  assert_non_null(large);
  assert_int_equal(replace("/dev/full", "new"), VPF_ERR_IO);
  assert_error_says("writing /dev/full: No space left on device");
  vpfi_atomic_file *file;
  assert_int_equal(vpfi_atomic_file_open(&file, "/dev/full"), VPF_OK);
  assert_int_equal(vpfi_atomic_file_write(file, large, 1 << 20), VPF_ERR_IO);
  assert_error_says("No space left on device");
  vpfi_atomic_file_abandon(file);
  free(large);
}

static void devices_are_written_to_and_stay_devices(void **state) {
  (void)state;
  char link[PATH_MAX];
  assert_int_equal(replace("/dev/null", "new"), VPF_OK);
  assert_int_equal(symlink("/dev/null", in_folder(link, "null")), 0);
  assert_int_equal(replace(link, "new"), VPF_OK);
  struct stat info;
  assert_int_equal(stat("/dev/null", &info), 0);
  assert_true(S_ISCHR(info.st_mode));
  assert_int_equal(stat("/dev/full", &info), 0);
  assert_true(S_ISCHR(info.st_mode));
}

static void pipe_is_refused_without_waiting(void **state) {
  (void)state;
  char path[PATH_MAX];
  assert_int_equal(mkfifo(in_folder(path, "pipe"), 0600), 0);
  alarm(20);
  assert_int_equal(replace(path, "new"), VPF_ERR_IO);
  alarm(0);
  assert_error_says("pipe");
  assert_int_equal(count_files(), 1);
}

/* ---- failures ---- */

/* A limit on the size of files fails like a full disk: somewhere inside a write. */
static void failed_write_leaves_the_old_file_and_nothing_else(void **state) {
  (void)state;
  char path[PATH_MAX], *large = calloc(1, 1 << 20);
  assert_non_null(large);
  put_text(in_folder(path, "file"), "old");
  struct rlimit before;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  const struct rlimit small = {.rlim_cur = 10, .rlim_max = before.rlim_max};
  void (*old_handler)(int) = signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);

  vpfi_atomic_file *file;
  assert_int_equal(vpfi_atomic_file_open(&file, path), VPF_OK);
  const vpf_status at_write = vpfi_atomic_file_write(file, large, 1 << 20);
  vpfi_atomic_file_abandon(file);
  const vpf_status at_commit = replace(path, "eleven byte");

  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, old_handler);
  assert_int_equal(at_write, VPF_ERR_IO);
  assert_int_equal(at_commit, VPF_ERR_IO);
  assert_error_says(strerror(EFBIG));
  assert_text(path, "old");
  assert_int_equal(count_files(), 1);
  free(large);
}

static void failed_rename_removes_the_temporary_file(void **state) {
  (void)state;
  char path[PATH_MAX];
  vpfi_atomic_file *file;
  assert_int_equal(vpfi_atomic_file_open(&file, in_folder(path, "file")), VPF_OK);
  assert_int_equal(mkdir(path, 0755), 0);
  assert_int_equal(vpfi_atomic_file_write(file, "new", 3), VPF_OK);
  assert_int_equal(vpfi_atomic_file_commit(file), VPF_ERR_IO);
  assert_error_says("replacing ");
  assert_int_equal(count_files(), 1);
}

static void folder_that_may_not_be_written_is_refused(void **state) {
  (void)state;
  char path[PATH_MAX];
  put_text(in_folder(path, "file"), "old");
  assert_int_equal(chmod(path, 0666), 0);
  if (!become_nobody()) skip();
  const int closed = chmod(folder, 0555);
  const vpf_status status = replace(path, "new");
  const int opened = chmod(folder, 0755);
  become_myself();
  assert_int_equal(closed | opened, 0);
  assert_int_equal(status, VPF_ERR_IO);
  assert_error_says(strerror(EACCES));
  assert_text(path, "old");
  assert_int_equal(count_files(), 1);
}

static void file_that_may_not_be_written_is_not_replaced(void **state) {
  (void)state;
  char path[PATH_MAX];
  put_text(in_folder(path, "file"), "old");
  assert_int_equal(chmod(path, 0444), 0);
  if (!become_nobody()) skip();
  const vpf_status status = replace(path, "new");
  become_myself();
  assert_int_equal(status, VPF_ERR_IO);
  assert_error_says(strerror(EACCES));
  assert_text(path, "old");
}

static void folder_that_may_not_be_read_can_be_written(void **state) {
  (void)state;
  char path[PATH_MAX];
  if (!become_nobody()) skip();
  const int closed = chmod(folder, 0333);
  const vpf_status status = replace(in_folder(path, "file"), "new");
  const int opened = chmod(folder, 0755);
  become_myself();
  assert_int_equal(closed | opened, 0);
  assert_int_equal(status, VPF_OK);
  assert_text(path, "new");
}

static bool no_memory;
static size_t live_blocks;

static void *counted_allocate(size_t size, void *user) {
  (void)user;
  void *block = no_memory ? NULL : malloc(size);
  live_blocks += block != NULL;
  return block;
}

static void counted_release(void *block, void *user) {
  (void)user;
  live_blocks--;
  free(block);
}

static void lack_of_memory_is_reported(void **state) {
  (void)state;
  char path[PATH_MAX];
  no_memory = true;
  const vpf_status status = replace(in_folder(path, "file"), "new");
  no_memory = false;
  assert_int_equal(status, VPF_ERR_MEMORY);
  assert_int_equal(count_files(), 0);
}

static void nothing_was_leaked(void **state) {
  (void)state;
  assert_int_equal(live_blocks, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const vpf_allocator counted = {sizeof counted, counted_allocate, counted_release, NULL};
  if (vpfi_set_allocator(&counted)) return 1;
  const struct CMUnitTest tests[] = {
      TEST(new_file_has_the_bytes_and_the_mode_of_the_umask),
      TEST(relative_path_is_in_the_current_folder),
      TEST(empty_file_can_be_written),
      TEST(pieces_of_every_size_arrive_in_order),
      TEST(replaced_file_keeps_its_permissions),
      TEST(old_file_is_there_until_the_commit),
      TEST(abandoning_leaves_the_old_file_and_nothing_else),
      TEST(two_writers_of_one_file_do_not_mix),
      TEST(temporary_file_of_a_crashed_process_is_passed_over),
      TEST(link_stays_and_its_target_is_replaced),
      TEST(link_to_nothing_names_the_file_to_create),
      TEST(circle_of_links_is_refused),
      TEST(folder_is_refused),
      TEST(missing_folder_is_refused_with_the_reason),
      TEST(overlong_paths_are_refused),
      TEST(longest_name_can_be_written),
      TEST(full_device_reports_that_it_is_full),
      TEST(devices_are_written_to_and_stay_devices),
      TEST(pipe_is_refused_without_waiting),
      TEST(failed_write_leaves_the_old_file_and_nothing_else),
      TEST(failed_rename_removes_the_temporary_file),
      TEST(folder_that_may_not_be_written_is_refused),
      TEST(file_that_may_not_be_written_is_not_replaced),
      TEST(folder_that_may_not_be_read_can_be_written),
      TEST(lack_of_memory_is_reported),
      TEST(nothing_was_leaked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
