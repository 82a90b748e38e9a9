/* SPDX-License-Identifier: MIT */
/* Text for people: numbers with a decimal point wherever the program runs, and one line whatever a path holds. */
#ifndef VPFI_BASE_TEXT_H
#define VPFI_BASE_TEXT_H

#include <stdarg.h>
#include <stddef.h>

/* vsnprintf() in the C locale: a program may have called setlocale() or uselocale(). text: [size]. */
void vpfi_text_format(char *text, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/* How many bytes to show of a text of which at most `most` fit: no character of UTF-8 is cut in two. For "%.*s". */
int vpfi_text_fit(const char *text, int most);

/* The same for a path, of which a message shows the first 300 bytes. */
int vpfi_text_fit_path(const char *path);

/* Copy a text as one line that any terminal shows as it is: \n, \t, \r, and \xHH for each byte of other control
 * characters, of line separators and of what is not UTF-8; all else is untouched. What does not fit is cut off between
 * characters. line: [size], size at least 1. */
void vpfi_text_line(char *line, size_t size, const char *text);

/* A number in a message with as many digits as tell it from all others, so that it can stand beside a limit that it is
 * next to: vpfi_fail(..., "%s is above 1", vpfi_number_of(value).text). The text lasts until the statement ends. */
typedef struct vpfi_number {
  char text[32];
} vpfi_number;

vpfi_number vpfi_number_of(double value);
vpfi_number vpfi_number_of_float(float value); /* from all other floats */

#endif
