/* SPDX-License-Identifier: MIT */
#include "base/forks.h"

#include <pthread.h>
#include <stdatomic.h>

static atomic_uint forks;
static pthread_once_t forks_are_counted = PTHREAD_ONCE_INIT;

static void count_fork(void) {
  atomic_fetch_add(&forks, 1);
}

static void count_forks(void) {
  pthread_atfork(NULL, NULL, count_fork);
}

unsigned vpfi_forks(void) {
  pthread_once(&forks_are_counted, count_forks);
  return atomic_load(&forks);
}
