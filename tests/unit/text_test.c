/* SPDX-License-Identifier: MIT */
/* Text for people is one line, is cut between characters, and has decimal points. */
#include "support/fixture.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

static void assert_line(const char *text, const char *wanted) {
  char line[64];
  vpfi_text_line(line, sizeof line, text);
  assert_string_equal(line, wanted);
}

static void what_is_printable_stays(void **state) {
  (void)state;
  assert_line("", "");
  assert_line("out/model.safetensors, 0.5 \\n", "out/model.safetensors, 0.5 \\n");
  assert_line("M\xc3\xa4rz \xe2\x82\xac \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x99\x82", /* 2, 3 and 4 bytes */
              "M\xc3\xa4rz \xe2\x82\xac \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x99\x82");
  assert_line("\xc2\xa0 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xf0\x90\x80\x80 \xf4\x8f\xbf\xbf",
              "\xc2\xa0 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xf0\x90\x80\x80 \xf4\x8f\xbf\xbf");
}

static void control_characters_are_escaped(void **state) {
  (void)state;
  assert_line("a\nb\r\tc", "a\\nb\\r\\tc");
  assert_line("\x1b[31m\x7f\x01", "\\x1b[31m\\x7f\\x01");
  assert_line("\xc2\x85 \xc2\x9b" "31m", "\\xc2\\x85 \\xc2\\x9b" "31m");      /* next line, and what begins a colour */
  assert_line("\xe2\x80\xa8\xe2\x80\xa9", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9");  /* line and paragraph separator */
}

static void what_is_not_utf8_is_escaped(void **state) {
  (void)state;
  assert_line("M\xe4rz", "M\\xe4rz");
  assert_line("\x80 \xc0\x80 \xc1\xbf", "\\x80 \\xc0\\x80 \\xc1\\xbf"); /* longer than need be */
  assert_line("\xe0\x9f\xbf \xed\xa0\x80", "\\xe0\\x9f\\xbf \\xed\\xa0\\x80"); /* the same, and half of a pair */
  assert_line("\xf0\x8f\xbf\xbf \xf4\x90\x80\x80", "\\xf0\\x8f\\xbf\\xbf \\xf4\\x90\\x80\\x80");
  assert_line("\xf5\x80\xff", "\\xf5\\x80\\xff");
  assert_line("\xe2\x82", "\\xe2\\x82"); /* ends too early */
}

/* Of every size, the line is the whole one's beginning, and ends with a whole character or escape. */
static void a_long_line_ends_between_characters(void **state) {
  (void)state;
  const char *const text = "ab\xc3\xa4\n\xf0\x9f\x99\x82\xff", *const whole = "ab\xc3\xa4\\n\xf0\x9f\x99\x82\\xff";
  const size_t ends[] = {0, 1, 2, 2, 4, 4, 6, 6, 6, 6, 10, 10, 10, 10, 14, 14};
  for (size_t most = 0; most < sizeof ends / sizeof *ends; most++) {
    char line[17];
    memset(line, '#', sizeof line);
    vpfi_text_line(line, most + 1, text);
    assert_int_equal(strlen(line), ends[most]);
    assert_memory_equal(line, whole, ends[most]);
    assert_int_equal(line[most + 1], '#');
  }
}

static void a_text_is_cut_between_characters(void **state) {
  (void)state;
  const char *const text = "ab\xc3\xa4\xf0\x9f\x99\x82z";
  const int fits[] = {0, 1, 2, 2, 4, 4, 4, 4, 8, 9, 9};
  for (int most = 0; most < (int)(sizeof fits / sizeof *fits); most++)
    assert_int_equal(vpfi_text_fit(text, most), fits[most]);
  assert_int_equal(vpfi_text_fit("", 3), 0);
  assert_int_equal(vpfi_text_fit("\x80\x80\x80\x80\x80\x80\x80", 5), 5); /* no character begins anywhere */
  assert_int_equal(vpfi_text_fit("\x80\x80\x80", 1), 1);
}

static void a_message_is_one_line_that_is_cut_between_characters(void **state) {
  (void)state;
  char path[2000];
  for (size_t k = 0; k + 3 < sizeof path; k += 3) memcpy(path + k, "\xe6\x97\xa5", 4); /* 300 is a multiple of 3 */
  assert_int_equal(vpfi_fail_io("opening", path + 2 * 0, 2), VPF_ERR_IO);
  assert_int_equal(strlen(vpfi_error_text()), strlen("opening : No such file or directory") + 300);
  path[0] = 'x', path[1] = 'y', path[2] = 'z', path[3] = '/'; /* the rest of a character is left */
  memmove(path + 4, path + 6, strlen(path + 6) + 1);
  vpfi_fail_io("opening", path, 2);
  assert_int_equal(strlen(vpfi_error_text()), strlen("opening : No such file or directory") + 4 + 294);
  assert_null(strstr(vpfi_error_text(), "\\x"));

  vpfi_fail(VPF_ERR_FORMAT, "%s", path);
  const size_t length = strlen(vpfi_error_text());
  assert_true(length > 505 && length < 512);
  assert_memory_equal(vpfi_error_text() + length - 3, "\xe6\x97\xa5", 3);
  vpfi_fail(VPF_ERR_FORMAT, "%s: %g", "two\nlines", 0.5);
  assert_string_equal(vpfi_error_text(), "two\\nlines: 0.5");
  vpfi_fail(VPF_ERR_FORMAT, "again: %s", vpfi_error_text()); /* which it is made from */
  assert_string_equal(vpfi_error_text(), "again: two\\nlines: 0.5");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_printable_stays),
      cmocka_unit_test(control_characters_are_escaped),
      cmocka_unit_test(what_is_not_utf8_is_escaped),
      cmocka_unit_test(a_long_line_ends_between_characters),
      cmocka_unit_test(a_text_is_cut_between_characters),
      cmocka_unit_test(a_message_is_one_line_that_is_cut_between_characters),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
