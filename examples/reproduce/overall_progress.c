/* SPDX-License-Identifier: MIT */
#include "overall_progress.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "../common/stopwatch.h"

void overall_progress_plan(overall_progress *p, double cost) {
  p->planned += cost;
}

void overall_progress_step(overall_progress *p, const char *name, double cost, double part_skipped) {
  if (p->begin <= 0) {
    p->begin = p->drawn = seconds_now();
    p->is_terminal = isatty(STDERR_FILENO) != 0;
  }
  p->step = name;
  p->step_cost = cost;
  p->step_skipped = cost * part_skipped;
}

/* "[ 42 %, 31 min 10 s left] " with so much of the present step done. */
static void print_share(const overall_progress *p, FILE *stream, double part) {
  const double done = p->done + p->step_cost * part;
  const double worked = done - p->skipped - p->step_skipped, elapsed = seconds_now() - p->begin;
  char text[DURATION_SIZE];
  fprintf(stream, "[%3.0f %%", p->planned > 0 ? 100 * done / p->planned : 100);
  if (worked > 0.002 * p->planned && elapsed > 1) /* before that nobody can tell */
    fprintf(stream, ", %s left", duration_text(fmax(p->planned - done, 0) * elapsed / worked, text));
  fprintf(stream, "] %s", p->step);
}

void overall_progress_at(overall_progress *p, double part, const char *format, ...) {
  const double terminal_interval = 0.2, other_interval = 60, now = seconds_now();
  if (now - p->drawn < (p->is_terminal ? terminal_interval : other_interval)) return;
  p->drawn = now;
  FILE *stream = p->is_terminal ? stderr : stdout;
  if (p->is_terminal) fputs("\r\033[K", stream);
  print_share(p, stream, part);
  fputs(": ", stream);
  va_list rest;
  va_start(rest, format);
  vfprintf(stream, format, rest);
  va_end(rest);
  if (!p->is_terminal) fputc('\n', stream);
  fflush(stream);
}

void overall_progress_finish(overall_progress *p, const char *format, ...) {
  overall_progress_clear(p);
  const bool skipped = p->step_skipped >= p->step_cost;
  if (!skipped) {
    print_share(p, stdout, 1);
    fputs(": ", stdout);
    va_list rest;
    va_start(rest, format);
    vprintf(format, rest);
    va_end(rest);
    putchar('\n');
  }
  p->done += p->step_cost;
  p->skipped += p->step_skipped;
  p->step_cost = p->step_skipped = 0;
}

void overall_progress_clear(overall_progress *p) {
  if (!p->is_terminal) return;
  fputs("\r\033[K", stderr);
  fflush(stderr);
}
