/* SPDX-License-Identifier: MIT */
/* How long work takes, and how long it will take. */
#ifndef EXAMPLE_STOPWATCH_H
#define EXAMPLE_STOPWATCH_H

#include <stddef.h>
#include <vpf/status.h>

/* Seconds since some moment in the past. Setting the system's clock does not change it. */
double seconds_now(void);

/* The first n of the pieces of some work. */
typedef vpf_status (*work_fn)(const void *work, size_t n);

/* Add to *seconds how long `count` pieces will take, from doing a few: twice as many each time, until they
 * tell it. */
vpf_status estimate_seconds(double *seconds, size_t count, work_fn do_pieces, const void *work);

/* "0.2 s", "8 s", "3 min 20 s", "2 h 5 min", as rounded as an estimate should be, into text; returns it. */
enum { DURATION_SIZE = 32 };
const char *duration_text(double seconds, char text[DURATION_SIZE]);

#endif
