/* SPDX-License-Identifier: MIT */
/* Structs in the caller's memory: settings that it gives and reports that it gets. They begin with size_t
 * struct_size, which the caller sets to the sizeof it was compiled with, and new fields are added at their end. */
#ifndef VPFI_API_STRUCTS_H
#define VPFI_API_STRUCTS_H

#include <stddef.h>
#include <vpf/status.h>

/* The size of a struct up to and including this field: what it was when `last` was the last one. */
#define VPFI_SIZE_TO(type, last) (offsetof(type, last) + sizeof(((type *)0)->last))

/* VPF_ERR_ARGUMENT if out is NULL or smaller than `least`, its size when first released. */
vpf_status vpfi_check_report(const char *function, const void *out, size_t least);

/* Copy as many fields of a report of `size` bytes as out has room for, leaving its struct_size alone. */
void vpfi_return_report(void *out, const void *report, size_t size);

/* Copy the caller's fields over the defaults in settings, which has `size` bytes. VPF_ERR_ARGUMENT if the caller has
 * fewer than `least` bytes, or sets a field that this library does not know. */
vpf_status vpfi_read_settings(const char *function, void *settings, size_t size, const void *given, size_t least);

#endif
