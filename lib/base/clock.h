/* SPDX-License-Identifier: MIT */
#ifndef VPFI_BASE_CLOCK_H
#define VPFI_BASE_CLOCK_H

/* Seconds since some moment, by a clock that nobody sets. No result depends on it, only progress and the number of
 * threads. */
double vpfi_now(void);

#endif
