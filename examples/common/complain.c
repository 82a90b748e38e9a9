/* SPDX-License-Identifier: MIT */
#include "complain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

/* Bytes of the control character that begins here, 0 if none does. Those above U+007F have two in UTF-8. */
static size_t control_length(const char *text) {
  const unsigned char *c = (const unsigned char *)text;
  if (c[0] < 0x20 || c[0] == 0x7f) return 1;
  return c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0 ? 2 : 0;
}

/* One line, whatever is in the text: control characters are shown as \n or \xHH. The library's messages are like that
 * already. Written in one piece, as other programs may write to the same place. */
static void print_line(const char *text) {
  char *line = malloc(4 * strlen(text) + 2), *end = line;
  if (!line) return;
  while (*text) {
    size_t escaped = control_length(text);
    if (!escaped) *end++ = *text++;
    for (; escaped > 0; escaped--, text++)
      end += *text == '\n' ? sprintf(end, "\\n") : sprintf(end, "\\x%02x", (unsigned)(unsigned char)*text);
  }
  strcpy(end, "\n");
  fputs(line, stderr);
  free(line);
}

/* "<program>: <before>: <message><after>" */
__attribute__((format(printf, 3, 0))) static void say(const char *before, const char *after, const char *format, va_list arguments) {
  char *text = NULL;
  size_t length;
  FILE *stream = open_memstream(&text, &length);
  if (!stream) { /* without memory, as well as it can be said */
    fprintf(stderr, "%s: %s%s\n", program_name, before, after);
    return;
  }
  fprintf(stream, "%s: %s: ", program_name, before);
  vfprintf(stream, format, arguments);
  fputs(after, stream);
  if (!fclose(stream)) print_line(text);
  free(text);
}

vpf_status complain(vpf_status status) {
  if (status) complain_because(status, "%s", vpf_error_message());
  return status;
}

vpf_status complain_because(vpf_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say(vpf_status_string(status), "", format, arguments);
  va_end(arguments);
  return status;
}

vpf_status complain_io(const char *what, const char *path) {
  return complain_because(VPF_ERR_IO, "cannot %s %s: %s", what, path, strerror(errno));
}

int complain_option(const char *option, const char *value, const char *allowed, ...) {
  va_list arguments;
  char *given = NULL;
  if (value && (given = malloc(strlen(option) + strlen(value) + 2))) sprintf(given, "%s %s", option, value);
  va_start(arguments, allowed);
  say(given ? given : option, " (see --help)", allowed, arguments);
  va_end(arguments);
  free(given);
  return EXIT_USAGE;
}
