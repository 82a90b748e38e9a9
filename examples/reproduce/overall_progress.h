/* SPDX-License-Identifier: MIT */
/* How far all the work is, and how long it will take: one line that is drawn again on a terminal, and elsewhere
 * a line for each step and every minute. */
#ifndef EXAMPLE_OVERALL_PROGRESS_H
#define EXAMPLE_OVERALL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct overall_progress {
  double planned;      /* cost of all steps, about seconds */
  double done;         /* of those that are finished */
  double skipped;      /* of which an earlier run had done so much */
  const char *step;    /* the one under way */
  double step_cost, step_skipped;
  double begin, drawn; /* times */
  bool is_terminal;
} overall_progress;

/* The clock starts with the first step. */
void overall_progress_plan(overall_progress *p, double cost);

/* A step of that cost begins, of which an earlier run has done a part from 0 to 1. */
void overall_progress_step(overall_progress *p, const char *name, double cost, double part_skipped);

/* How far the step is, from 0 to 1, and a word about it. Cheap: most calls show nothing. */
void overall_progress_at(overall_progress *p, double part, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The step is finished; said unless it was skipped whole. */
void overall_progress_finish(overall_progress *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Wipe the line before something else is printed. */
void overall_progress_clear(overall_progress *p);

#endif
