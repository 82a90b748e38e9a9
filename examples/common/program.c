/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <stdio.h>
#include <string.h>

static char name[256] = "example";
const char *const program_name = name;

void program_begin(const char *path, const char *command) {
  const char *slash = path ? strrchr(path, '/') : NULL;
  if (path) snprintf(name, sizeof name, "%s%s%s", slash ? slash + 1 : path, command ? " " : "", command ? command : "");
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
}
