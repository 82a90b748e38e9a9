/* SPDX-License-Identifier: MIT */
/* Whatever fails, the old file is whole, and nothing of the new one is left behind. What is no file stays what it is. */
#define _GNU_SOURCE /* mknod(), usleep() */
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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
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

/* A device of the test's own, since root could replace those in /dev if it went wrong; without root, one in /dev. */
static const char *device(char out[PATH_MAX], const char *name, unsigned minor) {
  if (mknod(in_folder(out, name), S_IFCHR | 0666, makedev(1, minor)) == 0) {
    const int fd = open(out, O_WRONLY); /* containers and "nodev" forbid it */
    if (fd >= 0) {
      close(fd);
      return out;
    }
    unlink(out);
  }
  snprintf(out, PATH_MAX, "/dev/%s", name);
  if (geteuid() == 0) skip();
  return out;
}

static const char *device_null(char out[PATH_MAX]) {
  return device(out, "null", 3);
}

static const char *device_full(char out[PATH_MAX]) {
  return device(out, "full", 7);
}

static void assert_is_device(const char *path) {
  struct stat info;
  assert_int_equal(lstat(path, &info), 0);
  assert_true(S_ISCHR(info.st_mode));
}

static void full_device_reports_that_it_is_full(void **state) {
  (void)state;
  char path[PATH_MAX], *large = calloc(1, 1 << 20);
  assert_non_null(large);
  assert_int_equal(replace(device_full(path), "new"), VPF_ERR_IO);
  assert_error_says("/full: No space left on device");
  vpfi_atomic_file *file;
  assert_int_equal(vpfi_atomic_file_open(&file, path), VPF_OK);
  assert_int_equal(vpfi_atomic_file_write(file, large, 1 << 20), VPF_ERR_IO);
  assert_error_says("No space left on device");
  vpfi_atomic_file_abandon(file);
  free(large);
  assert_is_device(path);
}

static void devices_are_written_to_and_stay_devices(void **state) {
  (void)state;
  char path[PATH_MAX], link[PATH_MAX];
  assert_int_equal(replace(device_null(path), "new"), VPF_OK);
  assert_is_device(path);
  assert_int_equal(symlink(path, in_folder(link, "link")), 0);
  assert_int_equal(replace(link, "new"), VPF_OK);
  assert_is_device(path);
}

/* ---- pipes and sockets ---- */

static void pipe_that_nobody_reads_is_refused_without_waiting(void **state) {
  (void)state;
  char path[PATH_MAX];
  assert_int_equal(mkfifo(in_folder(path, "pipe"), 0600), 0);
  alarm(20);
  assert_int_equal(replace(path, "new"), VPF_ERR_IO);
  alarm(0);
  assert_error_says("no process has this pipe open for reading");
  assert_int_equal(count_files(), 1);
  struct stat info;
  assert_int_equal(lstat(path, &info), 0);
  assert_true(S_ISFIFO(info.st_mode));
}

static void pipe_that_is_read_gets_the_bytes(void **state) {
  (void)state;
  char path[PATH_MAX], link[PATH_MAX], found[16] = "";
  assert_int_equal(mkfifo(in_folder(path, "pipe"), 0600), 0);
  assert_int_equal(symlink("pipe", in_folder(link, "link")), 0);
  const int reader = open(path, O_RDONLY | O_NONBLOCK);
  assert_int_equal(replace(path, "new"), VPF_OK);
  assert_int_equal(replace(link, "er"), VPF_OK);
  assert_int_equal(read(reader, found, sizeof found - 1), 5);
  assert_string_equal(found, "newer");
  close(reader);
  assert_int_equal(count_files(), 2);
}

enum { MANY = 1 << 20 }; /* more than fits into a pipe */

