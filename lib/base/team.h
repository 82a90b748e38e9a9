/* SPDX-License-Identifier: MIT */
/* Threads. Training hands out work thousands of times a second, and a barrier that waits for every thread of a team, even
 * for one that the system has taken off its processor, makes it slower on a shared computer than a single thread. Here a
 * thread that is done takes what work is left, and one that waits soon goes to sleep.
 *
 * The threads of a team exist only while it works: after a call of the library there are none. So the library can be
 * unloaded, and the child of a fork() has all that it needs. */
#ifndef VPFI_BASE_TEAM_H
#define VPFI_BASE_TEAM_H

#include "base/pace.h"
#include "base/processors.h"

/* Work on items begin .. end-1. `thread` is below the team's number of threads, and no two calls
 * with the same number run at once, so it can index scratch memory. Which thread gets which items
 * varies, and results must not depend on it. Cannot fail: failures are recorded in the context. */
typedef void (*vpfi_range_fn)(void *context, size_t begin, size_t end, size_t thread);

typedef struct vpfi_crew vpfi_crew; /* the threads of an assembled team */

typedef struct vpfi_team {
  size_t threads;  /* at most this many: from vpfi_thread_count() */
  bool all;        /* so many were asked for: they work from the beginning. Otherwise as many as pay off */
  vpfi_crew *crew; /* while assembled */
  vpfi_pace pace;  /* of an assembled team without `all`, from its first lap on; choices are 0 before */
} vpfi_team;

/* Of as many threads as vpfi_thread_count() says, none of which exists yet. */
vpfi_team vpfi_team_of(size_t wanted);

/* Do all items 0 .. count-1, each once, and wait for them. */
void vpfi_team_for(vpfi_team *team, size_t count, vpfi_range_fn work, void *context);

/* vpfi_team_for() with a team of this size for this one call. */
void vpfi_parallel_for(size_t count, size_t threads, vpfi_range_fn work, void *context);

/* Call `leader` in this thread while the rest of the team stands by, so that its many calls of
 * vpfi_team_for() need not each gather the threads. Cannot be nested. */
void vpfi_team_assemble(vpfi_team *team, void (*leader)(void *context), void *context);

/* The leader of an assembled team has done `work` (in any unit) since the last lap, and will do such work again: from the
 * times between laps the team learns how many of its threads pay off, and then uses no more. The first lap, and the first
 * after a pause, only starts the clock; before it, all threads may work. */
void vpfi_team_lap(vpfi_team *team, double work);
void vpfi_team_pause(vpfi_team *team);

#endif
