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
#ifdef __linux__
#include <sys/xattr.h>
#endif

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/descriptor.h"
#include "store/output_path.h"

enum {
  BUFFER_BYTES = 1 << 16,
  MOST_NAMES = 10000, /* temporary names to try; crashed processes and other threads may have taken some */
  TEMPORARY_BYTES = PATH_MAX + 64
};

struct vpfi_atomic_file {
  const char *path;                /* as the caller gave it, for messages */
  int fd;                          /* -1 once closed */
  int folder;                      /* -1 if nothing is replaced, or if the folder may not be read */
  vpfi_output_path to;
  char temporary[TEMPORARY_BYTES]; /* "" if nothing is replaced */
  size_t used;
  unsigned char buffer[BUFFER_BYTES];
};

/* The functions below that return int return 0 or an errno. */

static int create_temporary(vpfi_atomic_file *file, mode_t mode) {
  const int folder = (int)vpfi_output_path_folder(&file->to);
  int error = EEXIST;
  for (int number = 0; number < MOST_NAMES && (error == EEXIST || error == EINTR); number++) {
    snprintf(file->temporary, sizeof file->temporary, "%.*s.vpf-%ld-%d.tmp", folder, file->to.target,
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
  const size_t length = vpfi_output_path_folder(&file->to);
  memcpy(name, file->to.target, length);
  name[length] = 0;
  do file->folder = open(length > 0 ? name : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  while (file->folder < 0 && errno == EINTR);
  return file->folder >= 0 || errno == EACCES ? 0 : errno;
}

/* An access control list is a part of the permissions: without it, the group would get what only the list's users
 * had. Whether there is none or it is kept. */
static bool keep_list(const char *from, int to) {
#ifdef __linux__
  static const char name[] = "system.posix_acl_access";
  char list[4096];
  const ssize_t size = getxattr(from, name, list, sizeof list);
  if (size < 0) return errno != ERANGE;
  return fsetxattr(to, name, list, (size_t)size, 0) == 0;
#else
  (void)from, (void)to;
  return true;
#endif
}

/* Owner, group and permissions of the old file, as far as they may be given away. Without its group or its list, what
 * was the group's is cut down to what was everybody's. The bits that let a program run as its owner go, as with any
 * write. */
static vpf_status keep_access(const vpfi_atomic_file *file) {
  const struct stat *old = &file->to.old;
  mode_t mode = old->st_mode & 0777;
  const bool keeps_group =
      fchown(file->fd, old->st_uid, old->st_gid) == 0 || fchown(file->fd, (uid_t)-1, old->st_gid) == 0;
  if (!keep_list(file->to.target, file->fd) || !keeps_group) mode &= ~(mode_t)070 | (mode & 07) << 3;
  /* Where permissions cannot be set (FAT), there are none to preserve. */
  if (fchmod(file->fd, mode) == 0 || errno == EPERM || errno == ENOTSUP) return VPF_OK;
  return vpfi_fail_io("setting the permissions of a temporary file beside", file->path, errno);
}

static vpf_status open_replacement(vpfi_atomic_file *file) {
  const vpfi_output_path *to = &file->to;
  if (to->exists && faccessat(AT_FDCWD, to->target, W_OK, AT_EACCESS) != 0)
    return vpfi_fail_io("writing", file->path, errno);

  int error = open_folder(file);
  if (!error) error = create_temporary(file, to->exists ? S_IRUSR | S_IWUSR : 0666);
  if (error) return vpfi_fail_io("creating a temporary file beside", file->path, error);
  return to->exists ? keep_access(file) : VPF_OK;
}

/* A pipe that nobody reads would be waited for, perhaps for ever. */
static vpf_status open_special(vpfi_atomic_file *file) {
  const mode_t mode = file->to.old.st_mode;
  if (S_ISSOCK(mode)) return vpfi_fail(VPF_ERR_IO, "writing %.*s: a socket cannot be opened by its name",
                                           vpfi_text_fit_path(file->path), file->path);
  do file->fd = open(file->path, O_WRONLY | O_CLOEXEC | O_NOCTTY | (S_ISFIFO(mode) ? O_NONBLOCK : 0));
  while (file->fd < 0 && errno == EINTR);
  if (file->fd >= 0) return VPF_OK;
  if (errno == ENXIO && S_ISFIFO(mode))
    return vpfi_fail(VPF_ERR_IO, "writing %.*s: no process has this pipe open for reading",
                     vpfi_text_fit_path(file->path), file->path);
  return vpfi_fail_io("opening", file->path, errno);
}

static vpf_status open_descriptor(vpfi_atomic_file *file) {
  file->fd = fcntl(file->to.descriptor, F_DUPFD_CLOEXEC, 0);
  return file->fd >= 0 ? VPF_OK : vpfi_fail_io("opening", file->path, errno);
}

static vpf_status open_target(vpfi_atomic_file *file) {
  const vpf_status status = vpfi_output_path_follow(&file->to, file->path);
  if (status) return status;
  switch (file->to.kind) {
    case VPFI_OUTPUT_SPECIAL: return open_special(file);
    case VPFI_OUTPUT_DESCRIPTOR: return open_descriptor(file);
    default: return open_replacement(file);
  }
}

vpf_status vpfi_atomic_file_open(vpfi_atomic_file **out, const char *path) {
  *out = NULL;
  vpfi_atomic_file *file = vpfi_alloc(1, sizeof *file);
  if (!file) return VPF_ERR_MEMORY;
  file->path = path;
  file->fd = file->folder = -1;
  const vpf_status status = open_target(file);
  if (status) {
    vpfi_atomic_file_abandon(file);
    return status;
  }
  *out = file;
  return VPF_OK;
}

static int write_all(const vpfi_atomic_file *file, const void *bytes, size_t count) {
  return file->to.kind == VPFI_OUTPUT_FILE ? vpfi_descriptor_write(file->fd, bytes, count)
                                           : vpfi_descriptor_write_to_reader(file->fd, bytes, count);
}

static int flush(vpfi_atomic_file *file) {
  const size_t count = file->used;
  file->used = 0;
  return write_all(file, file->buffer, count);
}

vpf_status vpfi_atomic_file_write(vpfi_atomic_file *file, const void *bytes, size_t count) {
  assert(file->fd >= 0);
  int error = 0;
  if (count > BUFFER_BYTES - file->used) error = flush(file);
  if (!error && count >= BUFFER_BYTES) {
    error = write_all(file, bytes, count);
  } else if (!error && count > 0) {
    memcpy(file->buffer + file->used, bytes, count);
    file->used += count;
  }
  return error ? vpfi_fail_io("writing", file->path, error) : VPF_OK;
}

static vpf_status replace_target(vpfi_atomic_file *file) {
  if (!file->temporary[0]) return VPF_OK;
  if (rename(file->temporary, file->to.target) != 0) return vpfi_fail_io("replacing", file->path, errno);
  file->temporary[0] = 0;
  const int error = file->folder >= 0 ? vpfi_descriptor_sync(file->folder) : 0;
  return error ? vpfi_fail_io("syncing the folder of the new file", file->path, error) : VPF_OK;
}

vpf_status vpfi_atomic_file_commit(vpfi_atomic_file *file) {
  int error = flush(file);
  if (!error) error = vpfi_descriptor_sync(file->fd);
  const int close_error = vpfi_descriptor_close(&file->fd);
  if (!error) error = close_error;
  const vpf_status status = error ? vpfi_fail_io("writing", file->path, error) : replace_target(file);
  vpfi_atomic_file_abandon(file);
  return status;
}

void vpfi_atomic_file_abandon(vpfi_atomic_file *file) {
  if (!file) return;
  vpfi_descriptor_close(&file->fd);
  vpfi_descriptor_close(&file->folder);
  if (file->temporary[0]) unlink(file->temporary);
  vpfi_free(file);
}
