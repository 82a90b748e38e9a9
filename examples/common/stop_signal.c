/* SPDX-License-Identifier: MIT */
#include "stop_signal.h"

#include <stddef.h>

volatile sig_atomic_t stop_signal = 0;

static void ask_to_stop(int number) {
  stop_signal = number;
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
}

/* Also where SIGINT was ignored, as in a background job of a script: whoever sends it means it. */
void catch_stop_signals(void) {
  struct sigaction action = {.sa_handler = ask_to_stop};
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

const char *stop_signal_name(void) {
  return stop_signal == SIGINT ? "Ctrl-C" : "SIGTERM";
}
