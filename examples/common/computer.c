/* SPDX-License-Identifier: MIT */
#include "computer.h"

#include <stdio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

const char *computer_text(char text[COMPUTER_SIZE]) {
  struct utsname system;
  if (uname(&system) < 0)
    snprintf(text, COMPUTER_SIZE, "unknown");
  else
    snprintf(text, COMPUTER_SIZE, "%.64s %.64s, %ld processors", system.sysname, system.machine,
             sysconf(_SC_NPROCESSORS_ONLN));
  return text;
}

const char *date_text(char text[DATE_SIZE]) {
  const time_t now = time(NULL);
  struct tm utc;
  *text = '\0';
  if (gmtime_r(&now, &utc)) strftime(text, DATE_SIZE, "%Y-%m-%d %H:%M UTC", &utc);
  return text;
}
