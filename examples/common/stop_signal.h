/* SPDX-License-Identifier: MIT */
/* Ctrl-C asks long work to end in good order. */
#ifndef EXAMPLE_STOP_SIGNAL_H
#define EXAMPLE_STOP_SIGNAL_H

#include <signal.h>

/* SIGINT or SIGTERM once one of them has come, else 0. */
extern volatile sig_atomic_t stop_signal;

/* The first signal sets stop_signal; the next one, of either kind, kills as usual. */
void catch_stop_signals(void);

/* "Ctrl-C" or "SIGTERM". */
const char *stop_signal_name(void);

#endif
