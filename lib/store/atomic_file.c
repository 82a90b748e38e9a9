/* SPDX-License-Identifier: MIT */
#include "store/atomic_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

enum {
  BUFFER_BYTES = 1 << 16,
  MOST_LINKS = 40,    /* Linux gives up after the same number */
  MOST_NAMES = 10000, /* temporary names to try; crashed processes and other threads may have taken some */
  MOST_BYTES_A_WRITE = 1 << 30, /* some kernels refuse more than INT_MAX */
  TEMPORARY_BYTES = PATH_MAX + 64
};

struct vpfi_atomic_file {
  const char *path;                /* as the caller gave it, for messages */
  int fd;                          /* -1 once closed */
  int folder;                      /* -1 for a device, or if the folder may not be read */
  char target[PATH_MAX];           /* path, with symbolic links followed */
  char temporary[TEMPORARY_BYTES]; /* "" for a device */
  size_t used;
  unsigned char buffer[BUFFER_BYTES];
};

/* The functions below that return int return 0 or an errno. */

static size_t folder_length(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? (size_t)(slash - path) + 1 : 0;
}

/* Replace the link in target by what it points to. */
static int follow_link(char target[PATH_MAX]) {
  char link[PATH_MAX];
  const ssize_t got = readlink(target, link, sizeof link);
  if (got < 0) return errno;
  const size_t length = (size_t)got;
  const size_t folder = length > 0 && link[0] == '/' ? 0 : folder_length(target);
  if (folder + length >= PATH_MAX) return ENAMETOOLONG;
  memcpy(target + folder, link, length);
  target[folder + length] = 0;
  return 0;
}

/* Follow links until a file is found, or nothing: rename() would replace the link itself. As with open(),
 * a link that leads to nothing names the file to create. */
static int find_target(char target[PATH_MAX], const char *path, struct stat *info, bool *exists) {
  if (strlen(path) >= PATH_MAX) return ENAMETOOLONG;
  strcpy(target, path);
  for (int links = 0; links <= MOST_LINKS; links++) {
    *exists = lstat(target, info) == 0;
    if (!*exists) return errno == ENOENT && target[0] ? 0 : errno;
    if (!S_ISLNK(info->st_mode)) return 0;
    const int error = follow_link(target);
    if (error) return error;
  }
  return ELOOP;
}

static int create_temporary(vpfi_atomic_file *file, mode_t mode) {
  const int folder = (int)folder_length(file->target);
  int error = EEXIST;
  for (int number = 0; number < MOST_NAMES && (error == EEXIST || error == EINTR); number++) {
    snprintf(file->temporary, sizeof file->temporary, "%.*s.vpf-%ld-%d.tmp", folder, file->target,
             (long)getpid(), number);
    file->fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, mode);
    if (file->fd >= 0) return 0;
    error = errno;
  }
  file->temporary[0] = 0; /* nothing of ours to remove */
  return error;
}

/* Done before anything is written, so that what could fail after the rename fails early. A folder
 * that may be written to but not read cannot be synced; that is no reason to fail. */
