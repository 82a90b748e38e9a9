/* SPDX-License-Identifier: MIT */
#include "folder_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "complain.h"
#include "new_file.h"

/* A run that has ended may have removed the file after it was opened here: then there is, or will be, another of that
 * name. */
static bool is_current(int descriptor, const char *path) {
  struct stat opened, there;
  return !fstat(descriptor, &opened) && !stat(path, &there) && opened.st_dev == there.st_dev &&
         opened.st_ino == there.st_ino;
}

/* The process that has the lock; 0: it has let go of it meanwhile. */
static long holder(int descriptor) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return fcntl(descriptor, F_GETLK, &lock) || lock.l_type == F_UNLCK ? 0 : (long)lock.l_pid;
}

/* 0, or the errno of who holds it (EACCES, EAGAIN) or of a file system without locks. */
static int try_lock(int descriptor) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return fcntl(descriptor, F_SETLK, &lock) ? errno : 0;
}

vpf_status folder_lock_take(folder_lock *lock, const char *folder) {
  *lock = (folder_lock){.descriptor = -1, .path = path_join(folder, ".vpf-lock")};
  if (!lock->path) return VPF_ERR_MEMORY;
  for (;;) {
    const int descriptor = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (descriptor < 0) return VPF_OK; /* whether the folder can be written to is for the results to say */
    const int error = try_lock(descriptor);
    if (!error && is_current(descriptor, lock->path)) {
      lock->descriptor = descriptor;
      return VPF_OK;
    }
    const bool taken = error == EACCES || error == EAGAIN;
    const long process = taken ? holder(descriptor) : 0;
    close(descriptor);
    if (error && !taken) return unlink(lock->path), VPF_OK;
    if (process)
      return complain_because(VPF_ERR_STATE, "another run (process %ld) is writing to %s; give another --out, or wait",
                              process, folder);
  }
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
