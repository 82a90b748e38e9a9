/* SPDX-License-Identifier: MIT */
/* Structs in the caller's memory: settings that it gives, reports that it gets. They begin with
 * size_t struct_size, which the caller sets to the sizeof it was compiled with, and grow at their end. */
#ifndef VPFI_API_STRUCTS_H
#define VPFI_API_STRUCTS_H

#include <stddef.h>
#include <vpf/status.h>

/* The size of a struct that ends with this field: what it was when `last` was the last one. */
#define VPFI_SIZE_TO(type, last) (offsetof(type, last) + sizeof(((type *)0)->last))

/* VPF_ERR_ARGUMENT if out is NULL, or has less than `least`, its first released size. */
vpf_status vpfi_check_report(const char *function, const void *out, size_t least);

/* Copy the fields of a report of `size` bytes, as many as out has room for, and leave its struct_size. */
void vpfi_return_report(void *out, const void *report, size_t size);

/* Copy the fields that the caller has over the defaults in settings, of `size` bytes. VPF_ERR_ARGUMENT if there are
 * fewer than `least` bytes, or if a field is set that this library does not know. */
vpf_status vpfi_read_settings(const char *function, void *settings, size_t size, const void *given, size_t least);

#endif
