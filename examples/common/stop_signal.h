/* SPDX-License-Identifier: MIT */
/* Signals that ask a program to end: Ctrl-C (SIGINT), SIGTERM, and SIGHUP, which comes when a terminal or connection is
 * closed. One that was ignored when the program began, as nohup does with SIGHUP, stays ignored. */
#ifndef EXAMPLE_STOP_SIGNAL_H
#define EXAMPLE_STOP_SIGNAL_H

#include <signal.h>

/* The number of the first of them that has come, else 0. */
extern volatile sig_atomic_t stop_signal;

/* The first signal sets stop_signal; the next one ends the program at once. Only SIGHUP does not: closing a terminal
 * sends it more than once, and what is then being saved should be. */
void catch_stop_signals(void);

/* "Ctrl-C", "SIGTERM" or "SIGHUP". */
const char *stop_signal_name(void);

/* Between these two a signal that would end the program waits, so that no half-written file is left behind; a second
 * one does not wait. Calls may be nested. Signals that are caught or ignored at the first call are let alone. */
void hold_stop_signals(void);
void release_stop_signals(void);

#endif
