/* SPDX-License-Identifier: MIT */
/* The text of this thread's last failure. */
#ifndef VPFI_BASE_ERROR_H
#define VPFI_BASE_ERROR_H

#include <stddef.h>
#include <vpf/status.h>

#include "base/text.h"

/* Set the text (giving the value and the limit) and return the status, so that a failing check is one statement:
 * return vpfi_fail(VPF_ERR_SHAPE, "data has %zu columns, ...", ...). It becomes one line whatever is in a path, with
 * numbers as in the C locale. */
vpf_status vpfi_fail(vpf_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Likewise for a failed system call: VPF_ERR_IO, "<doing> <path>: <what errno means>". */
vpf_status vpfi_fail_io(const char *doing, const char *path, int errno_value);

/* VPF_ERR_OVERFLOW: the parameters are finite, but sums of them in float need not be. */
vpf_status vpfi_fail_overflow(const char *function, const char *what, double value);

/* The same unless a value of each row is finite; the text names the first that is not. values: [rows]. */
vpf_status vpfi_check_rows_finite(const char *function, const char *what, const double *values, size_t rows);

const char *vpfi_error_text(void);

#endif
