/* SPDX-License-Identifier: MIT */
#include "store/output_path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

enum {
  MOST_LINKS = 40, /* Linux gives up after the same number */
  MOST_DIGITS = 9, /* of a descriptor; so many fit into an int */
  MOST_LOOKS = 3   /* at a file that others may be replacing */
};

/* The functions below that return int return 0 or an errno, unless they say otherwise. */

static size_t folder_length(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? (size_t)(slash - path) + 1 : 0;
}

/* A decimal number, or -1. */
static int parse_descriptor(const char *digits) {
  int number = 0;
  const size_t length = strspn(digits, "0123456789");
  if (length == 0 || length > MOST_DIGITS || digits[length]) return -1;
  for (; *digits; digits++) number = 10 * number + (*digits - '0');
  return number;
}

/* The descriptor of this process that a path names; -1: none. */
static int named_descriptor(const char *path) {
  static const char *const names[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
  for (int fd = 0; fd < 3; fd++)
    if (strcmp(path, names[fd]) == 0) return fd;

  char own[64];
  snprintf(own, sizeof own, "/proc/%ld/fd/", (long)getpid());
  const char *const folders[] = {"/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/", own};
  for (size_t k = 0; k < sizeof folders / sizeof *folders; k++)
    if (strncmp(path, folders[k], strlen(folders[k])) == 0) return parse_descriptor(path + strlen(folders[k]));
  return -1;
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

/* Follow links until a descriptor is named, a file is found, or nothing. */
static int follow_links(vpfi_output_path *out, const char *path, bool *is_link) {
  if (strlen(path) >= PATH_MAX) return ENAMETOOLONG;
  strcpy(out->target, path);
  for (int links = 0; links <= MOST_LINKS; links++) {
    *is_link = links > 0;
    out->descriptor = named_descriptor(out->target);
    if (out->descriptor >= 0) return 0;
    out->exists = lstat(out->target, &out->old) == 0;
    if (!out->exists) return errno == ENOENT && out->target[0] ? 0 : errno;
    if (!S_ISLNK(out->old.st_mode)) return 0;
    const int error = follow_link(out->target);
    if (error) return error;
  }
  return ELOOP;
}

static bool is_same_file(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The text of a link below /proc need not be a way to what the system finds there: a pipe, or a file that has been
 * deleted ("model.safetensors (deleted)"). Others may replace the file between two looks at it, so that one
 * difference proves nothing. */
static vpf_status find_target(vpfi_output_path *out, const char *path) {
  for (int look = 0; look < MOST_LOOKS; look++) {
    bool is_link = false;
    const int error = follow_links(out, path, &is_link);
    if (error) return vpfi_fail_io("writing", path, error);
    if (out->descriptor >= 0 || !is_link) return VPF_OK;

    struct stat found;
    const bool exists = stat(path, &found) == 0;
    if (exists ? out->exists && is_same_file(&found, &out->old) : !out->exists) return VPF_OK;
    if (!exists || S_ISREG(found.st_mode)) continue;
    out->exists = true;
    out->old = found;
    return VPF_OK;
  }
  return vpfi_fail(VPF_ERR_IO, "writing %.*s: this link leads to a file that has been deleted",
                   vpfi_text_fit_path(path), path);
}

vpf_status vpfi_output_path_follow(vpfi_output_path *out, const char *path) {
  const vpf_status status = find_target(out, path);
  if (status) return status;
  if (out->descriptor >= 0)
    out->kind = VPFI_OUTPUT_DESCRIPTOR;
  else if (!out->exists || S_ISREG(out->old.st_mode))
    out->kind = VPFI_OUTPUT_FILE;
  else if (S_ISDIR(out->old.st_mode))
    return vpfi_fail_io("writing", path, EISDIR);
  else
    out->kind = VPFI_OUTPUT_SPECIAL;
  return VPF_OK;
}

size_t vpfi_output_path_folder(const vpfi_output_path *path) {
  return folder_length(path->target);
}
