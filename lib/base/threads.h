/* SPDX-License-Identifier: MIT */
/* The only file that knows OpenMP. */
#ifndef VPFI_BASE_THREADS_H
#define VPFI_BASE_THREADS_H

#include <stddef.h>

/* How many threads to use when `wanted` were asked for: 0 means the caller's OpenMP setting; one
 * inside a parallel region of the caller, and in a build without OpenMP. At least 1. */
size_t vpfi_thread_count(size_t wanted);

/* Work on items begin .. end-1; thread is 0 .. threads-1 and no two calls with the same number
 * run at once, so it may index scratch memory. Must not fail: record failures in the context. */
typedef void (*vpfi_range_fn)(void *context, size_t begin, size_t end, size_t thread);

/* Split 0 .. count-1 into at most `threads` consecutive ranges, run them, and wait for all. */
void vpfi_parallel_for(size_t count, size_t threads, vpfi_range_fn work, void *context);

#endif
