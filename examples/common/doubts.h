/* SPDX-License-Identifier: MIT */
/* Doubts about an estimate of log Z, one by one; vpf_doubt_text() says each in words. */
#ifndef EXAMPLE_DOUBTS_H
#define EXAMPLE_DOUBTS_H

#include <vpf/likelihood.h>

/* Take one doubt out of a sum of them; 0 if none is left. */
vpf_doubt take_doubt(unsigned *doubts);

/* For files that programs read: "bound", "reverse", "ess", "spread"; "other" for one from a later release. */
const char *doubt_name(vpf_doubt doubt);

#endif
