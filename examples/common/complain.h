/* SPDX-License-Identifier: MIT */
/* Errors, on stderr, one line each, after the name of the program (program.h); exit statuses. */
#ifndef EXAMPLE_COMPLAIN_H
#define EXAMPLE_COMPLAIN_H

#include <vpf/status.h>

enum { EXIT_RUNTIME = 1, EXIT_USAGE = 2, EXIT_SIGNAL = 128 };

/* Print "<program>: <status>: <the library's message>" if status is a failure; returns it, so
 * that a checked call is one expression: s = complain(vpf_model_init(model, 1)). */
vpf_status complain(vpf_status status);

/* The same for a failure outside the library; the message is the caller's. */
vpf_status complain_because(vpf_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "<program>: input or output failed: cannot <do> <path>: <reason of errno>"; VPF_ERR_IO. */
vpf_status complain_io(const char *what, const char *path);

/* "<program>: --option value: <what is allowed> (see --help)"; value may be NULL. EXIT_USAGE. */
int complain_option(const char *option, const char *value, const char *allowed, ...)
    __attribute__((format(printf, 3, 4)));

#endif
