/* SPDX-License-Identifier: MIT */
/* A regular file open for reading. Errors are told apart from files that end too early. */
#ifndef VPFI_STORE_INPUT_FILE_H
#define VPFI_STORE_INPUT_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <vpf/status.h>

typedef struct vpfi_input_file {
  int fd;           /* -1 if closed */
  const char *path; /* the caller's, for messages */
  uint64_t size;    /* when it was opened */
} vpfi_input_file;

/* Refuses folders, pipes and devices, and never waits for one. VPF_ERR_IO; *file is then closed. */
vpf_status vpfi_input_file_open(vpfi_input_file *file, const char *path);
void vpfi_input_file_close(vpfi_input_file *file); /* accepts a closed one */

/* Read exactly `count` bytes from `offset` on. VPF_ERR_IO, even if the file ends too early: its size was
 * taken when it was opened, so somebody has shortened it since. */
vpf_status vpfi_input_file_read(const vpfi_input_file *file, uint64_t offset, void *out, size_t count);

#endif
