/* SPDX-License-Identifier: MIT */
#include "base/team.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/clock.h"

/* How often a waiting thread spins before it goes to sleep: some tens of microseconds, about what it costs
 * to be woken. Ten times as many gain nothing on an idle computer and lose time on a shared one. */
enum { MOST_SPINS = 4000 };

/* Each member has a share of the items, the same share for all jobs of equal length, so that the memory of an
 * item stays in one processor's cache. A thread that has finished its own share takes pieces of the others'. */
typedef struct share {
  _Alignas(64) atomic_size_t next; /* first item of the share not yet taken */
  size_t end;
} share;

enum { MOST_SHARES = 64 }; /* if there are more threads, they share these */

/* A crew works on one job after another. `call` counts them: it is odd while a job is open for work
 * and even once it is closed. A member enters an open job (members_inside), takes pieces until none
 * are left, and leaves. The leader closes the job when all pieces are done, and changes it only when
 * nobody is inside. A member that comes too late finds the job closed and goes on waiting, so nobody
 * waits for a thread that has not got a processor: at most for a piece that it had taken before it lost it. */
struct vpfi_crew {
  /* What members wait for shares a cache line with what they then read; what they write lies apart. Handing
   * such a line from one processor to a distant one takes as long as some hundred additions. */
  _Alignas(64) atomic_uint call;
  atomic_bool dismissed;
  atomic_size_t working; /* threads below this number take part, and the others sleep */
  atomic_size_t numbers; /* of members, as they come */
  vpfi_range_fn work;
  void *context;
  size_t piece, n_shares;

  _Alignas(64) atomic_size_t members_inside;
  _Alignas(64) atomic_size_t done; /* items */
  share shares[MOST_SHARES];

  pthread_mutex_t mutex; /* for sleeping: guards what is below, and the changes of call, dismissed and working */
  pthread_cond_t called, needed; /* for members that take part, and for the others */
  unsigned sleeping;             /* until they are called */

  /* The leader's own. */
  bool started;          /* whether it has been tried to start members */
  double alone;          /* seconds of work before that */
  size_t threads;        /* that it has, the leader among them */
  pthread_t member[VPFI_MOST_THREADS - 1];
};

