/* SPDX-License-Identifier: MIT */
#include "base/threads.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

#ifdef _OPENMP
#include <omp.h>
#endif

size_t vpfi_thread_count(size_t wanted) {
#ifdef _OPENMP
  if (omp_in_parallel()) return 1;
  if (wanted > 0) return wanted;
  const int setting = omp_get_max_threads();
  return setting > 0 ? (size_t)setting : 1;
#else
  (void)wanted;
  return 1;
#endif
}

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
 * ever waits for a thread that has no processor. */
struct vpfi_crew {
  /* What members wait for shares a cache line with what they then read; what they write lies apart. Handing
   * such a line from one processor to a distant one takes as long as some hundred additions. */
  _Alignas(64) atomic_uint call;
  atomic_bool dismissed;
  vpfi_range_fn work;
  void *context;
  size_t piece, n_shares;

  _Alignas(64) atomic_uint members_inside;
  _Alignas(64) atomic_size_t done; /* items */
  share shares[MOST_SHARES];

  pthread_mutex_t mutex; /* for sleeping: guards `sleeping` and the change of call */
  pthread_cond_t changed;
  unsigned sleeping;
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
  if (crew->sleeping > 0) pthread_cond_broadcast(&crew->changed);
  pthread_mutex_unlock(&crew->mutex);
}

#ifdef _OPENMP
/* Wait for the next open job after `seen`; false when there will be no more. */
static bool await_call(vpfi_crew *crew, unsigned *seen) {
  for (int spin = 0; spin < MOST_SPINS; spin++) {
    const unsigned call = atomic_load(&crew->call);
    if (call != *seen && call % 2 == 1) return *seen = call, !atomic_load(&crew->dismissed);
    spin_once();
  }
  pthread_mutex_lock(&crew->mutex);
  crew->sleeping++;
  unsigned call = atomic_load(&crew->call);
  while (call == *seen || call % 2 == 0) {
    pthread_cond_wait(&crew->changed, &crew->mutex);
    call = atomic_load(&crew->call);
  }
  crew->sleeping--;
  pthread_mutex_unlock(&crew->mutex);
  *seen = call;
  return !atomic_load(&crew->dismissed);
}

static void follow(vpfi_crew *crew, size_t thread) {
  unsigned seen = 0;
  while (await_call(crew, &seen)) {
    atomic_fetch_add(&crew->members_inside, 1);
    if (atomic_load(&crew->call) == seen) take_pieces(crew, thread); /* else it was closed in between */
    atomic_fetch_sub(&crew->members_inside, 1);
  }
}
#endif

/* The leader waits for the last pieces: usually briefly, so it spins first and then lets others run. */
static void until_equal(atomic_size_t *value, size_t wanted) {
  for (int spin = 0; atomic_load(value) != wanted; spin++) {
    if (spin < MOST_SPINS)
      spin_once();
    else
      sched_yield();
  }
}

static void until_nobody_inside(vpfi_crew *crew) {
  for (int spin = 0; atomic_load(&crew->members_inside) != 0; spin++) {
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

static void lead(vpfi_crew *crew, size_t threads, size_t count, vpfi_range_fn work, void *context) {
  crew->work = work;
  crew->context = context;
  /* Small enough that nobody waits long for the last piece, large enough that taking one is cheap. */
  crew->piece = count / (32 * threads) > 0 ? count / (32 * threads) : 1;
  for (size_t t = 0; t < crew->n_shares; t++) {
    atomic_store(&crew->shares[t].next, boundary(count, t, crew->n_shares));
    crew->shares[t].end = boundary(count, t + 1, crew->n_shares);
  }
  atomic_store(&crew->done, 0);
  const unsigned call = atomic_load(&crew->call);
  announce(crew, call + 1);
  take_pieces(crew, 0);
  until_equal(&crew->done, count);
  atomic_store(&crew->call, call + 2);
  until_nobody_inside(crew);
}

typedef struct single_job {
  vpfi_team *team;
  size_t count;
  vpfi_range_fn work;
  void *context;
} single_job;

static void do_single_job(void *context) {
  const single_job *job = context;
  vpfi_team_for(job->team, job->count, job->work, job->context);
}

void vpfi_team_for(vpfi_team *team, size_t count, vpfi_range_fn work, void *context) {
  if (count == 0) return;
  if (team->threads <= 1 || count == 1) {
    work(context, 0, count, 0);
  } else if (team->crew) {
    lead(team->crew, team->threads, count, work, context);
  } else {
    single_job job = {team, count, work, context};
    vpfi_team_assemble(team, do_single_job, &job);
  }
}

void vpfi_parallel_for(size_t count, size_t threads, vpfi_range_fn work, void *context) {
  vpfi_team team = {.threads = threads < count ? threads : count};
  vpfi_team_for(&team, count, work, context);
}

#ifdef _OPENMP
/* A row of threads: each starts the next and waits for it to end, so that all of them exist at once. */
typedef struct row {
  size_t wanted, got;
} row;

static void *start_row(void *context) {
  row *this = context;
  if (this->wanted == 0) return NULL;
  row rest = {this->wanted - 1, 0};
  pthread_t next;
  if (pthread_create(&next, NULL, start_row, &rest) != 0) return NULL;
  pthread_join(next, NULL);
  this->got = 1 + rest.got;
  return NULL;
}

static _Thread_local size_t last_team; /* the size of the last OpenMP team that this thread had */

/* How many threads to ask OpenMP for: all, or just this one. OpenMP ends the process when it cannot create a thread (a
 * limit on processes or memory), so that is tried first, with one thread more than needed: the last to end may still
 * count. OpenMP keeps its threads for the next team, so only a larger team is tried: tens of microseconds a thread. */
static size_t team_to_be_had(size_t threads) {
  if (threads > last_team) {
    row others = {threads, 0};
    start_row(&others);
    if (others.got < threads) return 1;
  }
  return last_team = threads;
}
#endif

void vpfi_team_assemble(vpfi_team *team, void (*leader)(void *context), void *context) {
  assert(!team->crew);
#ifdef _OPENMP
  if (team->threads > 1) {
    vpfi_crew crew = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                      .changed = PTHREAD_COND_INITIALIZER,
                      .n_shares = team->threads < MOST_SHARES ? team->threads : MOST_SHARES};
    team->crew = &crew;
#pragma omp parallel num_threads((int)team_to_be_had(team->threads))
    {
      const int thread = omp_get_thread_num();
      if (thread == 0) {
        leader(context);
        atomic_store(&crew.dismissed, true);
        announce(&crew, atomic_load(&crew.call) + 1);
      } else {
        follow(&crew, (size_t)thread);
      }
    }
    team->crew = NULL;
    pthread_cond_destroy(&crew.changed);
    pthread_mutex_destroy(&crew.mutex);
    return;
  }
#else
  (void)team;
#endif
  leader(context);
}
