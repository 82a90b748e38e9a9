/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "program.h"

/* "allowed are --data, --help" into text, cut to size; returns text. */
static const char *list_options(const struct option *known, char *text, size_t size) {
  size_t used = (size_t)snprintf(text, size, "allowed are ");
  for (const struct option *o = known; o->name && used < size; o++)
    used += (size_t)snprintf(text + used, size - used, "%s--%s", o == known ? "" : ", ", o->name);
  return text;
}

int options_help(const char *text) {
  printf("Usage: %s %s", program_name, text);
  return EXIT_SUCCESS;
}

int options_parse(int argc, char **argv, const struct option *known, option_fn take, void *options,
                  const char **operand) {
  char allowed[512];
  int key;

  list_options(known, allowed, sizeof allowed);
  opterr = 0; /* the messages are ours */
  while ((key = getopt_long(argc, argv, ":h", known, NULL)) != -1) {
    if (key == ':') return complain_option(argv[optind - 1], NULL, "needs a value");
    if (key == '?') return complain_option(argv[optind - 1], NULL, "%s", allowed);
    if (key == OPTION_VERSION) return program_version();
    const int result = take(options, key, optarg);
    if (result != OPTIONS_COMPLETE) return result;
  }
  if (operand && optind < argc) *operand = argv[optind++];
  if (optind < argc) return complain_option(argv[optind], NULL, "is not an option; %s", allowed);
  return OPTIONS_COMPLETE;
}

bool read_integer(const char **text, uint64_t low, uint64_t high, uint64_t *out) {
  if (**text < '0' || **text > '9') return false;
  char *end;
  errno = 0;
  const unsigned long long value = strtoull(*text, &end, 10);
  if (errno || value < low || value > high) return false;
  *text = end;
  *out = value;
  return true;
}

int option_integer(uint64_t *out, const char *option, const char *value, uint64_t low, uint64_t high) {
  const char *rest = value;
  if (read_integer(&rest, low, high, out) && !*rest) return OPTIONS_COMPLETE;
  return complain_option(option, value, "must be an integer from %llu to %llu", (unsigned long long)low,
                         (unsigned long long)high);
}

int option_size(size_t *out, const char *option, const char *value, uint64_t low, uint64_t high) {
  uint64_t number = 0;
  const int result = option_integer(&number, option, value, low, high);
  *out = (size_t)number;
  return result;
}

int option_sizes(size_t *out, size_t most, size_t *count, const char *option, const char *value, uint64_t low,
                 uint64_t high) {
  const char *rest = value;
  uint64_t number;
  *count = 0;
  while (*count < most && read_integer(&rest, low, high, &number)) {
    out[(*count)++] = (size_t)number;
    if (!*rest) return OPTIONS_COMPLETE;
    if (*rest != ',') break;
    rest++;
  }
  return complain_option(option, value, "must be an integer from %llu to %llu, or up to %zu of them joined by commas",
                         (unsigned long long)low, (unsigned long long)high, most);
}

int option_number(double *out, const char *option, const char *value, double low, double high) {
  char *end;
  errno = 0;
  *out = strtod(value, &end);
  /* strtod would also take blanks, inf, nan and hexadecimal numbers */
  const bool plain = strspn(value, "0123456789.eE+-") == strlen(value);
  if (plain && end != value && !*end && !errno && *out >= low && *out <= high) return OPTIONS_COMPLETE;
  return complain_option(option, value, "must be a number from %g to %g", low, high);
}

int option_choice(const char **out, const char *option, const char *value, const char *const *choices,
                  const char *allowed) {
  for (*out = value; *choices; choices++)
    if (!strcmp(value, *choices)) return OPTIONS_COMPLETE;
  return complain_option(option, value, "must be %s", allowed);
}

/* "vpf, cd or pcd" */
static void list_names(char *text, size_t room, const char *(*name_of)(int)) {
  size_t used = 0;
  for (int k = 0; name_of(k) && used < room; k++) {
    const char *before = k == 0 ? "" : name_of(k + 1) ? ", " : " or ";
    used += (size_t)snprintf(text + used, room - used, "%s%s", before, name_of(k));
  }
}

int option_name(int *out, const char *option, const char *value, const char *(*name_of)(int)) {
  for (*out = 0; name_of(*out); ++*out)
    if (!strcmp(value, name_of(*out))) return OPTIONS_COMPLETE;
  char allowed[256] = "";
  list_names(allowed, sizeof allowed, name_of);
  return complain_option(option, value, "must be %s", allowed);
}

int option_path(const char **out, const char *option, const char *value, const char *what) {
  *out = value;
  return *value ? OPTIONS_COMPLETE : complain_option(option, "''", "must be the name of %s", what);
}
