/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <assert.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the C locale from here on, until leave_c(): a program may have called setlocale() or uselocale(). That locale is
 * static in the C libraries of Linux: newlocale() allocates nothing for it, and freelocale() lets it be. Where it cannot be
 * had, the program's own is better than no text. */
typedef struct c_locale {
  locale_t plain, before;
} c_locale;

static c_locale enter_c(void) {
  const locale_t none = (locale_t)0;
  c_locale c = {newlocale(LC_ALL_MASK, "C", none), none};
  if (c.plain != none) c.before = uselocale(c.plain);
  return c;
}

static void leave_c(c_locale c) {
  if (c.before != (locale_t)0) uselocale(c.before);
  if (c.plain != (locale_t)0) freelocale(c.plain);
}

void vpfi_text_format(char *text, size_t size, const char *format, va_list arguments) {
  const c_locale c = enter_c();
  vsnprintf(text, size, format, arguments);
  leave_c(c);
}

/* With the fewest digits, from `least` on, that tell a value from all others of its type. */
static vpfi_number number_of(double value, bool is_float, int least, int most) {
  vpfi_number number;
  const c_locale c = enter_c();
  for (int digits = least; digits <= most; digits++) {
    snprintf(number.text, sizeof number.text, "%.*g", digits, value);
    const double read = is_float ? (double)strtof(number.text, NULL) : strtod(number.text, NULL);
    if (memcmp(&read, &value, sizeof value) == 0) break;
  }
  leave_c(c);
  return number;
}

/* 17 digits tell all doubles apart, 9 all floats. At least 10 and 6, so that round numbers are written out. */
vpfi_number vpfi_number_of(double value) {
  return number_of(value, false, 10, 17);
}

vpfi_number vpfi_number_of_float(float value) {
  return number_of((double)value, true, 6, 9);
}

static bool continues(unsigned char byte) {
  return (byte & 0xc0) == 0x80;
}

int vpfi_text_fit(const char *text, int most) {
  int length = (int)strnlen(text, (size_t)most + 1);
  if (length <= most) return length;
  length = most;
  while (length > 0 && continues((unsigned char)text[length])) length--;
  /* what has more than three of them in a row is not UTF-8: then anywhere will do */
  return length > 0 && most - length < 4 ? length : most;
}

int vpfi_text_fit_path(const char *path) {
  return vpfi_text_fit(path, 300);
}

/* Bytes of the character of UTF-8 (RFC 3629) that begins here; 0: none does. */
static size_t character_length(const unsigned char *c) {
  const size_t length = c[0] < 0x80                   ? 1
                        : c[0] >= 0xc2 && c[0] < 0xe0 ? 2
                        : c[0] >= 0xe0 && c[0] < 0xf0 ? 3
                        : c[0] >= 0xf0 && c[0] < 0xf5 ? 4
                                                      : 0;
  for (size_t k = 1; k < length; k++)
    if (!continues(c[k])) return 0;
  const bool too_long = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
  const bool no_character = (c[0] == 0xed && c[1] >= 0xa0) || (c[0] == 0xf4 && c[1] >= 0x90);
  return too_long || no_character ? 0 : length;
}

/* C0 and DEL, C1 (U+0080 to U+009F), and the separators of lines and paragraphs (U+2028, U+2029). */
static bool is_control(const unsigned char *c) {
  return c[0] < 0x20 || c[0] == 0x7f || (c[0] == 0xc2 && c[1] < 0xa0) ||
         (c[0] == 0xe2 && c[1] == 0x80 && (c[2] == 0xa8 || c[2] == 0xa9));
}

/* How a byte is written; returns the length. */
static size_t escape(char written[5], unsigned char byte) {
  static const char named[] = "\n\t\r", names[] = "ntr";
  const char *which = strchr(named, byte);
  return (size_t)(which ? snprintf(written, 5, "\\%c", names[which - named]) : snprintf(written, 5, "\\x%02x", byte));
}

void vpfi_text_line(char *line, size_t size, const char *text) {
  assert(size > 0);
  const unsigned char *c = (const unsigned char *)text;
  size_t used = 0;
  while (*c) {
    char written[5];
    const size_t whole = character_length(c);
    const bool shown = whole > 0 && !is_control(c);
    const size_t takes = shown ? whole : 1, length = shown ? whole : escape(written, *c);
    if (used + length >= size) break;
    memcpy(line + used, shown ? (const char *)c : written, length);
    used += length;
    c += takes;
  }
  line[used] = '\0';
}
