/* SPDX-License-Identifier: MIT */
/* The calls to the system that the file layer makes, in a table that a test may change.
 *
 * They are diverted by the linker (--wrap), in this program's objects and in the static library, nowhere else: CMocka,
 * libc and the sanitizers go on calling the system. A program that defined open() and write() itself would take them
 * from all of these, and from AddressSanitizer its own versions. It works the same with gcc, clang and their
 * sanitizers. The list of calls is in tests/CMakeLists.txt; a call that the library makes and that is not in it would
 * reach the real system, where simulated folders and descriptors do not exist, and fail. */
#ifndef VPF_TESTS_CALLS_H
#define VPF_TESTS_CALLS_H

#include <sys/stat.h>
#include <sys/types.h>

typedef struct calls {
  int (*open)(const char *path, int flags, mode_t mode);
  ssize_t (*write)(int fd, const void *bytes, size_t count);
  ssize_t (*pread)(int fd, void *bytes, size_t count, off_t offset);
  int (*fsync)(int fd);
  int (*close)(int fd);
  int (*fchmod)(int fd, mode_t mode);
  int (*fchown)(int fd, uid_t owner, gid_t group);
  int (*fstat)(int fd, struct stat *info);
  int (*stat)(const char *path, struct stat *info);
  int (*lstat)(const char *path, struct stat *info);
  ssize_t (*readlink)(const char *path, char *out, size_t room);
  int (*faccessat)(int folder, const char *path, int mode, int flags);
  int (*rename)(const char *from, const char *to);
  int (*unlink)(const char *path);
} calls;

extern const calls real_calls;
extern calls current_calls; /* at first the real ones */

#endif
