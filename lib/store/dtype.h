/* SPDX-License-Identifier: MIT */
/* The element types of tensors, and their bytes in a file. */
#ifndef VPFI_STORE_DTYPE_H
#define VPFI_STORE_DTYPE_H

#include <stdbool.h>
#include <stddef.h>

#include "num/tensor.h"

size_t vpfi_dtype_size(vpfi_dtype dtype);      /* bytes in an element, at most 8 */
const char *vpfi_dtype_name(vpfi_dtype dtype); /* as safetensors spells it: "F32" */
bool vpfi_dtype_parse(const char *name, vpfi_dtype *out);

/* From elements in this processor's byte order to little-endian bytes and back; decoding works in place. */
void vpfi_dtype_encode(vpfi_dtype dtype, unsigned char *out, const void *elements, size_t count);
void vpfi_dtype_decode(vpfi_dtype dtype, void *elements, size_t count);

#endif