static vpf_status write_many(const char *path) {
  char *large = malloc(MANY);
  assert_non_null(large);
  for (size_t k = 0; k < MANY; k++) large[k] = (char)(k * 2654435761u >> 13);
  vpfi_atomic_file *file;
  vpf_status status = vpfi_atomic_file_open(&file, path);
  if (!status) status = vpfi_atomic_file_write(file, large, MANY);
  if (!status)
    status = vpfi_atomic_file_commit(file);
  else
    vpfi_atomic_file_abandon(file);
  free(large);
  return status;
}

/* A process that reads all bytes of write_many() slowly; its exit status is 0 if they are right and the last. */
static pid_t start_reader(int from, int writing_end) {
  const pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid > 0) return pid;
  char bytes[5000];
  size_t total = 0;
  close(writing_end);
  for (ssize_t got; (got = read(from, bytes, sizeof bytes)) > 0;) {
    for (ssize_t k = 0; k < got; k++, total++)
      if (bytes[k] != (char)(total * 2654435761u >> 13)) _exit(1);
    if (total % 3 == 0) usleep(1000);
  }
  _exit(total == MANY ? 0 : 2);
}

static void descriptor_of_a_pipe_gets_all_bytes_whether_it_may_wait_or_not(void **state) {
  (void)state;
  for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
    int ends[2], status;
    char path[64];
    assert_int_equal(pipe(ends), 0);
    if (nonblocking) assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    const pid_t reader = start_reader(ends[0], ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[1]);
    assert_int_equal(write_many(path), VPF_OK);
    close(ends[1]);
    close(ends[0]);
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
}

static void descriptor_of_a_socket_gets_the_bytes(void **state) {
  (void)state;
  int ends[2];
  char path[64], found[16] = "";
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
  assert_int_equal(replace(path, "new"), VPF_OK);
  assert_int_equal(read(ends[1], found, sizeof found - 1), 3);
  assert_string_equal(found, "new");
  close(ends[0]);
  close(ends[1]);
}

static void socket_in_a_folder_is_refused(void **state) {
  (void)state;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char path[PATH_MAX];
  assert_true(strlen(in_folder(path, "socket")) < sizeof address.sun_path);
  strcpy(address.sun_path, path);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(replace(path, "new"), VPF_ERR_IO);
  assert_error_says("socket");
  close(fd);
  assert_int_equal(count_files(), 1);
}

static volatile sig_atomic_t broken_pipes;

static void count_broken_pipe(int number) {
  (void)number;
  broken_pipes++;
}

/* Whatever the caller does about SIGPIPE, it is not raised, none is left pending, and the mask is the old one. */
static void reader_that_has_gone_is_an_error_and_no_signal(void **state) {
  (void)state;
  void (*const handlers[])(int) = {count_broken_pipe, SIG_IGN};
  for (size_t k = 0; k < 2; k++) {
    int ends[2];
    char path[64];
    sigset_t mask, pending;
    void (*before)(int) = signal(SIGPIPE, handlers[k]);
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[1]);
    close(ends[0]);
    const vpf_status status = write_many(path);
    close(ends[1]);
    sigpending(&pending);
    sigprocmask(SIG_SETMASK, NULL, &mask);
    signal(SIGPIPE, before);
    assert_int_equal(status, VPF_ERR_IO);
    assert_error_says(strerror(EPIPE));
    assert_int_equal(broken_pipes, 0);
    assert_int_equal(sigismember(&pending, SIGPIPE), 0);
    assert_int_equal(sigismember(&mask, SIGPIPE), 0);
  }
}

/* A SIGPIPE that waits already is not taken away. */
static void signal_that_was_pending_stays(void **state) {
  (void)state;
  int ends[2], number;
  char path[64];
  sigset_t broken_pipe, pending, before;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  sigprocmask(SIG_BLOCK, &broken_pipe, &before);
  assert_int_equal(raise(SIGPIPE), 0);
  assert_int_equal(pipe(ends), 0);
  snprintf(path, sizeof path, "/dev/fd/%d", ends[1]);
  close(ends[0]);
  assert_int_equal(replace(path, "new"), VPF_ERR_IO);
  close(ends[1]);
  sigpending(&pending);
  assert_int_equal(sigismember(&pending, SIGPIPE), 1);
  assert_int_equal(sigwait(&broken_pipe, &number), 0);
  sigprocmask(SIG_SETMASK, &before, NULL);
}

