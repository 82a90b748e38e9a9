/* SPDX-License-Identifier: MIT */
/* Training as a person sees it: a line per epoch on stdout and, on a terminal, a bar on stderr. */
#ifndef EXAMPLE_PROGRESS_VIEW_H
#define EXAMPLE_PROGRESS_VIEW_H

#include <stdbool.h>
#include <stdio.h>
#include <vpf.h>

typedef struct progress_view {
  bool has_bar;
  bool bar_shown;
  double begun;    /* epochs that were done before this training */
  double drawn_at; /* seconds of training when the bar was last drawn */
} progress_view;

/* A view with a bar if stderr is a terminal. */
progress_view progress_view_create(void);

/* Show the end of a minibatch (the bar, some times a second) or of an epoch (a line). */
void progress_view_show(progress_view *view, const vpf_progress *progress);

/* Wipe the bar off the terminal, before something else is printed. */
void progress_view_clear(progress_view *view);

/* "K 555.0 (354.6 visible + 200.4 hidden)"; of deeper machines the parts are the pairs'. */
void print_flow(FILE *stream, const vpf_progress *progress);

/* "0.13 0.50", by layer. */
void print_activity(FILE *stream, const vpf_progress *progress);

#endif
