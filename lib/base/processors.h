/* SPDX-License-Identifier: MIT */
/* How many threads are worth having. */
#ifndef VPFI_BASE_PROCESSORS_H
#define VPFI_BASE_PROCESSORS_H

#include <stdbool.h>
#include <stddef.h>

/* Processors that the calling thread may use, at least 1: those that it may run on, no more than its control group has a
 * quota for; or what the environment variable VPF_PROCESSORS says. */
size_t vpfi_processors(void);

/* The quota for a process whose /proc/self/cgroup reads `groups`, in whole processors, with control groups mounted at
 * `root`; SIZE_MAX: none. */
size_t vpfi_quota(const char *root, const char *groups);

enum { VPFI_MOST_THREADS = 512 };

/* How many threads to use when `wanted` are asked for, 0 meaning the default: what vpf_set_threads() has set, or else the
 * caller's OpenMP setting. Never more than there are processors, nor than VPFI_MOST_THREADS; 1 inside a parallel region of
 * the caller; never less. */
size_t vpfi_thread_count(size_t wanted);

/* What vpf_set_threads() has set, 0 meaning nothing. */
void vpfi_set_threads(size_t threads);
size_t vpfi_threads_set(void);

#endif
