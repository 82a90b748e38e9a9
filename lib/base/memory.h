/* SPDX-License-Identifier: MIT */
/* Memory: every allocation of the library goes through here, and every n * m * sizeof is checked. */
#ifndef VPFI_BASE_MEMORY_H
#define VPFI_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <vpf/status.h>

/* Zeroed memory for count elements of size bytes, aligned to 64 bytes (a cache line, an AVX-512
 * register). A count of 0 gives a pointer that can be freed. NULL on overflow or when out of
 * memory: the error text is then already set, and the caller returns VPF_ERR_MEMORY. */
void *vpfi_alloc(size_t count, size_t size);

/* Accepts NULL. */
void vpfi_free(void *pointer);

/* The same in the form that zlib's allocator hooks take. */
void *vpfi_alloc_hook(void *opaque, unsigned count, unsigned size);
void vpfi_free_hook(void *opaque, void *pointer);

/* *out = a * b or a + b. False on overflow; *out is then untouched. */
bool vpfi_size_mul(size_t a, size_t b, size_t *out);
bool vpfi_size_add(size_t a, size_t b, size_t *out);

vpf_status vpfi_set_allocator(const vpf_allocator *allocator);

#endif