static inline void spin_once(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

/* Work on a share; returns how many of its items this thread did. */
static size_t take_share(vpfi_crew *crew, share *from, size_t thread) {
  size_t taken = 0;
  while (atomic_load(&from->next) < from->end) {
    const size_t begin = atomic_fetch_add(&from->next, crew->piece);
    if (begin >= from->end) break;
    const size_t end = from->end - begin < crew->piece ? from->end : begin + crew->piece;
    crew->work(crew->context, begin, end, thread);
    taken += end - begin;
  }
  return taken;
}

static void take_pieces(vpfi_crew *crew, size_t thread) {
  size_t taken = 0;
  for (size_t k = 0; k < crew->n_shares; k++)
    taken += take_share(crew, &crew->shares[(thread + k) % crew->n_shares], thread);
  if (taken > 0) atomic_fetch_add(&crew->done, taken);
}

/* Set `call` and wake the members that sleep on it. */
static void announce(vpfi_crew *crew, unsigned call) {
  pthread_mutex_lock(&crew->mutex);
  atomic_store(&crew->call, call);
  if (crew->sleeping > 0) pthread_cond_broadcast(&crew->called);
  pthread_mutex_unlock(&crew->mutex);
}

/* ---- A member ---- */

/* Whether there is an open job after `seen`, which is then that job. It may be closed again at any time. */
static bool has_call(const vpfi_crew *crew, size_t thread, unsigned *seen) {
  const unsigned call = atomic_load(&crew->call);
  if (call == *seen || call % 2 == 0) return false;
  if (thread >= atomic_load(&crew->working) && !atomic_load(&crew->dismissed)) return false;
  *seen = call;
  return true;
}

static void sleep_on(vpfi_crew *crew, size_t thread) {
  const bool takes_part = thread < atomic_load(&crew->working);
  crew->sleeping += takes_part;
  pthread_cond_wait(takes_part ? &crew->called : &crew->needed, &crew->mutex);
  crew->sleeping -= takes_part;
}

/* Wait for the next open job after `seen`; false when there will be no more. */
static bool await_call(vpfi_crew *crew, size_t thread, unsigned *seen) {
  bool called = false;
  for (int spin = 0; spin < MOST_SPINS && !(called = has_call(crew, thread, seen)); spin++) spin_once();
  if (!called) {
    pthread_mutex_lock(&crew->mutex);
    while (!has_call(crew, thread, seen)) sleep_on(crew, thread);
    pthread_mutex_unlock(&crew->mutex);
  }
  return !atomic_load(&crew->dismissed);
}

static void *follow(void *context) {
  vpfi_crew *crew = context;
  const size_t thread = atomic_fetch_add(&crew->numbers, 1) + 1;
  unsigned seen = 0;
  while (await_call(crew, thread, &seen)) {
    atomic_fetch_add(&crew->members_inside, 1);
    if (atomic_load(&crew->call) == seen) take_pieces(crew, thread); /* else it was closed in between */
    atomic_fetch_sub(&crew->members_inside, 1);
  }
  return NULL;
}

/* The leader waits for the last pieces, and for who is still inside: usually briefly, so it spins first and then lets
 * others run. */
static void until_equal(atomic_size_t *value, size_t wanted) {
  for (int spin = 0; atomic_load(value) != wanted; spin++) {
    if (spin < MOST_SPINS)
      spin_once();
    else
      sched_yield();
  }
}

/* count * part / parts, without overflow. */
static size_t boundary(size_t count, size_t part, size_t parts) {
  return count / parts * part + count % parts * part / parts;
}

/* Small enough that nobody waits long for the last piece, large enough that taking one is cheap. */
static size_t piece_of(size_t count, size_t threads) {
  return count / (32 * threads) > 0 ? count / (32 * threads) : 1;
}

/* ---- The leader ---- */

/* Enough for what the library does, and little enough for many threads in a small address space. */
enum { STACK_BYTES = 1 << 20 };

/* Start a member; false if the system does not let us. It leaves signals to the program's own threads. */
static bool start_one(vpfi_crew *crew, pthread_t *thread) {
  pthread_attr_t attributes;
  sigset_t all, before;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setstacksize(&attributes, STACK_BYTES); /* if that fails, the system's own size is fine */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(thread, &attributes, follow, crew);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return error == 0;
}

/* Start the members, as many as can be had. */
static void start_members(vpfi_crew *crew, size_t threads) {
  crew->started = true;
  while (crew->threads < threads && start_one(crew, &crew->member[crew->threads - 1])) crew->threads++;
}

static void set_working(vpfi_crew *crew, size_t working) {
  if (working == atomic_load(&crew->working)) return;
  pthread_mutex_lock(&crew->mutex);
  atomic_store(&crew->working, working);
  pthread_cond_broadcast(&crew->needed);
  pthread_mutex_unlock(&crew->mutex);
}

static void dismiss(vpfi_crew *crew) {
  if (crew->threads == 1) return;
  atomic_store(&crew->dismissed, true);
  announce(crew, atomic_load(&crew->call) + 1);
  pthread_mutex_lock(&crew->mutex);
  pthread_cond_broadcast(&crew->needed);
  pthread_mutex_unlock(&crew->mutex);
  for (size_t m = 0; m < crew->threads - 1; m++) pthread_join(crew->member[m], NULL);
}

/* Work on items first .. count-1 together. */
static void lead(vpfi_crew *crew, size_t first, size_t count, vpfi_range_fn work, void *context) {
  const size_t working = atomic_load(&crew->working), left = count - first;
  crew->work = work;
  crew->context = context;
  crew->n_shares = working < MOST_SHARES ? working : MOST_SHARES;
  crew->piece = piece_of(left, working);
  for (size_t t = 0; t < crew->n_shares; t++) {
    atomic_store(&crew->shares[t].next, first + boundary(left, t, crew->n_shares));
    crew->shares[t].end = first + boundary(left, t + 1, crew->n_shares);
  }
  atomic_store(&crew->done, 0);
  const unsigned call = atomic_load(&crew->call);
  announce(crew, call + 1);
  take_pieces(crew, 0);
  until_equal(&crew->done, left);
  atomic_store(&crew->call, call + 2);
  until_equal(&crew->members_inside, 0);
}

/* What is done in this time is not worth starting threads for: seconds. */
static const double SOON_DONE = 1e-4;

/* Work alone, on one piece after another, until all is done or it is no longer soon done; returns where that was. *alone:
 * seconds of such work so far. All of a team, and two items, which may be long ones, begin together. */
static size_t begin_alone(const vpfi_team *team, double *alone, size_t count, vpfi_range_fn work, void *context) {
  if (team->all || count == 2) return 0;
  const size_t piece = piece_of(count, team->threads);
  size_t at = 0;
  for (double now = vpfi_now(); at < count && *alone < SOON_DONE;) {
    const size_t end = count - at < piece ? count : at + piece;
    work(context, at, end, 0);
    at = end;
    const double then = now;
    now = vpfi_now();
    *alone += now - then;
  }
  return at;
}

/* How many threads are to work now. */
static size_t working_now(const vpfi_team *team) {
  const bool paced = !team->all && team->pace.choices > 0 && !team->pace.paused;
  return paced ? vpfi_pace_threads(&team->pace) : team->threads;
}

/* Items first .. count-1, by as many of the threads that there are as are to work now. */
static void work_together(vpfi_team *team, size_t first, size_t count, vpfi_range_fn work, void *context) {
  vpfi_crew *crew = team->crew;
  const size_t wanted = working_now(team), working = wanted < crew->threads ? wanted : crew->threads;
  if (working == 1 || count - first == 1) {
    work(context, first, count, 0);
    return;
  }
  set_working(crew, working);
  lead(crew, first, count, work, context);
}

/* One job of many. */
static void work_with_crew(vpfi_team *team, size_t count, vpfi_range_fn work, void *context) {
  vpfi_crew *crew = team->crew;
  size_t first = 0;
  if (!crew->started && working_now(team) > 1) {
    first = begin_alone(team, &crew->alone, count, work, context);
    if (first == count) return;
    start_members(crew, team->threads);
  }
  work_together(team, first, count, work, context);
}

typedef struct single_job {
  vpfi_team *team;
  size_t threads, first, count;
  vpfi_range_fn work;
  void *context;
} single_job;

static void do_single_job(void *context) {
  const single_job *job = context;
  start_members(job->team->crew, job->threads);
  work_together(job->team, job->first, job->count, job->work, job->context);
}

/* How many threads are worth starting for a job of which `first` items took `alone` seconds: one for each SOON_DONE that is
 * left. Starting one takes some tens of microseconds. */
static size_t worth_starting(const vpfi_team *team, double alone, size_t first, size_t count) {
  if (first == 0) return team->threads;
  const double more = alone * ((double)(count - first) / (double)first) / SOON_DONE;
  return more < (double)(team->threads - 1) ? 2 + (size_t)more : team->threads;
}

/* The only job: there is no crew unless it turns out to be long. */
static void work_once(vpfi_team *team, size_t count, vpfi_range_fn work, void *context) {
  double alone = 0;
  const size_t first = begin_alone(team, &alone, count, work, context);
  if (count - first == 1) work(context, first, count, 0);
  if (count - first <= 1) return;
  single_job job = {team, worth_starting(team, alone, first, count), first, count, work, context};
  vpfi_team_assemble(team, do_single_job, &job);
}

/* ---- The team ---- */

vpfi_team vpfi_team_of(size_t wanted) {
  return (vpfi_team){.threads = vpfi_thread_count(wanted), .all = wanted > 0 || vpfi_threads_set() > 0};
}

void vpfi_team_for(vpfi_team *team, size_t count, vpfi_range_fn work, void *context) {
  if (count == 0) return;
  if (team->threads <= 1 || count == 1) {
    work(context, 0, count, 0);
  } else if (team->crew) {
    work_with_crew(team, count, work, context);
  } else {
    work_once(team, count, work, context);
  }
}

void vpfi_parallel_for(size_t count, size_t threads, vpfi_range_fn work, void *context) {
  vpfi_team team = {.threads = threads < count ? threads : count, .all = vpfi_threads_set() > 0};
  vpfi_team_for(&team, count, work, context);
}

void vpfi_team_assemble(vpfi_team *team, void (*leader)(void *context), void *context) {
  assert(!team->crew);
  vpfi_crew crew = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                    .called = PTHREAD_COND_INITIALIZER,
                    .needed = PTHREAD_COND_INITIALIZER,
                    .working = 1,
                    .threads = 1};
  team->crew = &crew;
  leader(context);
  dismiss(&crew);
  team->crew = NULL;
}

void vpfi_team_lap(vpfi_team *team, double work) {
  if (team->all || team->threads <= 1) return;
  const double now = vpfi_now();
  if (team->pace.choices == 0) vpfi_pace_begin(&team->pace, team->threads);
  vpfi_pace_lap(&team->pace, work, now);
}

void vpfi_team_pause(vpfi_team *team) {
  vpfi_pace_pause(&team->pace);
}