static int open_folder(vpfi_atomic_file *file) {
  char name[PATH_MAX];
  const size_t length = folder_length(file->target);
  memcpy(name, file->target, length);
  name[length] = 0;
  do file->folder = open(length > 0 ? name : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  while (file->folder < 0 && errno == EINTR);
  return file->folder >= 0 || errno == EACCES ? 0 : errno;
}

static vpf_status open_replacement(vpfi_atomic_file *file) {
  struct stat old;
  bool exists;
  int error = find_target(file->target, file->path, &old, &exists);
  if (!error && exists && faccessat(AT_FDCWD, file->target, W_OK, AT_EACCESS) != 0) error = errno;
  if (error) return vpfi_fail_io("writing", file->path, error);

  error = open_folder(file);
  if (!error) error = create_temporary(file, exists ? S_IRUSR | S_IWUSR : 0666);
  if (error) return vpfi_fail_io("creating a temporary file beside", file->path, error);

  /* Where permissions cannot be set (FAT), there are none to preserve. */
  if (exists && fchmod(file->fd, old.st_mode & 0777) != 0 && errno != EPERM && errno != ENOTSUP)
    return vpfi_fail_io("setting the permissions of a temporary file beside", file->path, errno);
  return VPF_OK;
}

static vpf_status open_special(vpfi_atomic_file *file, mode_t mode) {
  if (S_ISDIR(mode)) return vpfi_fail_io("writing", file->path, EISDIR);
  /* A pipe cannot be replaced, and writing to one may block for ever or raise SIGPIPE. */
  if (!S_ISCHR(mode) && !S_ISBLK(mode))
    return vpfi_fail(VPF_ERR_IO, "writing %.*s: a pipe or a socket cannot be written to",
                     vpfi_text_fit_path(file->path), file->path);
  do file->fd = open(file->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
  while (file->fd < 0 && errno == EINTR);
  return file->fd >= 0 ? VPF_OK : vpfi_fail_io("opening", file->path, errno);
}

vpf_status vpfi_atomic_file_open(vpfi_atomic_file **out, const char *path) {
  *out = NULL;
  vpfi_atomic_file *file = vpfi_alloc(1, sizeof *file);
  if (!file) return VPF_ERR_MEMORY;
  file->path = path;
  file->fd = file->folder = -1;

  struct stat info;
  const bool special = stat(path, &info) == 0 && !S_ISREG(info.st_mode);
  const vpf_status status = special ? open_special(file, info.st_mode) : open_replacement(file);
  if (status) {
    vpfi_atomic_file_abandon(file);
    return status;
  }
  *out = file;
  return VPF_OK;
}

static int write_all(int fd, const unsigned char *bytes, size_t count) {
  while (count > 0) {
    const ssize_t done = write(fd, bytes, count < MOST_BYTES_A_WRITE ? count : MOST_BYTES_A_WRITE);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return errno;
    if (done == 0) return ENOSPC; /* POSIX knows no such result; an endless loop would be worse */
    bytes += done;
    count -= (size_t)done;
  }
  return 0;
}

static int flush(vpfi_atomic_file *file) {
  const size_t count = file->used;
  file->used = 0;
  return write_all(file->fd, file->buffer, count);
}

vpf_status vpfi_atomic_file_write(vpfi_atomic_file *file, const void *bytes, size_t count) {
  assert(file->fd >= 0);
  int error = 0;
  if (count > BUFFER_BYTES - file->used) error = flush(file);
  if (!error && count >= BUFFER_BYTES) {
    error = write_all(file->fd, bytes, count);
  } else if (!error && count > 0) {
    memcpy(file->buffer + file->used, bytes, count);
    file->used += count;
  }
  return error ? vpfi_fail_io("writing", file->path, error) : VPF_OK;
}

/* EINVAL and ENOTSUP: devices, and folders on some file systems, cannot be synced. */
static int sync_descriptor(int fd) {
  int result;
  do result = fsync(fd);
  while (result != 0 && errno == EINTR);
  return result == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : errno;
}

static int close_descriptor(int *fd) {
  const int closed = *fd;
  *fd = -1;
  /* On Linux the descriptor is gone after EINTR; closing it again might close another thread's. */
  return closed < 0 || close(closed) == 0 || errno == EINTR ? 0 : errno;
}

static vpf_status replace_target(vpfi_atomic_file *file) {
  if (!file->temporary[0]) return VPF_OK;
  if (rename(file->temporary, file->target) != 0) return vpfi_fail_io("replacing", file->path, errno);
  file->temporary[0] = 0;
  const int error = file->folder >= 0 ? sync_descriptor(file->folder) : 0;
  return error ? vpfi_fail_io("syncing the folder of the new file", file->path, error) : VPF_OK;
}

vpf_status vpfi_atomic_file_commit(vpfi_atomic_file *file) {
  int error = flush(file);
  if (!error) error = sync_descriptor(file->fd);
  const int close_error = close_descriptor(&file->fd);
  if (!error) error = close_error;
  const vpf_status status = error ? vpfi_fail_io("writing", file->path, error) : replace_target(file);
  vpfi_atomic_file_abandon(file);
  return status;
}

void vpfi_atomic_file_abandon(vpfi_atomic_file *file) {
  if (!file) return;
  close_descriptor(&file->fd);
  close_descriptor(&file->folder);
  if (file->temporary[0]) unlink(file->temporary);
  vpfi_free(file);
}
