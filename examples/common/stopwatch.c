/* SPDX-License-Identifier: MIT */
#include "stopwatch.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

/* Less than this cannot be timed well; of more, one try is enough. */
static const double too_short = 0.05, long_enough = 0.5;

double seconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static vpf_status time_pieces(double *seconds, work_fn do_pieces, const void *work, size_t n) {
  const double begin = seconds_now();
  const vpf_status s = do_pieces(work, n);
  *seconds = seconds_now() - begin;
  return s;
}

/* A call takes a + b n seconds. Twice as many pieces add b n to a + b n, so what they add, as soon as that is a
 * good part of the whole, tells b. */
static bool is_told(double before, double took) {
  return took >= long_enough || (before > 0 && took >= too_short && took - before >= took / 3);
}

vpf_status estimate_seconds(double *seconds, size_t count, work_fn do_pieces, const void *work) {
  double before = 0, took = 0, again;
  size_t n_before = 0, n = count < 2 ? count : 2;
  while (n > 0) {
    vpf_status s = time_pieces(&took, do_pieces, work, n);
    if (!s && n < count && took < long_enough && is_told(before, took)) {
      /* of two tries the shorter one: another program may have had the processor */
      s = time_pieces(&again, do_pieces, work, n);
      if (again < took) took = again;
    }
    if (s) return s;
    if (n == count || is_told(before, took)) break;
    before = took;
    n_before = n;
    n = n > count / 2 ? count : 2 * n;
  }
  if (n < count) took += (took - before) * (double)(count - n) / (double)(n - n_before);
  *seconds += took;
  return VPF_OK;
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
