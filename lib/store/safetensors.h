/* SPDX-License-Identifier: MIT */
/* The safetensors container: an 8-byte little-endian header length, a JSON header, raw
 * little-endian tensors. What the tensors mean is of no concern here.
 *
 *   | header length | {"__metadata__":{"vpf_crc32":"........",..},"name":{..},..}    | tensors ..
 *   | 8 bytes       | JSON, padded with spaces so that the tensors begin at 8 k     | no gaps
 */
#ifndef VPFI_STORE_SAFETENSORS_H
#define VPFI_STORE_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>
#include <vpf/status.h>

#include "store/dtype.h"

/* The limit for a header, read or written; 16 000 tensors take 1.5 MiB. It is small because the JSON parser may
 * allocate a multiple of it (up to 60) for a hostile header. */
enum { VPFI_SAFETENSORS_HEADER_LIMIT = 4 << 20 };

/* The entry of the checksum: the CRC-32 (zlib's) of the whole file with zeros for these digits. */
#define VPFI_SAFETENSORS_CRC_KEY "vpf_crc32"
enum { VPFI_SAFETENSORS_CRC_DIGITS = 8 };

/* The metadata of every file of this library, in the order in which they are written. */
enum { VPFI_SAFETENSORS_KEYS = 6 };
extern const char *const vpfi_safetensors_keys[VPFI_SAFETENSORS_KEYS];

typedef struct vpfi_metadata {
  char key[32];
  const char *value; /* printable ASCII without quote or backslash */
} vpfi_metadata;

/* Write everything to path, atomically, adding the metadata entry vpf_crc32. The same content gives the same
 * bytes. VPF_ERR_IO (the old file is then intact), VPF_ERR_MEMORY, VPF_ERR_LIMIT (so many tensors that the
 * header could not be read back). */
vpf_status vpfi_safetensors_write(const char *path, const vpfi_metadata *metadata, size_t n_metadata,
                                  const vpfi_tensor *tensors, size_t n_tensors);

typedef struct vpfi_safetensors vpfi_safetensors;

/* Open a file that is not trusted, and check everything that can be checked without knowing what it
 * means: lengths, offsets (in bounds, without gaps or overlaps, of the right size for dtype and
 * shape), metadata (strings), checksum. VPF_ERR_IO, VPF_ERR_FORMAT (whose text begins with the path),
 * VPF_ERR_MEMORY; *out is then NULL. */
vpf_status vpfi_safetensors_open(vpfi_safetensors **out, const char *path);
void vpfi_safetensors_close(vpfi_safetensors *file); /* accepts NULL */

size_t vpfi_safetensors_count(const vpfi_safetensors *file); /* tensors in the file */

/* A metadata string, or NULL if there is none. */
const char *vpfi_safetensors_metadata(const vpfi_safetensors *file, const char *key);

/* The metadata keys one by one: the first if `key` is NULL, else the one after `key`, which must have come
 * from here; NULL after the last. */
const char *vpfi_safetensors_next_key(const vpfi_safetensors *file, const char *key);

bool vpfi_safetensors_has(const vpfi_safetensors *file, const char *name);

/* The shape of a tensor. VPF_ERR_FORMAT if it is missing or has another dtype or rank. */
vpf_status vpfi_safetensors_shape(const vpfi_safetensors *file, const char *name, vpfi_dtype dtype,
                                  size_t rank, size_t *out_rows, size_t *out_cols);

/* Read a tensor that must have exactly this dtype, rank, rows and cols into data, rows `stride`
 * elements apart; what lies between them is left untouched. VPF_ERR_FORMAT or VPF_ERR_IO. */
vpf_status vpfi_safetensors_read(const vpfi_safetensors *file, const char *name, vpfi_dtype dtype,
                                 size_t rank, size_t rows, size_t cols, size_t stride, void *data);

/* VPF_ERR_FORMAT with the path before the text, for callers that find a wrong value. Bytes of the text
 * that are not printable ASCII become '?', as they may come from the file. */
vpf_status vpfi_safetensors_refuse(const vpfi_safetensors *file, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
