/* SPDX-License-Identifier: MIT */
/* The text of this thread's last failure. */
#ifndef VPFI_BASE_ERROR_H
#define VPFI_BASE_ERROR_H

#include <vpf/status.h>

/* Set the text (one line: the value and the limit) and return the status, so that a failing
 * check is one statement: return vpfi_fail(VPF_ERR_SHAPE, "data has %zu columns, ...", ...). */
vpf_status vpfi_fail(vpf_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for a failed system call: "<doing> <path>: <reason of errno>", VPF_ERR_IO. */
vpf_status vpfi_fail_io(const char *doing, const char *path, int errno_value);

/* VPF_ERR_OVERFLOW: parameters are finite, but their sums in float need not be. */
vpf_status vpfi_fail_overflow(const char *function, const char *what, double value);

const char *vpfi_error_text(void);

#endif
