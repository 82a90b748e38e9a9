/* SPDX-License-Identifier: MIT */
/* Threads: the only file that knows OpenMP.
 *
 * OpenMP gives the threads; how they wait for each other is our own. Training hands out work
 * thousands of times a second, and OpenMP's barriers wait for every thread of a team, even one that
 * the system has taken off its processor: on a computer that is shared, that is slower than one
 * thread. Here a thread that is ready takes what is left, and a thread that waits soon sleeps. */
#ifndef VPFI_BASE_THREADS_H
#define VPFI_BASE_THREADS_H

#include <stdbool.h>
#include <stddef.h>

/* How many threads to use when `wanted` were asked for: 0 means the caller's OpenMP setting; one
 * inside a parallel region of the caller, and in a build without OpenMP. At least 1. */
size_t vpfi_thread_count(size_t wanted);

/* Work on items begin .. end-1. thread is below the team's number of threads, and no two calls
 * with the same number run at once, so it may index scratch memory. Which thread gets which items
 * is not determined: results must not depend on it. Must not fail: record failures in the context. */
typedef void (*vpfi_range_fn)(void *context, size_t begin, size_t end, size_t thread);

typedef struct vpfi_crew vpfi_crew; /* the threads of an assembled team */

typedef struct vpfi_team {
  size_t threads;  /* at most */
  vpfi_crew *crew; /* while assembled */
} vpfi_team;

/* Do all items 0 .. count-1, each once, and wait for them. */
void vpfi_team_for(vpfi_team *team, size_t count, vpfi_range_fn work, void *context);

/* vpfi_team_for() with a team of this size for this one call. */
void vpfi_parallel_for(size_t count, size_t threads, vpfi_range_fn work, void *context);

/* Call `leader` in this thread while the others of the team stand by, so that its many
 * vpfi_team_for() need not call threads together each time. Not nested. */
void vpfi_team_assemble(vpfi_team *team, void (*leader)(void *context), void *context);

#endif
