/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "store/atomic_file.h"
#include "store/safetensors.h"

enum { LENGTH_BYTES = 8, FIRST_ROOM = 4096, CHUNK_BYTES = 8192 };

/* The header as it grows. */
typedef struct header {
  char *text;
  size_t length, room;
  size_t crc_at; /* where the checksum's first digit is */
} header;

static vpf_status reserve(header *h, size_t more) {
  if (more >= VPFI_SAFETENSORS_HEADER_LIMIT - h->length)
    return vpfi_fail(VPF_ERR_LIMIT, "the header needs more than the limit of %d bytes",
                     VPFI_SAFETENSORS_HEADER_LIMIT);
  const size_t needed = h->length + more + 1;
  if (needed <= h->room) return VPF_OK;
  size_t room = h->room ? h->room : FIRST_ROOM;
  while (room < needed) room *= 2;
  char *text = vpfi_alloc(room, 1);
  if (!text) return VPF_ERR_MEMORY;
  if (h->length > 0) memcpy(text, h->text, h->length);
  vpfi_free(h->text);
  h->text = text;
  h->room = room;
  return VPF_OK;
}

__attribute__((format(printf, 2, 3)))
static vpf_status append(header *h, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (length < 0) return vpfi_fail(VPF_ERR_INTERNAL, "cannot format the header");

  const vpf_status status = reserve(h, (size_t)length);
  if (status) return status;
  va_start(arguments, format);
  vsnprintf(h->text + h->length, h->room - h->length, format, arguments);
  va_end(arguments);
  h->length += (size_t)length;
  return VPF_OK;
}

/* Names and values come from inside the library and need no escapes in JSON. */
static vpf_status check_plain(const char *text) {
  for (const char *c = text; *c; c++)
    if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\')
      return vpfi_fail(VPF_ERR_INTERNAL, "byte 0x%02x cannot stand in a header", (unsigned char)*c);
  return VPF_OK;
}

static vpf_status append_metadata(header *h, const vpfi_metadata *metadata, size_t count) {
  vpf_status status = append(h, "{\"__metadata__\":{\"%s\":\"", VPFI_SAFETENSORS_CRC_KEY);
  h->crc_at = h->length;
  if (!status) status = append(h, "%0*d\"", VPFI_SAFETENSORS_CRC_DIGITS, 0);
  for (size_t k = 0; !status && k < count; k++) {
    status = check_plain(metadata[k].key);
    if (!status) status = check_plain(metadata[k].value);
    if (!status) status = append(h, ",\"%s\":\"%s\"", metadata[k].key, metadata[k].value);
  }
  return status ? status : append(h, "}");
}

/* Bytes of a tensor in the file. */
static vpf_status tensor_bytes(const vpfi_tensor *tensor, size_t *out) {
  *out = 0;
  if (vpfi_size_mul(tensor->rows, tensor->cols, out) &&
      vpfi_size_mul(*out, vpfi_dtype_size(tensor->dtype), out))
    return VPF_OK;
  return vpfi_fail(VPF_ERR_LIMIT, "tensor %s of %zu x %zu is too large", tensor->name, tensor->rows,
                   tensor->cols);
}

