/* SPDX-License-Identifier: MIT */
#include "complain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "program.h"

vpf_status complain(vpf_status status) {
  if (status) fprintf(stderr, "%s: %s: %s\n", program_name, vpf_status_string(status), vpf_error_message());
  return status;
}

vpf_status complain_because(vpf_status status, const char *format, ...) {
  va_list arguments;
  fprintf(stderr, "%s: %s: ", program_name, vpf_status_string(status));
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  return status;
}

vpf_status complain_io(const char *what, const char *path) {
  return complain_because(VPF_ERR_IO, "cannot %s %s: %s", what, path, strerror(errno));
}

int complain_option(const char *option, const char *value, const char *allowed, ...) {
  va_list arguments;
  fprintf(stderr, "%s: %s%s%s: ", program_name, option, value ? " " : "", value ? value : "");
  va_start(arguments, allowed);
  vfprintf(stderr, allowed, arguments);
  va_end(arguments);
  fputs(" (see --help)\n", stderr);
  return EXIT_USAGE;
}
