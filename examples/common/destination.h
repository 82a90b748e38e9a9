/* SPDX-License-Identifier: MIT */
/* Where output goes, by the rules of vpf_model_save(). */
#ifndef EXAMPLE_DESTINATION_H
#define EXAMPLE_DESTINATION_H

#include <stdbool.h>
#include <sys/stat.h>
#include <vpf/status.h>

typedef struct destination {
  char *target;    /* the file to create or replace, symbolic links followed; to be freed. NULL: it is no file */
  int descriptor;  /* of this process: /dev/stdout, /dev/fd/N, ...; -1: another path */
  bool exists;
  struct stat old; /* what is there */
} destination;

/* What a path leads to. VPF_ERR_IO: a folder, a file that may not be written to, or nothing that can be reached;
 * VPF_ERR_MEMORY; said. */
vpf_status destination_find(destination *to, const char *path);
void destination_clear(destination *to);

/* Open what is no file. A descriptor or -1, said. */
int destination_open(const destination *to, const char *path);

/* Give a new file owner, group and permissions of the one it replaces, as far as they may be given away. */
void destination_keep_access(const destination *to, int fd);

/* Before long work whose result goes to what is no file. A pipe is held open until the program ends, since its reader
 * would take closing it for the end. If it is standard output, nothing else may go there: from now on, what the program
 * prints goes to stderr. VPF_ERR_IO; said. */
vpf_status destination_hold(const destination *to, const char *path);

/* Whether two looks were at one file. */
bool is_same_inode(const struct stat *a, const struct stat *b);

/* Whether two paths lead to one file, by whatever spelling or links; also to one that does not exist yet. Devices and
 * pipes, to which more than one may write, are the same only if the paths are. Takes NULL, which is no file. */
bool is_same_file(const char *a, const char *b);

#endif
