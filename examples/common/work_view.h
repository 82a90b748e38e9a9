/* SPDX-License-Identifier: MIT */
/* How far a long piece of work is, as one line on stderr, if that is a terminal. */
#ifndef EXAMPLE_WORK_VIEW_H
#define EXAMPLE_WORK_VIEW_H

#include <stddef.h>

/* "top: 500 of 10000 images" */
void work_view_show(const char *what, size_t done, size_t of, const char *things);

/* Wipe the line, before something else is printed. */
void work_view_clear(void);

#endif
