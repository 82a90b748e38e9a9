/* SPDX-License-Identifier: MIT */
#include "stopwatch.h"

#include <stdio.h>
#include <time.h>

double seconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

vpf_status estimate_seconds(double *seconds, size_t count, work_fn do_pieces, const void *work) {
  const double long_enough = 0.02; /* what begins or ends each call is then a small part of it */
  size_t n = count < 2 ? count : 2;
  while (n > 0) {
    const double begin = seconds_now();
    const vpf_status s = do_pieces(work, n);
    const double took = seconds_now() - begin;
    if (s) return s;
    if (n == count || took >= long_enough) {
      *seconds += took * (double)count / (double)n;
      return VPF_OK;
    }
    n = n > count / 2 ? count : 2 * n;
  }
  return VPF_OK; /* nothing to do */
}

const char *duration_text(double seconds, char text[DURATION_SIZE]) {
  const unsigned long whole = seconds < 1e9 ? (unsigned long)(seconds + 0.5) : 1000000000;
  if (seconds < 9.95)
    snprintf(text, DURATION_SIZE, "%.1f s", seconds);
  else if (whole < 60)
    snprintf(text, DURATION_SIZE, "%lu s", whole);
  else if (whole < 3600)
    snprintf(text, DURATION_SIZE, "%lu min %lu s", whole / 60, whole % 60);
  else
    snprintf(text, DURATION_SIZE, "%lu h %lu min", whole / 3600, whole % 3600 / 60);
  return text;
}
