/* SPDX-License-Identifier: MIT */
#include "destination.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/xattr.h>
#endif

#include "complain.h"

/* Where standard output is. */
static int standard_output = STDOUT_FILENO;

bool is_same_inode(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* A decimal number, or -1. */
static int parse_descriptor(const char *digits) {
  const size_t length = strspn(digits, "0123456789");
  return length > 0 && length < 10 && !digits[length] ? atoi(digits) : -1;
}

/* The descriptor of this process that a path names; -1: none. Linux shows descriptors as links, but those are no way to
 * a pipe, or to a file that has been deleted. */
static int named_descriptor(const char *path) {
  char own[64];
  snprintf(own, sizeof own, "/proc/%ld/fd/", (long)getpid());
  const char *const names[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
  const char *const folders[] = {"/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/", own};
  for (int fd = 0; fd < 3; fd++)
    if (!strcmp(path, names[fd])) return fd;
  for (size_t k = 0; k < sizeof folders / sizeof *folders; k++)
    if (!strncmp(path, folders[k], strlen(folders[k]))) return parse_descriptor(path + strlen(folders[k]));
  return -1;
}

/* Replace the link at *path by what it points to. 0, or -1 with errno. */
static int follow_link(char **path) {
  char link[PATH_MAX];
  const ssize_t got = readlink(*path, link, sizeof link - 1);
  if (got < 0) return -1;
  link[got] = '\0';
  const char *slash = link[0] == '/' ? NULL : strrchr(*path, '/');
  const size_t folder = slash ? (size_t)(slash - *path) + 1 : 0;
  char *target = malloc(folder + (size_t)got + 1);
  if (!target) return -1;
  memcpy(target, *path, folder);
  strcpy(target + folder, link);
  free(*path);
  *path = target;
  return 0;
}

/* Until a descriptor is named, a file is found, or nothing. 0, or -1 with errno. */
static int follow_links(destination *to, bool *is_link) {
  enum { MOST_LINKS = 40 };
  for (int links = 0; links <= MOST_LINKS; links++) {
    *is_link = links > 0;
    to->descriptor = named_descriptor(to->target);
    if (to->descriptor >= 0) return 0;
    to->exists = !lstat(to->target, &to->old);
    if (!to->exists) return errno == ENOENT ? 0 : -1;
    if (!S_ISLNK(to->old.st_mode)) return 0;
    if (follow_link(&to->target)) return -1;
  }
  errno = ELOOP;
  return -1;
}

/* The text of a link below /proc need not be a way to what the system finds there: a pipe, or a file that has been
 * deleted. Others may replace the file between two looks at it, so that one difference proves nothing. 0, or -1 with
 * errno. */
static int find_target(destination *to, const char *path) {
  enum { MOST_LOOKS = 3 };
  for (int look = 0; look < MOST_LOOKS; look++) {
    struct stat found;
    bool is_link;
    free(to->target);
    to->target = strdup(path);
    if (!to->target || follow_links(to, &is_link)) return -1;
    if (to->descriptor >= 0 || !is_link) return 0;

    const bool exists = !stat(path, &found);
    const bool same = exists && to->exists && is_same_inode(&found, &to->old);
    if (same || (!exists && !to->exists)) return 0;
    if (!exists || S_ISREG(found.st_mode)) continue;
    to->exists = true;
    to->old = found;
    return 0;
  }
  errno = ENOENT;
  return -1;
}

static bool is_file(const destination *to) {
  return to->descriptor < 0 && (!to->exists || S_ISREG(to->old.st_mode));
}

/* Whether what is there may be written to. 0, or -1 with errno. */
static int check_access(const destination *to, const char *path) {
  if (to->descriptor >= 0) {
    const int flags = fcntl(to->descriptor, F_GETFL);
    if (flags < 0) return -1;
    errno = EBADF; /* as write() would say */
    return (flags & O_ACCMODE) == O_RDONLY ? -1 : 0;
  }
  if (!to->exists) return 0;
  errno = EISDIR;
  return S_ISDIR(to->old.st_mode) ? -1 : faccessat(AT_FDCWD, is_file(to) ? to->target : path, W_OK, AT_EACCESS);
}

vpf_status destination_find(destination *to, const char *path) {
  *to = (destination){.descriptor = -1};
  int failed = find_target(to, path);
  if (to->descriptor == STDOUT_FILENO) to->descriptor = standard_output;
  if (!failed) failed = check_access(to, path);
  if (failed) complain_io("write", path);
  if (!failed && is_file(to)) return VPF_OK;
  free(to->target);
  to->target = NULL;
  return failed ? VPF_ERR_IO : VPF_OK;
}

void destination_clear(destination *to) {
  free(to->target);
  *to = (destination){.descriptor = -1};
}

/* A pipe that nobody reads would be waited for, perhaps for ever; one that is read may be. */
int destination_open(const destination *to, const char *path) {
  const bool pipe = to->exists && S_ISFIFO(to->old.st_mode);
  const int fd = to->descriptor >= 0 ? fcntl(to->descriptor, F_DUPFD_CLOEXEC, 3)
                                     : open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | (pipe ? O_NONBLOCK : 0));
  if (fd >= 0 && to->descriptor < 0 && pipe) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  if (fd < 0 && errno == ENXIO && pipe)
    complain_because(VPF_ERR_IO, "cannot write %s: no process has this pipe open for reading", path);
  else if (fd < 0)
    complain_io("write", path);
  return fd;
}

/* An access control list is a part of the permissions: without it, the group would get what only the list's users
 * had. Whether there is none or it is kept. */
static bool keep_list(const char *from, int to) {
#ifdef __linux__
  static const char name[] = "system.posix_acl_access";
  char list[4096];
  const ssize_t size = getxattr(from, name, list, sizeof list);
  if (size < 0) return errno != ERANGE;
  return !fsetxattr(to, name, list, (size_t)size, 0);
#else
  (void)from, (void)to;
  return true;
#endif
}

void destination_keep_access(const destination *to, int fd) {
  const struct stat *old = &to->old;
  mode_t mode = old->st_mode & 0777;
  const bool keeps_group = !fchown(fd, old->st_uid, old->st_gid) || !fchown(fd, (uid_t)-1, old->st_gid);
  if (!keep_list(to->target, fd) || !keeps_group) mode &= ~(mode_t)070 | (mode & 07) << 3; /* no more than everybody */
  fchmod(fd, mode); /* fails on a file system without permissions */
}

/* From now on, what the program prints goes to stderr. */
static vpf_status reserve_standard_output(void) {
  fflush(stdout);
  const int kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  if (kept >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0) {
    standard_output = kept;
    return VPF_OK;
  }
  if (kept >= 0) close(kept);
  return complain_io("write", "/dev/stdout");
}

vpf_status destination_hold(const destination *to, const char *path) {
  if (to->descriptor == STDOUT_FILENO) return reserve_standard_output();
  if (to->descriptor >= 0 || !S_ISFIFO(to->old.st_mode)) return VPF_OK;
  return destination_open(to, path) < 0 ? VPF_ERR_IO : VPF_OK;
}

/* ---- Whether two are the same ---- */

/* Cut the last component off a path, which becomes that of its folder. The component is returned. */
static const char *cut_last(char **path) {
  static char here[] = ".", root[] = "/";
  char *slash, *last;
  for (;;) { /* "a/b/./" is "a/b" */
    slash = strrchr(*path, '/');
    last = slash ? slash + 1 : *path;
    if (!slash || slash == *path || (*last && strcmp(last, "."))) break;
    *slash = '\0';
  }
  if (slash && slash != *path) *slash = '\0';
  *path = !slash ? here : slash == *path ? root : *path;
  return last;
}

/* What does not exist is compared by its last component and its folder, which need not exist either. `a` and `b` are
 * cut up for it. */
static bool lead_to_one(char *a, char *b) {
  struct stat at_a, at_b;
  if (!strcmp(a, b)) return true;
  const bool a_exists = !stat(a, &at_a), b_exists = !stat(b, &at_b);
  if (a_exists && b_exists) return is_same_inode(&at_a, &at_b);
  if (a_exists || b_exists) return false;
  const char *last_of_a = cut_last(&a), *last_of_b = cut_last(&b);
  return !strcmp(last_of_a, last_of_b) && lead_to_one(a, b); /* ends at "." or "/" */
}

static bool is_other_than_file(const char *path) {
  struct stat found;
  return !stat(path, &found) && !S_ISREG(found.st_mode);
}

bool is_same_file(const char *a, const char *b) {
  if (!a || !b) return false;
  if (!strcmp(a, b)) return true;
  if (is_other_than_file(a) || is_other_than_file(b)) return false;
  destination to_a = {.descriptor = -1}, to_b = {.descriptor = -1};
  const bool found = !find_target(&to_a, a) && !find_target(&to_b, b);
  const bool same = found && lead_to_one(to_a.target, to_b.target);
  destination_clear(&to_a);
  destination_clear(&to_b);
  return same;
}
