/* SPDX-License-Identifier: MIT */
/* Scores that a machine does not have. */
#ifndef EXAMPLE_REFUSAL_H
#define EXAMPLE_REFUSAL_H

#include <stdbool.h>
#include <stddef.h>
#include <vpf/status.h>

/* Whether a status says that a machine has no such number (overflow: that of absurd parameters). */
bool is_refusal(vpf_status s);

/* A refusal is no failure: VPF_OK, and its message in reason, [size], unless that is NULL. Other failures are said. */
vpf_status unless_refused(vpf_status s, char *reason, size_t size);

#endif
