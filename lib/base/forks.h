/* SPDX-License-Identifier: MIT */
#ifndef VPFI_BASE_FORKS_H
#define VPFI_BASE_FORKS_H

/* A number that is the same as before in the same process and another one in a child by fork(), where only one thread is
 * left of all that the parent had. */
unsigned vpfi_forks(void);

#endif
