/* SPDX-License-Identifier: MIT */
#include "store/dtype.h"

#include <stdint.h>
#include <string.h>

/* Byte order is handled by shifts, which mean the same on every processor, so there is no second path
 * for big-endian ones that nobody runs. Compilers turn each shift loop into a single move. */

static const struct {
  const char *name;
  size_t size;
} dtypes[] = {
    [VPFI_DTYPE_U8] = {"U8", 1},
    [VPFI_DTYPE_F32] = {"F32", 4},
    [VPFI_DTYPE_F64] = {"F64", 8},
    [VPFI_DTYPE_U64] = {"U64", 8},
};
enum { N_DTYPES = sizeof dtypes / sizeof dtypes[0] };

size_t vpfi_dtype_size(vpfi_dtype dtype) {
  return dtypes[dtype].size;
}

const char *vpfi_dtype_name(vpfi_dtype dtype) {
  return dtypes[dtype].name;
}

bool vpfi_dtype_parse(const char *name, vpfi_dtype *out) {
  for (size_t k = 0; k < N_DTYPES; k++) {
    if (strcmp(name, dtypes[k].name) != 0) continue;
    *out = (vpfi_dtype)k;
    return true;
  }
  return false;
}

static void encode4(unsigned char *out, const unsigned char *elements, size_t count) {
  for (size_t k = 0; k < 4 * count; k += 4) {
    uint32_t word;
    memcpy(&word, elements + k, 4);
    for (unsigned b = 0; b < 4; b++) out[k + b] = (unsigned char)(word >> 8 * b);
  }
}

static void encode8(unsigned char *out, const unsigned char *elements, size_t count) {
  for (size_t k = 0; k < 8 * count; k += 8) {
    uint64_t word;
    memcpy(&word, elements + k, 8);
    for (unsigned b = 0; b < 8; b++) out[k + b] = (unsigned char)(word >> 8 * b);
  }
}

void vpfi_dtype_encode(vpfi_dtype dtype, unsigned char *out, const void *elements, size_t count) {
  switch (vpfi_dtype_size(dtype)) {
    case 4: encode4(out, elements, count); return;
    case 8: encode8(out, elements, count); return;
    default: memcpy(out, elements, count); return;
  }
}

static void decode4(unsigned char *elements, size_t count) {
  for (size_t k = 0; k < 4 * count; k += 4) {
    uint32_t word = 0;
    for (unsigned b = 0; b < 4; b++) word |= (uint32_t)elements[k + b] << 8 * b;
    memcpy(elements + k, &word, 4);
  }
}

static void decode8(unsigned char *elements, size_t count) {
  for (size_t k = 0; k < 8 * count; k += 8) {
    uint64_t word = 0;
    for (unsigned b = 0; b < 8; b++) word |= (uint64_t)elements[k + b] << 8 * b;
    memcpy(elements + k, &word, 8);
  }
}

void vpfi_dtype_decode(vpfi_dtype dtype, void *elements, size_t count) {
  switch (vpfi_dtype_size(dtype)) {
    case 4: decode4(elements, count); return;
    case 8: decode8(elements, count); return;
    default: return;
  }
}