static vpf_status append_tensor(header *h, const vpfi_tensor *tensor, size_t *offset) {
  assert(tensor->rank == 2 || (tensor->rank == 1 && tensor->rows == 1));
  assert(tensor->rows > 0 && tensor->cols > 0 && tensor->stride >= tensor->cols);
  size_t bytes, end;
  vpf_status status = check_plain(tensor->name);
  if (!status) status = tensor_bytes(tensor, &bytes);
  if (status) return status;
  if (!vpfi_size_add(*offset, bytes, &end))
    return vpfi_fail(VPF_ERR_LIMIT, "the tensors up to %s are too large for one file", tensor->name);

  status = append(h, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", tensor->name, vpfi_dtype_name(tensor->dtype));
  if (!status && tensor->rank == 2) status = append(h, "%zu,", tensor->rows);
  if (!status) status = append(h, "%zu],\"data_offsets\":[%zu,%zu]}", tensor->cols, *offset, end);
  *offset = end;
  return status;
}

static vpf_status compose(header *h, const vpfi_metadata *metadata, size_t n_metadata,
                          const vpfi_tensor *tensors, size_t n_tensors) {
  size_t offset = 0;
  vpf_status status = append_metadata(h, metadata, n_metadata);
  for (size_t k = 0; !status && k < n_tensors; k++) status = append_tensor(h, &tensors[k], &offset);
  if (!status) status = append(h, "}");
  while (!status && h->length % 8 != 0) status = append(h, " ");
  return status;
}

/* Where the bytes go: in the first pass only into the checksum, then into the file. */
typedef struct sink {
  vpfi_atomic_file *file; /* NULL in the first pass */
  uLong crc;
} sink;

static vpf_status put(sink *to, const void *bytes, size_t count) {
  if (to->file) return vpfi_atomic_file_write(to->file, bytes, count);
  to->crc = crc32_z(to->crc, bytes, count);
  return VPF_OK;
}

static vpf_status put_elements(sink *to, vpfi_dtype dtype, const void *elements, size_t count) {
  unsigned char chunk[CHUNK_BYTES];
  const size_t size = vpfi_dtype_size(dtype), most = sizeof chunk / size;
  const unsigned char *from = elements;
  vpf_status status = VPF_OK;
  while (!status && count > 0) {
    const size_t now = count < most ? count : most;
    vpfi_dtype_encode(dtype, chunk, from, now);
    status = put(to, chunk, now * size);
    from += now * size;
    count -= now;
  }
  return status;
}

static vpf_status put_tensor(sink *to, const vpfi_tensor *tensor) {
  const unsigned char *row = tensor->data;
  const size_t step = tensor->stride * vpfi_dtype_size(tensor->dtype);
  if (tensor->stride == tensor->cols)
    return put_elements(to, tensor->dtype, tensor->data, tensor->rows * tensor->cols);
  for (size_t i = 0; i < tensor->rows; i++) {
    const vpf_status status = put_elements(to, tensor->dtype, row + i * step, tensor->cols);
    if (status) return status;
  }
  return VPF_OK;
}

static vpf_status put_all(sink *to, const header *h, const vpfi_tensor *tensors, size_t n_tensors) {
  unsigned char length[LENGTH_BYTES];
  const uint64_t header_length = h->length;
  vpfi_dtype_encode(VPFI_DTYPE_U64, length, &header_length, 1);
  vpf_status status = put(to, length, sizeof length);
  if (!status) status = put(to, h->text, h->length);
  for (size_t k = 0; !status && k < n_tensors; k++) status = put_tensor(to, &tensors[k]);
  return status;
}

static vpf_status write_file(const char *path, header *h, const vpfi_tensor *tensors, size_t n_tensors) {
  sink to = {NULL, crc32_z(0, NULL, 0)};
  vpf_status status = put_all(&to, h, tensors, n_tensors);
  if (status) return status;
  char digits[VPFI_SAFETENSORS_CRC_DIGITS + 1];
  snprintf(digits, sizeof digits, "%08lx", to.crc & 0xffffffffUL);
  memcpy(h->text + h->crc_at, digits, VPFI_SAFETENSORS_CRC_DIGITS);

  status = vpfi_atomic_file_open(&to.file, path);
  if (!status) status = put_all(&to, h, tensors, n_tensors);
  if (!status) return vpfi_atomic_file_commit(to.file);
  vpfi_atomic_file_abandon(to.file);
  return status;
}

vpf_status vpfi_safetensors_write(const char *path, const vpfi_metadata *metadata, size_t n_metadata,
                                  const vpfi_tensor *tensors, size_t n_tensors) {
  header h = {0};
  vpf_status status = compose(&h, metadata, n_metadata, tensors, n_tensors);
  if (!status) status = write_file(path, &h, tensors, n_tensors);
  vpfi_free(h.text);
  return status;
}
