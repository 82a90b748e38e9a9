/* SPDX-License-Identifier: MIT */
/* What a path leads to that is to be written. */
#ifndef VPFI_STORE_OUTPUT_PATH_H
#define VPFI_STORE_OUTPUT_PATH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <vpf/status.h>

typedef enum vpfi_output_kind {
  VPFI_OUTPUT_FILE,      /* to be created or replaced */
  VPFI_OUTPUT_SPECIAL,   /* device, pipe or socket: to be opened */
  VPFI_OUTPUT_DESCRIPTOR /* what this process has open already */
} vpfi_output_kind;

typedef struct vpfi_output_path {
  vpfi_output_kind kind;
  int descriptor;        /* of a DESCRIPTOR */
  bool exists;
  struct stat old;       /* what there is, if it exists */
  char target[PATH_MAX]; /* the FILE's path, with symbolic links followed: rename() would replace a link itself */
} vpfi_output_path;

/* A link to nothing names the file to create, as with open(). /dev/stdout, /dev/stderr, /dev/stdin, and /dev/fd/N and
 * /proc/self/fd/N with their relatives are descriptors, whatever they have open: Linux shows them as links, but those
 * are no way to a pipe, or to a file that has been deleted. VPF_ERR_IO: a folder, a file without a name (another
 * process's, deleted), or a path that leads nowhere. */
vpf_status vpfi_output_path_follow(vpfi_output_path *out, const char *path);

/* Length of the folder's part of `target`, with its slash; 0: the current folder. */
size_t vpfi_output_path_folder(const vpfi_output_path *path);

#endif
