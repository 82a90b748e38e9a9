/* SPDX-License-Identifier: MIT */
/* Descriptors that are written to. Each function that returns int returns 0 or an errno. */
#ifndef VPFI_STORE_DESCRIPTOR_H
#define VPFI_STORE_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>

/* All bytes or an error, whatever interrupts. A descriptor that is not to wait (O_NONBLOCK) is waited for all the
 * same. */
int vpfi_descriptor_write(int fd, const void *bytes, size_t count);

/* The same where fd may be a pipe or a socket: EPIPE, and no SIGPIPE, if its reader has gone. */
int vpfi_descriptor_write_to_reader(int fd, const void *bytes, size_t count);

/* What cannot be synced (devices, pipes, folders on some file systems) need not be. */
int vpfi_descriptor_sync(int fd);

/* *fd, unless it is -1 already; it then is. */
int vpfi_descriptor_close(int *fd);

#endif