/* ---- descriptors ---- */

static void assert_content(int fd, const char *text) {
  char found[64] = "";
  const ssize_t got = pread(fd, found, sizeof found - 1, 0);
  assert_true(got >= 0);
  assert_string_equal(found, text);
}

static const char *const descriptor_folders[] = {"/dev/fd", "/proc/self/fd", "/proc/thread-self/fd"};

/* As the shell's >file and >>file have it: at the descriptor's place, and nothing is replaced. */
static void descriptor_of_a_file_is_written_on_in_its_place(void **state) {
  (void)state;
  char path[PATH_MAX], name[64];
  put_text(in_folder(path, "file"), "old, ");
  struct stat before, after;
  const int fd = open(path, O_RDWR | O_APPEND);
  assert_int_equal(fstat(fd, &before), 0);
  for (size_t k = 0; k < 3; k++) {
    snprintf(name, sizeof name, "%s/%d", descriptor_folders[k], fd);
    assert_int_equal(replace(name, "new."), VPF_OK);
  }
  snprintf(name, sizeof name, "/proc/%ld/fd/%d", (long)getpid(), fd);
  assert_int_equal(replace(name, "new."), VPF_OK);
  close(fd);
  assert_text(path, "old, new.new.new.new.");
  assert_int_equal(stat(path, &after), 0);
  assert_true(before.st_ino == after.st_ino);
  assert_int_equal(count_files(), 1);
}

static void link_to_a_descriptor_is_that_descriptor(void **state) {
  (void)state;
  char path[PATH_MAX], link[PATH_MAX], name[64];
  const int fd = open(in_folder(path, "file"), O_RDWR | O_CREAT, 0600);
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  assert_int_equal(symlink(name, in_folder(link, "link")), 0);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(replace(link, "new"), VPF_OK);
  assert_content(fd, "new");
  close(fd);
  assert_int_equal(count_files(), 1);
}

