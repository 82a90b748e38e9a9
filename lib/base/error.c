/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char error_text[512];

/* What would be cut off here is cut off by vpfi_text_line(), at the end of a character. */
vpf_status vpfi_fail(vpf_status status, const char *format, ...) {
  char text[2 * sizeof error_text];
  va_list arguments;
  va_start(arguments, format);
  vpfi_text_format(text, sizeof text, format, arguments);
  va_end(arguments);
  vpfi_text_line(error_text, sizeof error_text, text);
  return status;
}

vpf_status vpfi_fail_io(const char *doing, const char *path, int errno_value) {
  char reason[128];
  if (strerror_r(errno_value, reason, sizeof reason) != 0) snprintf(reason, sizeof reason, "error %d", errno_value);
  return vpfi_fail(VPF_ERR_IO, "%s %.*s: %s", doing, vpfi_text_fit_path(path), path, reason);
}

const char *vpfi_error_text(void) {
  return error_text;
}

vpf_status vpfi_fail_overflow(const char *function, const char *what, double value) {
  return vpfi_fail(VPF_ERR_OVERFLOW, "%s: the %s is %g; the parameters are too large", function, what, value);
}

vpf_status vpfi_check_rows_finite(const char *function, const char *what, const double *values, size_t rows) {
  for (size_t r = 0; r < rows; r++)
    if (!isfinite(values[r]))
      return vpfi_fail(VPF_ERR_OVERFLOW, "%s: the %s of row %zu is %g; the parameters are too large", function, what, r,
                       values[r]);
  return VPF_OK;
}
