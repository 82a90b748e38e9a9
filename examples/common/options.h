/* SPDX-License-Identifier: MIT */
/* Command lines: the loop, the common kinds of values, and one way to complain about them. */
#ifndef EXAMPLE_OPTIONS_H
#define EXAMPLE_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Parsers return this, or the status to exit with: EXIT_USAGE after a mistake, which was then said
 * on stderr. */
enum { OPTIONS_COMPLETE = -1 };

/* The key of --version, which options_parse() answers by itself; each list of options has it beside --help. */
enum { OPTION_VERSION = 128 };

/* One option of the command line, with its value. */
typedef int (*option_fn)(void *options, int key, const char *value);

/* Print "Usage: <program> <text>" on stdout; returns EXIT_SUCCESS. */
int options_help(const char *text);

/* Hand each option to `take` until that, or a mistake, ends it. known: as of getopt_long(); -h is
 * handed on as 'h'. operand: where the one argument that is no option goes; NULL: there is none. */
int options_parse(int argc, char **argv, const struct option *known, option_fn take, void *options,
                  const char **operand);

int option_integer(uint64_t *out, const char *option, const char *value, uint64_t low, uint64_t high);
int option_size(size_t *out, const char *option, const char *value, uint64_t low, uint64_t high);

/* "1,3,5": at least one number and at most `most`; out: [most]. */
int option_sizes(size_t *out, size_t most, size_t *count, const char *option, const char *value, uint64_t low,
                 uint64_t high);

int option_number(double *out, const char *option, const char *value, double low, double high);

/* choices ends with NULL; allowed is the list in words. */
int option_choice(const char **out, const char *option, const char *value, const char *const *choices,
                  const char *allowed);

/* The number of a name, of which name_of(0), name_of(1), ... are all there are, until NULL. */
int option_name(int *out, const char *option, const char *value, const char *(*name_of)(int));

/* Not empty; what: "a folder" or "a file". */
int option_path(const char **out, const char *option, const char *value, const char *what);

/* A whole number from low to high that begins at *text; *text is moved behind it. Signs and
 * blanks, which strtoull would take, are refused. */
bool read_integer(const char **text, uint64_t low, uint64_t high, uint64_t *out);

#endif
