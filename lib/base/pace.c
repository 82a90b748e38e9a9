/* SPDX-License-Identifier: MIT */
#include "base/pace.h"

/* A window is long enough for clock and for laps that are not quite alike; a very long lap is a window of its own. */
static const double WINDOW = 0.002, LONG_WINDOW = 0.05;
enum { WINDOW_LAPS = 8, FIRST_LAPS = 4 };

/* Trials begin this far apart, and then rarer and rarer: they cost time, and most find nothing new. */
static const double FIRST_PERIOD = 0.2, LAST_PERIOD = 3;
static const double WINDOWS_APART = 25; /* at least, if laps are long */

/* What is in use is known from its last tens of milliseconds: the system takes threads off their processors for
 * milliseconds at a time, which a single window does not show. */
static const double MEMORY = 0.02;

/* What a trial has to be better by, and by how much home must have become worse than a neighbour to try that at once. */
static const double BETTER = 0.97, WORSE = 1.1;

/* More threads are not tried for shorter laps: handing out the work, some times in a lap, takes microseconds. */
static const double SHORT_LAP = 15e-6;

static void begin_window(vpfi_pace *pace) {
  pace->elapsed = 0;
  pace->work = 0;
  pace->laps = 0;
}

void vpfi_pace_begin(vpfi_pace *pace, size_t most_threads) {
  *pace = (vpfi_pace){.direction = -1, .period = FIRST_PERIOD, .paused = true};
  for (size_t t = 1; t < most_threads && pace->choices < VPFI_PACE_CHOICES - 1; t *= 2) pace->threads[pace->choices++] = t;
  pace->threads[pace->choices++] = most_threads;
  pace->home = pace->at = pace->choices - 1;
}

void vpfi_pace_pause(vpfi_pace *pace) {
  pace->paused = true;
}

static bool is_over(const vpfi_pace *pace) {
  return (pace->elapsed >= WINDOW && pace->laps >= WINDOW_LAPS) || pace->elapsed >= LONG_WINDOW;
}

static bool has_short_laps(const vpfi_pace *pace) {
  return pace->elapsed < SHORT_LAP * (double)pace->laps;
}

static bool has_neighbour(const vpfi_pace *pace, int direction) {
  return direction > 0 ? pace->home + 1 < pace->choices : pace->home > 0;
}

static size_t neighbour(const vpfi_pace *pace, int direction) {
  return direction > 0 ? pace->home + 1 : pace->home - 1;
}

static void try_neighbour(vpfi_pace *pace, int direction) {
  pace->direction = direction;
  pace->at = neighbour(pace, direction);
}

static void put_off(vpfi_pace *pace, double now) {
  const double apart = WINDOWS_APART * pace->elapsed;
  pace->next = now + (pace->period > apart ? pace->period : apart);
  pace->period = 2 * pace->period < LAST_PERIOD ? 2 * pace->period : LAST_PERIOD;
}

/* Of a window at home: go on, or try a neighbour. */
static void judge_home(vpfi_pace *pace, double now) {
  for (int direction = -1; direction <= 1; direction += 2) {
    if (!has_neighbour(pace, direction)) continue;
    const double there = pace->cost[neighbour(pace, direction)];
    if (there > 0 && pace->cost[pace->home] > WORSE * there) {
      try_neighbour(pace, direction);
      return;
    }
  }
  if (now < pace->next) return;
  if (has_short_laps(pace))
    pace->direction = -1;
  else if (!has_neighbour(pace, pace->direction))
    pace->direction = -pace->direction;
  if (has_neighbour(pace, pace->direction)) try_neighbour(pace, pace->direction);
}

/* Of a trial: stay, and try what lies beyond next; or go home. */
static void judge_trial(vpfi_pace *pace, double now) {
  if (pace->cost[pace->at] < BETTER * pace->cost[pace->home]) {
    pace->home = pace->at;
    if (!has_neighbour(pace, pace->direction)) put_off(pace, now);
  } else {
    pace->at = pace->home;
    pace->direction = -pace->direction;
    put_off(pace, now);
  }
}

void vpfi_pace_lap(vpfi_pace *pace, double work, double now) {
  const double lap = now - pace->last;
  pace->last = now;
  if (pace->paused) {
    pace->paused = false;
    return;
  }
  pace->elapsed += lap;
  pace->work += work;
  pace->laps++;
  double *known = &pace->cost[pace->at];
  if (pace->at > 0 && pace->laps == FIRST_LAPS && *known <= 0 && pace->at == pace->home && has_short_laps(pace)) {
    pace->home = pace->at = 0; /* not even the first trial */
    begin_window(pace);
    return;
  }
  if (!is_over(pace) || !(pace->work > 0)) return;
  const double cost = pace->elapsed / pace->work;
  if (pace->at != pace->home || *known <= 0)
    *known = cost;
  else
    *known += (cost - *known) * (pace->elapsed / (pace->elapsed + MEMORY));
  if (pace->at == pace->home)
    judge_home(pace, now);
  else
    judge_trial(pace, now);
  begin_window(pace);
}
