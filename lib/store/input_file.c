/* SPDX-License-Identifier: MIT */
#include "store/input_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"

/* Some kernels refuse more than INT_MAX bytes in one read(). */
enum { MOST_BYTES_A_READ = 1 << 30 };

static vpf_status check_kind(vpfi_input_file *file) {
  struct stat info;
  if (fstat(file->fd, &info) != 0) return vpfi_fail_io("examining", file->path, errno);
  if (S_ISDIR(info.st_mode)) return vpfi_fail_io("reading", file->path, EISDIR);
  if (!S_ISREG(info.st_mode))
    return vpfi_fail(VPF_ERR_IO, "reading %.*s: not a regular file", vpfi_text_fit_path(file->path), file->path);
  file->size = (uint64_t)info.st_size;
  return VPF_OK;
}

vpf_status vpfi_input_file_open(vpfi_input_file *file, const char *path) {
  *file = (vpfi_input_file){.fd = -1, .path = path};
  /* O_NONBLOCK, because opening a pipe would wait for a writer; regular files ignore it. */
  do file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  while (file->fd < 0 && errno == EINTR);
  if (file->fd < 0) return vpfi_fail_io("opening", path, errno);

  const vpf_status status = check_kind(file);
  if (status) vpfi_input_file_close(file);
  return status;
}

void vpfi_input_file_close(vpfi_input_file *file) {
  if (file->fd >= 0) close(file->fd); /* nothing was written, so nothing can be lost */
  file->fd = -1;
}

vpf_status vpfi_input_file_read(const vpfi_input_file *file, uint64_t offset, void *out, size_t count) {
  unsigned char *to = out;
  while (count > 0) {
    const size_t wanted = count < MOST_BYTES_A_READ ? count : MOST_BYTES_A_READ;
    const ssize_t got = pread(file->fd, to, wanted, (off_t)offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return vpfi_fail_io("reading", file->path, errno);
    if (got == 0)
      return vpfi_fail(VPF_ERR_IO, "reading %.*s: it became shorter than %llu bytes while it was read",
                       vpfi_text_fit_path(file->path), file->path, (unsigned long long)file->size);
    to += got;
    offset += (uint64_t)got;
    count -= (size_t)got;
  }
  return VPF_OK;
}
