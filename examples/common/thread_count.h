/* SPDX-License-Identifier: MIT */
/* How many threads the library uses outside training: what OpenMP is set to in the caller. */
#ifndef EXAMPLE_THREAD_COUNT_H
#define EXAMPLE_THREAD_COUNT_H

#include <stddef.h>

/* 0 leaves OpenMP its choice. Does nothing in a build without OpenMP, which has one thread. */
void use_threads(size_t threads);

#endif
