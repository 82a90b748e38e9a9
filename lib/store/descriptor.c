/* SPDX-License-Identifier: MIT */
#include "store/descriptor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

enum { MOST_BYTES_A_WRITE = 1 << 30 }; /* some kernels refuse more than INT_MAX */

/* Whatever poll() finds, the next write() tells. */
static void wait_for_room(int fd) {
  struct pollfd full = {.fd = fd, .events = POLLOUT};
  poll(&full, 1, -1);
}

int vpfi_descriptor_write(int fd, const void *bytes, size_t count) {
  const unsigned char *from = bytes;
  while (count > 0) {
    const ssize_t done = write(fd, from, count < MOST_BYTES_A_WRITE ? count : MOST_BYTES_A_WRITE);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0 && errno != EAGAIN) return errno;
    if (done == 0) return ENOSPC; /* POSIX knows no such result; an endless loop would be worse */
    if (done < 0) {
      wait_for_room(fd);
      continue;
    }
    from += done;
    count -= (size_t)done;
  }
  return 0;
}

static bool is_pending(int number) {
  sigset_t pending;
  return sigpending(&pending) == 0 && sigismember(&pending, number) == 1;
}

/* write() sends SIGPIPE to the thread that called it. So it is held back in this thread and taken away, which
 * neither the caller's handler nor other threads notice. */
int vpfi_descriptor_write_to_reader(int fd, const void *bytes, size_t count) {
  sigset_t broken_pipe, before;
  int number;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  const bool was_pending = is_pending(SIGPIPE); /* somebody else's, which stays */
  pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
  const int error = vpfi_descriptor_write(fd, bytes, count);
  if (error == EPIPE && !was_pending && is_pending(SIGPIPE)) sigwait(&broken_pipe, &number);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error;
}

int vpfi_descriptor_sync(int fd) {
  int result;
  do result = fsync(fd);
  while (result != 0 && errno == EINTR);
  return result == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : errno;
}

int vpfi_descriptor_close(int *fd) {
  const int closed = *fd;
  *fd = -1;
  /* On Linux the descriptor is gone after EINTR; closing it again might close another thread's. */
  return closed < 0 || close(closed) == 0 || errno == EINTR ? 0 : errno;
}
