/* SPDX-License-Identifier: MIT */
#include "crash/calls.h"

#include <fcntl.h>
#include <stdarg.h>

/* The linker's names: __real_f is f, and what calls f calls __wrap_f. */
int __real_open(const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *bytes, size_t count);
ssize_t __real_pread(int fd, void *bytes, size_t count, off_t offset);
int __real_fsync(int fd);
int __real_close(int fd);
int __real_fchmod(int fd, mode_t mode);
int __real_fchown(int fd, uid_t owner, gid_t group);
int __real_fstat(int fd, struct stat *info);
int __real_stat(const char *path, struct stat *info);
int __real_lstat(const char *path, struct stat *info);
ssize_t __real_readlink(const char *path, char *out, size_t room);
int __real_faccessat(int folder, const char *path, int mode, int flags);
int __real_rename(const char *from, const char *to);
int __real_unlink(const char *path);

int __wrap_open(const char *path, int flags, ...);
ssize_t __wrap_write(int fd, const void *bytes, size_t count);
ssize_t __wrap_pread(int fd, void *bytes, size_t count, off_t offset);
int __wrap_fsync(int fd);
int __wrap_close(int fd);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchown(int fd, uid_t owner, gid_t group);
int __wrap_fstat(int fd, struct stat *info);
int __wrap_stat(const char *path, struct stat *info);
int __wrap_lstat(const char *path, struct stat *info);
ssize_t __wrap_readlink(const char *path, char *out, size_t room);
int __wrap_faccessat(int folder, const char *path, int mode, int flags);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlink(const char *path);

static int real_open(const char *path, int flags, mode_t mode) {
  return __real_open(path, flags, mode);
}

#define REAL_CALLS                                                                                                   \
  {                                                                                                                  \
    .open = real_open, .write = __real_write, .pread = __real_pread, .fsync = __real_fsync, .close = __real_close,   \
    .fchmod = __real_fchmod, .fchown = __real_fchown, .fstat = __real_fstat, .stat = __real_stat,                    \
    .lstat = __real_lstat, .readlink = __real_readlink, .faccessat = __real_faccessat, .rename = __real_rename,      \
    .unlink = __real_unlink                                                                                          \
  }

const calls real_calls = REAL_CALLS;
calls current_calls = REAL_CALLS;

int __wrap_open(const char *path, int flags, ...) {
  mode_t mode = 0;
  if (flags & O_CREAT) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  return current_calls.open(path, flags, mode);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t count) {
  return current_calls.write(fd, bytes, count);
}

ssize_t __wrap_pread(int fd, void *bytes, size_t count, off_t offset) {
  return current_calls.pread(fd, bytes, count, offset);
}

int __wrap_fsync(int fd) {
  return current_calls.fsync(fd);
}

int __wrap_close(int fd) {
  return current_calls.close(fd);
}

int __wrap_fchmod(int fd, mode_t mode) {
  return current_calls.fchmod(fd, mode);
}

int __wrap_fchown(int fd, uid_t owner, gid_t group) {
  return current_calls.fchown(fd, owner, group);
}

int __wrap_fstat(int fd, struct stat *info) {
  return current_calls.fstat(fd, info);
}

int __wrap_stat(const char *path, struct stat *info) {
  return current_calls.stat(path, info);
}

int __wrap_lstat(const char *path, struct stat *info) {
  return current_calls.lstat(path, info);
}

ssize_t __wrap_readlink(const char *path, char *out, size_t room) {
  return current_calls.readlink(path, out, room);
}

int __wrap_faccessat(int folder, const char *path, int mode, int flags) {
  return current_calls.faccessat(folder, path, mode, flags);
}

int __wrap_rename(const char *from, const char *to) {
  return current_calls.rename(from, to);
}

int __wrap_unlink(const char *path) {
  return current_calls.unlink(path);
}
