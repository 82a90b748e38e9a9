/* SPDX-License-Identifier: MIT */
#include "folder_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "complain.h"
#include "destination.h"
#include "new_file.h"

/* A run that has ended may have removed the file after it was opened here: then there is, or will be, another of that
 * name. */
static bool is_current(int descriptor, const char *path) {
  struct stat opened, there;
  return !fstat(descriptor, &opened) && !stat(path, &there) && is_same_inode(&opened, &there);
}

/* Whether another process has the lock, and which; 0: the system does not say, as of one in another container or on
 * another computer. If it does not even say whether, it is `unknown`. */
static bool is_held(int descriptor, bool unknown, long *process) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  *process = 0;
  if (fcntl(descriptor, F_GETLK, &lock)) return unknown;
  if (lock.l_type == F_UNLCK) return false;
  if (lock.l_pid > 0) *process = (long)lock.l_pid;
  return true;
}

/* 0, or the errno of who holds it (EACCES, EAGAIN) or of a file system without locks. */
static int try_lock(int descriptor) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return fcntl(descriptor, F_SETLK, &lock) ? errno : 0;
}

static vpf_status refuse(long process, const char *folder) {
  if (process == 0)
    return complain_because(VPF_ERR_STATE, "another run is writing to %s; give another --out, or wait", folder);
  return complain_because(VPF_ERR_STATE, "another run (process %ld) is writing to %s; give another --out, or wait",
                          process, folder);
}

/* The file of somebody else may not be locked, but who can read it can ask whether it is. */
static vpf_status look_at_lock(const char *path, const char *folder) {
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0) return VPF_OK;
  long process;
  const bool held = is_held(descriptor, false, &process);
  close(descriptor);
  return held ? refuse(process, folder) : VPF_OK;
}

vpf_status folder_lock_take(folder_lock *lock, const char *folder) {
  enum { MOST_TRIES = 100 };
  *lock = (folder_lock){.descriptor = -1, .path = path_join(folder, ".vpf-lock")};
  if (!lock->path) return VPF_ERR_MEMORY;
  for (int tries = 0; tries < MOST_TRIES; tries++) {
    const int descriptor = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (descriptor < 0 && errno == EACCES) return look_at_lock(lock->path, folder);
    if (descriptor < 0) return VPF_OK; /* whether the folder can be written to is for the results to say */
    const int error = try_lock(descriptor);
    if (!error && is_current(descriptor, lock->path)) {
      lock->descriptor = descriptor;
      return VPF_OK;
    }
    const bool taken = error == EACCES || error == EAGAIN;
    long process = 0;
    const bool held = taken && is_held(descriptor, true, &process);
    close(descriptor);
    if (error && !taken) return unlink(lock->path), VPF_OK;
    if (held) return refuse(process, folder);
  }
  return refuse(0, folder);
}

/* Removed before it is let go of, so that nobody is left with a lock on a file that is gone and does not know it. */
void folder_lock_release(folder_lock *lock) {
  if (lock->path && lock->descriptor >= 0) {
    unlink(lock->path);
    close(lock->descriptor);
  }
  free(lock->path);
  *lock = (folder_lock){.descriptor = -1};
}
