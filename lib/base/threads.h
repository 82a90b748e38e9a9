/* SPDX-License-Identifier: MIT */
/* Threads: the only file that knows OpenMP.
 *
 * OpenMP provides the threads; how they wait for each other is our own. Training hands out work
 * thousands of times a second, and OpenMP's barriers wait for every thread of a team, even one that
 * the system has taken off its processor: on a shared computer that is slower than a single
 * thread. Here a thread that is done takes what work is left, and one that waits soon goes to sleep. */
#ifndef VPFI_BASE_THREADS_H
#define VPFI_BASE_THREADS_H

#include <stdbool.h>
#include <stddef.h>

/* How many threads to use when `wanted` are asked for, 0 meaning the caller's OpenMP setting. Always 1
 * inside a parallel region of the caller and in a build without OpenMP; never less. */
size_t vpfi_thread_count(size_t wanted);

/* Work on items begin .. end-1. `thread` is below the team's number of threads, and no two calls
 * with the same number run at once, so it can index scratch memory. Which thread gets which items
 * varies, and results must not depend on it. Cannot fail: failures are recorded in the context. */
typedef void (*vpfi_range_fn)(void *context, size_t begin, size_t end, size_t thread);

typedef struct vpfi_crew vpfi_crew; /* the threads of an assembled team */

typedef struct vpfi_team {
  size_t threads;  /* at most this many */
  vpfi_crew *crew; /* while assembled */
} vpfi_team;

/* Do all items 0 .. count-1, each once, and wait for them. */
void vpfi_team_for(vpfi_team *team, size_t count, vpfi_range_fn work, void *context);

/* vpfi_team_for() with a team of this size for this one call. */
void vpfi_parallel_for(size_t count, size_t threads, vpfi_range_fn work, void *context);

/* Call `leader` in this thread while the rest of the team stands by, so that its many calls of
 * vpfi_team_for() need not each gather the threads. Cannot be nested. */
void vpfi_team_assemble(vpfi_team *team, void (*leader)(void *context), void *context);

#endif
