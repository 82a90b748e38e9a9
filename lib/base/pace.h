/* SPDX-License-Identifier: MIT */
/* How many threads of a team should work, found by trying.
 *
 * Training does the same work over and over, a minibatch each time, and no number of threads changes a result. Small work
 * is done soonest by one thread, and on a computer with other work the system takes threads off their processors while all
 * others wait for them. So the time of the minibatches decides. It depends on a clock, and a result never does. */
#ifndef VPFI_BASE_PACE_H
#define VPFI_BASE_PACE_H

#include <stdbool.h>
#include <stddef.h>

enum { VPFI_PACE_CHOICES = 20 };

typedef struct vpfi_pace {
  size_t choices;                       /* numbers of threads to choose from: 1, 2, 4, ..., and the most */
  size_t threads[VPFI_PACE_CHOICES];
  double cost[VPFI_PACE_CHOICES];       /* seconds for a unit of work; 0: never tried */
  size_t home, at;                      /* the best choice so far, and the one in use */
  int direction;                        /* of the next trial, from home: 1 or -1 */
  double period, next;                  /* between trials, and when the next is due; seconds */
  double elapsed, work;                 /* in the window of laps that is being timed */
  size_t laps;
  double last;                          /* when the last lap ended */
  bool paused;                          /* the next lap only starts the clock */
} vpfi_pace;

/* Work begins with all threads, and paused. */
void vpfi_pace_begin(vpfi_pace *pace, size_t most_threads);

/* What is done from the last lap on until the next one counts for nothing. */
void vpfi_pace_pause(vpfi_pace *pace);

/* A lap is done, in which there was this much to do. now: seconds by any clock that never goes back. */
void vpfi_pace_lap(vpfi_pace *pace, double work, double now);

/* How many threads should work now. */
static inline size_t vpfi_pace_threads(const vpfi_pace *pace) {
  return pace->threads[pace->at];
}

#endif
