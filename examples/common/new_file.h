/* SPDX-License-Identifier: MIT */
/* Paths, folders, and files that replace their predecessor whole or not at all. */
#ifndef EXAMPLE_NEW_FILE_H
#define EXAMPLE_NEW_FILE_H

#include <stdbool.h>
#include <stdio.h>
#include <vpf/status.h>

#include "destination.h"

/* "folder/name", to be freed; NULL (said on stderr) without memory. */
char *path_join(const char *folder, const char *name);

/* Whether there is a file or folder of that name in a folder. */
bool file_exists(const char *folder, const char *name);

/* Make a folder and its parents where they do not exist. VPF_ERR_IO, VPF_ERR_MEMORY; said. */
vpf_status make_folders(const char *path);

/* A file being written: under a temporary name beside its own until it is published. Where a path leads to a device, a
 * pipe or a descriptor of this process (/dev/stdout), that is written to, and nothing is replaced. */
typedef struct new_file {
  FILE *stream;    /* to write to; NULL while closed */
  char *path;
  destination to;  /* where the path leads to */
  char *temporary; /* NULL once published, and if nothing is replaced */
  bool holds;      /* stop signals wait until it is closed */
} new_file;

/* Begin folder/name, or the path `name` if folder is NULL. Until it is closed, a signal that would end the program
 * waits (hold_stop_signals()). On failure (said) file is closed and nothing is left behind. */
vpf_status new_file_open(new_file *file, const char *folder, const char *name);

/* Make the folder of a file and see whether the file could be written, which long work should know before it
 * begins. Nothing else is left behind, and an existing file is untouched. If it is standard output, what the program
 * prints goes to stderr from now on. VPF_ERR_IO, VPF_ERR_MEMORY; said. */
vpf_status new_file_try(const char *path);

/* Write out what the stream holds; the first time, the file takes the place of its predecessor
 * too. The stream stays open, to add to the file and publish again. VPF_ERR_IO; said. */
vpf_status new_file_publish(new_file *file);

/* Close; a file that was never published is removed. Takes a closed file. */
void new_file_close(new_file *file);

#endif
