/* SPDX-License-Identifier: MIT */
/* One run at a time writes to a folder of results. */
#ifndef EXAMPLE_FOLDER_LOCK_H
#define EXAMPLE_FOLDER_LOCK_H

#include <vpf/status.h>

/* A lock on <folder>/.vpf-lock, a file that is there as long as the run is. One that a killed run has left does no
 * harm: the lock ended with the process. */
typedef struct folder_lock {
  int descriptor; /* -1: no lock is held */
  char *path;
} folder_lock;

/* VPF_ERR_STATE if another process has it, VPF_ERR_MEMORY; said. Where no lock can be had, as on some file systems or
 * on a file of somebody else that no process has locked, it is VPF_OK without one. */
vpf_status folder_lock_take(folder_lock *lock, const char *folder);

/* Takes a lock that was not taken, too, if it is zero. */
void folder_lock_release(folder_lock *lock);

#endif
