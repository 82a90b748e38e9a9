/* SPDX-License-Identifier: MIT */
#include "stop_signal.h"

#include <stdbool.h>
#include <stddef.h>

enum { SIGNALS = 3 };
static const int numbers[SIGNALS] = {SIGINT, SIGTERM, SIGHUP};

volatile sig_atomic_t stop_signal = 0;
static volatile sig_atomic_t is_caught[SIGNALS]; /* by this program: not ignored from its beginning on */

static void set_action(int number, void (*handler)(int)) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, NULL);
}

static bool has_action(int number, void (*handler)(int)) {
  struct sigaction now;
  return !sigaction(number, NULL, &now) && now.sa_handler == handler;
}

static void ask_to_stop(int number) {
  if (!stop_signal) stop_signal = number;
  for (int k = 0; k < SIGNALS; k++)
    if (is_caught[k] && numbers[k] != SIGHUP) signal(numbers[k], SIG_DFL);
}

void catch_stop_signals(void) {
  for (int k = 0; k < SIGNALS; k++)
    if (has_action(numbers[k], SIG_DFL)) {
      is_caught[k] = 1;
      set_action(numbers[k], ask_to_stop);
    }
}

const char *stop_signal_name(void) {
  return stop_signal == SIGINT ? "Ctrl-C" : stop_signal == SIGTERM ? "SIGTERM" : "SIGHUP";
}

/* ---- Waiting until a file is written ---- */

static int holds = 0;
static volatile sig_atomic_t is_held[SIGNALS];
static volatile sig_atomic_t waiting = 0; /* the signal that came meanwhile */

static void make_wait(int number) {
  waiting = number;
  for (int k = 0; k < SIGNALS; k++)
    if (is_held[k]) signal(numbers[k], SIG_DFL);
}

void hold_stop_signals(void) {
  if (holds++) return;
  for (int k = 0; k < SIGNALS; k++) {
    is_held[k] = has_action(numbers[k], SIG_DFL);
    if (is_held[k]) set_action(numbers[k], make_wait);
  }
}

void release_stop_signals(void) {
  if (--holds) return;
  for (int k = 0; k < SIGNALS; k++)
    if (is_held[k]) set_action(numbers[k], SIG_DFL);
  if (waiting) raise(waiting);
}
