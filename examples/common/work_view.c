/* SPDX-License-Identifier: MIT */
#include "work_view.h"

#include <stdio.h>
#include <unistd.h>

void work_view_show(const char *what, size_t done, size_t of, const char *things) {
  if (!isatty(STDERR_FILENO)) return;
  fprintf(stderr, "\r\033[K%s: %zu of %zu %s", what, done, of, things);
  fflush(stderr);
}

void work_view_clear(void) {
  if (!isatty(STDERR_FILENO)) return;
  fputs("\r\033[K", stderr);
  fflush(stderr);
}
