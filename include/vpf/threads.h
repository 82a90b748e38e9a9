/* SPDX-License-Identifier: MIT */
/** @file threads.h
 *  How many threads the library works with. No result depends on it (docs/determinism.md).
 *
 *  By default as many threads work as pay off: one for what is done in a tenth of a millisecond, and in training the number
 *  with which a minibatch takes the least time; others are tried now and then, since that depends on what else the computer
 *  does. There are never more than the caller's OpenMP setting says (omp_set_num_threads(), or OMP_NUM_THREADS).
 *
 *  A number that is asked for, here or by VPF_OPTION_THREADS, is taken as it is. But never are there more threads than
 *  processors: those that the calling thread may run on (taskset, sched_setaffinity()), no more than the control group of the
 *  process has a quota for (containers); the environment variable VPF_PROCESSORS overrides both. Nor are there more than 512,
 *  and inside a parallel region of the caller there is always one.
 *
 *  Threads exist only while a function runs. docs/threads.md has the rest. */
#ifndef VPF_THREADS_H
#define VPF_THREADS_H

#include <stddef.h>
#include <vpf/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Set how many threads functions work with in this process, whichever thread calls them; training only where
 *  VPF_OPTION_THREADS is 0. Cannot fail; may be called at any time, and counts for calls that begin later. Since 1.0.
 *  @param threads  0: the default */
VPF_API void vpf_set_threads(size_t threads);

/** How many threads a call from here would work with at most. Cannot fail. Since 1.0. */
VPF_API size_t vpf_threads(void);

#ifdef __cplusplus
}
#endif
#endif