static void descriptor_of_a_deleted_file_gets_the_bytes(void **state) {
  (void)state;
  char path[PATH_MAX], other[PATH_MAX], name[64];
  for (int second_name = 0; second_name < 2; second_name++) {
    const int fd = open(in_folder(path, "file"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (second_name) assert_int_equal(link(path, in_folder(other, "other")), 0);
    assert_int_equal(unlink(path), 0);
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    assert_int_equal(replace(name, "new"), VPF_OK);
    assert_content(fd, "new");
    close(fd);
    assert_int_equal(count_files(), second_name);
  }
}

/* Of another process: there is a link below /proc, but no name. */
static void deleted_file_of_another_process_is_refused(void **state) {
  (void)state;
  char path[PATH_MAX], other[PATH_MAX], name[64], byte;
  int go[2], status;
  for (int second_name = 0; second_name < 2; second_name++) {
    const int fd = open(in_folder(path, "file"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (second_name) assert_int_equal(link(path, in_folder(other, "other")), 0);
    assert_int_equal(pipe(go), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(go[1]);
      _exit(read(go[0], &byte, 1) == 0 ? 0 : 1); /* until the parent closes the other end */
    }
    snprintf(name, sizeof name, "/proc/%ld/fd/%d", (long)child, fd);
    close(fd);
    assert_int_equal(replace(name, "while it has a name"), VPF_OK);
    assert_text(path, "while it has a name");
    put_text(path, ""); /* the file is another one now; back to the first would need its name */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(replace(name, "new"), VPF_ERR_IO);
    assert_error_says("has been deleted");
    close(go[0]);
    close(go[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(count_files(), second_name);
  }
}

static void pipe_of_another_process_gets_the_bytes(void **state) {
  (void)state;
  char name[64], found[16] = "", byte;
  int ends[2], go[2], status;
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(pipe(go), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(go[1]);
    _exit(read(go[0], &byte, 1) == 0 ? 0 : 1);
  }
  snprintf(name, sizeof name, "/proc/%ld/fd/%d", (long)child, ends[1]);
  close(ends[1]);
  assert_int_equal(replace(name, "new"), VPF_OK);
  assert_int_equal(read(ends[0], found, sizeof found - 1), 3);
  assert_string_equal(found, "new");
  close(go[0]);
  close(go[1]);
  close(ends[0]);
  assert_int_equal(waitpid(child, &status, 0), child);
}

static void pipe_that_may_not_be_written_to_is_refused_with_the_reason(void **state) {
  (void)state;
  char path[PATH_MAX];
  assert_int_equal(mkfifo(in_folder(path, "pipe"), 0444), 0);
  const int reader = open(path, O_RDONLY | O_NONBLOCK);
  if (!become_nobody()) skip();
  const vpf_status status = replace(path, "new");
  become_myself();
  close(reader);
  assert_int_equal(status, VPF_ERR_IO);
  assert_error_says(strerror(EACCES));
  assert_int_equal(count_files(), 1);
}

static void descriptors_that_cannot_be_written_to_are_refused_with_the_reason(void **state) {
  (void)state;
  char path[PATH_MAX], name[64];
  put_text(in_folder(path, "file"), "old");
  const int fd = open(path, O_RDONLY);
  snprintf(name, sizeof name, "/dev/fd/%d", fd);
  assert_int_equal(replace(name, "new"), VPF_ERR_IO);
  assert_error_says(strerror(EBADF));
  close(fd);
  assert_int_equal(replace(name, "new"), VPF_ERR_IO);
  assert_error_says(strerror(EBADF));
  static const char *const impossible[] = {"/dev/fd/999999999", "/dev/fd/99999999999", "/dev/fd/-1", "/dev/fd/",
                                           "/dev/fd/1x", "/proc/self/fd/x"};
  for (size_t k = 0; k < sizeof impossible / sizeof *impossible; k++)
    assert_int_equal(replace(impossible[k], "new"), VPF_ERR_IO);
  assert_text(path, "old");
  assert_int_equal(count_files(), 1);
}

static void standard_output_is_written_to(void **state) {
  (void)state;
  char path[PATH_MAX];
  fflush(stdout);
  const int kept = dup(1), fd = open(in_folder(path, "file"), O_RDWR | O_CREAT, 0600);
  assert_int_equal(dup2(fd, 1), 1);
  const vpf_status first = replace("/dev/stdout", "one "), second = replace("/dev/fd/1", "two");
  assert_int_equal(dup2(kept, 1), 1);
  close(kept);
  close(fd);
  assert_int_equal(first | second, VPF_OK);
  assert_text(path, "one two");
  assert_int_equal(count_files(), 1);
}

/* ---- owners ---- */

static void replaced_file_keeps_its_owner_where_it_may(void **state) {
  (void)state;
  char path[PATH_MAX];
  struct stat info;
  if (geteuid() != 0) skip();
  put_text(in_folder(path, "file"), "old");
  assert_int_equal(chmod(path, 0640), 0);
  if (chown(path, 65533, 65532) != 0) skip(); /* in a name space without other users */
  assert_int_equal(replace(path, "new"), VPF_OK);
  assert_text(path, "new");
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_uid, 65533);
  assert_int_equal(info.st_gid, 65532);
  assert_int_equal(mode_of(path), 0640);
}

/* Somebody else may write to the file and its folder: the new one is theirs, and no group gains anything. */
static void group_that_cannot_be_kept_leaves_no_permissions_to_another(void **state) {
  (void)state;
  static const mode_t modes[][2] = {{0666, 0666}, {0676, 0666}, {0662, 0622}};
  char path[PATH_MAX];
  if (geteuid() != 0) skip();
  for (size_t k = 0; k < 3; k++) {
    put_text(in_folder(path, "file"), "old");
    assert_int_equal(chmod(path, modes[k][0]), 0);
    if (chown(path, 65533, 65532) != 0 || !become_nobody()) skip();
    const vpf_status status = replace(path, "new");
    become_myself();
    assert_int_equal(status, VPF_OK);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_uid, 65534);
    assert_int_equal(mode_of(path), modes[k][1]);
    assert_int_equal(unlink(path), 0);
  }
}

/* rw for the owner and for user 1234, nothing for the group; the mode shows the mask, rw, in the group's place. */
static const unsigned char list_of_one_user[] = {
    2, 0, 0, 0, 0x01, 0, 6, 0, 255, 255, 255, 255, 0x02, 0, 6, 0, 0xd2, 4,   0,   0,   0x04, 0,
    0, 0, 255, 255, 255, 255, 0x10, 0, 6, 0, 255, 255, 255, 255, 0x20, 0, 0, 0, 255, 255, 255, 255};

static void access_control_list_is_kept(void **state) {
  (void)state;
  static const char name[] = "system.posix_acl_access";
  char path[PATH_MAX], found[256];
  put_text(in_folder(path, "file"), "old");
  if (setxattr(path, name, list_of_one_user, sizeof list_of_one_user, 0) != 0) skip();
  assert_int_equal(mode_of(path), 0660);
  assert_int_equal(replace(path, "new"), VPF_OK);
  assert_text(path, "new");
  assert_int_equal(mode_of(path), 0660);
  assert_int_equal(getxattr(path, name, found, sizeof found), (int)sizeof list_of_one_user);
  assert_memory_equal(found, list_of_one_user, sizeof list_of_one_user);
}

static void bits_that_lend_rights_are_dropped(void **state) {
  (void)state;
  char path[PATH_MAX];
  put_text(in_folder(path, "file"), "old");
  assert_int_equal(chmod(path, 07755), 0);
  assert_int_equal(replace(path, "new"), VPF_OK);
  assert_int_equal(mode_of(path), 0755);
}

static void other_names_of_a_replaced_file_keep_the_old_content(void **state) {
  (void)state;
  char path[PATH_MAX], other[PATH_MAX];
  put_text(in_folder(path, "file"), "old");
  assert_int_equal(link(path, in_folder(other, "other")), 0);
  assert_int_equal(replace(path, "new"), VPF_OK);
  assert_text(path, "new");
  assert_text(other, "old");
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
      TEST(pipe_that_nobody_reads_is_refused_without_waiting),
      TEST(pipe_that_is_read_gets_the_bytes),
      TEST(descriptor_of_a_pipe_gets_all_bytes_whether_it_may_wait_or_not),
      TEST(descriptor_of_a_socket_gets_the_bytes),
      TEST(socket_in_a_folder_is_refused),
      TEST(reader_that_has_gone_is_an_error_and_no_signal),
      TEST(signal_that_was_pending_stays),
      TEST(descriptor_of_a_file_is_written_on_in_its_place),
      TEST(link_to_a_descriptor_is_that_descriptor),
      TEST(descriptor_of_a_deleted_file_gets_the_bytes),
      TEST(deleted_file_of_another_process_is_refused),
      TEST(pipe_of_another_process_gets_the_bytes),
      TEST(pipe_that_may_not_be_written_to_is_refused_with_the_reason),
      TEST(descriptors_that_cannot_be_written_to_are_refused_with_the_reason),
      TEST(standard_output_is_written_to),
      TEST(replaced_file_keeps_its_owner_where_it_may),
      TEST(group_that_cannot_be_kept_leaves_no_permissions_to_another),
      TEST(access_control_list_is_kept),
      TEST(bits_that_lend_rights_are_dropped),
      TEST(other_names_of_a_replaced_file_keep_the_old_content),
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
