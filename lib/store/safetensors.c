/* SPDX-License-Identifier: MIT */
/* Reading. Nothing in the file is trusted: every number is checked against the size of the file
 * before it is used. */
#include "store/safetensors.h"

#include <assert.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/input_file.h"

enum { LENGTH_BYTES = 8, CHUNK_BYTES = 1 << 16, MOST_NESTED = 3, BYTES_A_CONTAINER = 16 };

static const char metadata_name[] = "__metadata__";

const char *const vpfi_safetensors_keys[VPFI_SAFETENSORS_KEYS] = {
    VPFI_SAFETENSORS_CRC_KEY, "vpf_format", "vpf_kind", "vpf_sizes", "vpf_intra", "vpf_coupling"};

#define HOW_TO_IMPORT \
  "put its tensors into a model by vpf_model_set_weights, _set_intra and _set_bias (docs/file-format.md shows how)"

struct vpfi_safetensors {
  vpfi_input_file input;
  char *path;
  json_t *root;           /* the header */
  const json_t *metadata; /* part of root */
  uint64_t data_begin, data_size;
};

/* What the header says about a tensor; [begin, end) counts from data_begin. */
typedef struct entry {
  vpfi_dtype dtype;
  size_t rank, rows, cols;
  uint64_t begin, end;
} entry;

/* The header's bytes, and where the digits of the checksum are in them. */
typedef struct raw_header {
  char *text;
  size_t length;
  char *digits;
} raw_header;

vpf_status vpfi_safetensors_refuse(const vpfi_safetensors *file, const char *format, ...) {
  char text[320];
  va_list arguments;
  va_start(arguments, format);
  vpfi_text_format(text, sizeof text, format, arguments);
  va_end(arguments);
  for (char *c = text; *c; c++)
    if (*c < ' ' || *c > '~') *c = '?';
  return vpfi_fail(VPF_ERR_FORMAT, "%.*s: %s", vpfi_text_fit(file->path, 220), file->path, text);
}

static vpf_status read_header(vpfi_safetensors *file, raw_header *header) {
  if (file->input.size < LENGTH_BYTES)
    return vpfi_safetensors_refuse(file, "%llu bytes are too few for a safetensors file",
                                   (unsigned long long)file->input.size);
  uint64_t length;
  vpf_status status = vpfi_input_file_read(&file->input, 0, &length, sizeof length);
  if (status) return status;
  vpfi_dtype_decode(VPFI_DTYPE_U64, &length, 1);

  const uint64_t rest = file->input.size - LENGTH_BYTES;
  if (length > rest)
    return vpfi_safetensors_refuse(file,
                                   "not a safetensors file, or cut off: header of %llu bytes, file of %llu",
                                   (unsigned long long)length, (unsigned long long)file->input.size);
  if (length > VPFI_SAFETENSORS_HEADER_LIMIT)
    return vpfi_safetensors_refuse(file, "a header of %llu bytes is above the limit of %d",
                                   (unsigned long long)length, VPFI_SAFETENSORS_HEADER_LIMIT);
  header->length = (size_t)length;
  header->text = vpfi_alloc(header->length + 1, 1);
  if (!header->text) return VPF_ERR_MEMORY;
  file->data_begin = LENGTH_BYTES + length;
  file->data_size = rest - length;
  return vpfi_input_file_read(&file->input, LENGTH_BYTES, header->text, header->length);
}

/* The parser spends hundreds of bytes on each "[]", so headers full of them are refused beforehand. A
 * tensor's entry has 3 containers in more than 48 bytes, nested 3 deep. */
static vpf_status check_containers(const vpfi_safetensors *file, const raw_header *header) {
  size_t depth = 0, containers = 0;
  bool quoted = false;
  for (size_t k = 0; k < header->length; k++) {
    const char c = header->text[k];
    if (quoted && c == '\\') {
      k++;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == '{' || c == '[')) {
      containers++;
      if (++depth > MOST_NESTED)
        return vpfi_safetensors_refuse(file, "the header is nested more than 3 deep");
    } else if (!quoted && (c == '}' || c == ']') && depth > 0) {
      depth--;
    }
  }
  if (containers > 2 + header->length / BYTES_A_CONTAINER)
    return vpfi_safetensors_refuse(file, "the header has %zu objects and arrays in %zu bytes", containers,
                                   header->length);
  return VPF_OK;
}

/* jansson rarely reports that it ran out of memory: it leaves no text, or calls a string invalid that is
 * complete (a string that really is invalid gets a text of its own). */
static bool lacks_memory(const raw_header *header, const json_error_t *error) {
  static const char *const texts[] = {"invalid token", "string or '}' expected"};
  if (json_error_code(error) == json_error_out_of_memory || !error->text[0]) return true;
  const int last = error->position - 1;
  if (last < 0 || (size_t)last >= header->length || header->text[last] != '"') return false;
  for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
    if (strncmp(error->text, texts[k], strlen(texts[k])) == 0) return true;
  return false;
}

static json_t *parse_json(const raw_header *header, json_error_t *error) {
  *error = (json_error_t){0}; /* not every failure sets all of it */
  return json_loadb(header->text, header->length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, error);
}

/* Parsed twice: where jansson (2.14) cannot make room for a long token, it drops a byte and goes on, so
 * a result counts only if it comes out the same a second time. */
static vpf_status parse_header(vpfi_safetensors *file, const raw_header *header) {
  if (header->length == 0 || header->text[0] != '{')
    return vpfi_safetensors_refuse(file, "not a safetensors file: the header does not begin with '{'");
  const vpf_status status = check_containers(file, header);
  if (status) return status;

  json_error_t error, ignored;
  file->root = parse_json(header, &error);
  json_t *again = parse_json(header, &ignored);
  const bool same = file->root ? json_equal(file->root, again) : !again;
  json_decref(again);
  if (!same || (!file->root && lacks_memory(header, &error)))
    return vpfi_fail(VPF_ERR_MEMORY, "no memory to parse a header of %zu bytes", header->length);
  if (file->root) return VPF_OK;
  return vpfi_safetensors_refuse(file, "the header is not JSON: %s (byte %d)", error.text, error.position);
}

/* Other programs may write "\u0000" into their strings; ours would be taken for a shorter one. */
static bool is_plain(const json_t *string) {
  return strlen(json_string_value(string)) == json_string_length(string);
}

static vpf_status check_metadata(vpfi_safetensors *file) {
  json_t *metadata = json_object_get(file->root, metadata_name);
  if (!metadata)
    return vpfi_safetensors_refuse(
        file, "another program seems to have written it, as there is no \"__metadata__\"; " HOW_TO_IMPORT);
  if (!json_is_object(metadata)) return vpfi_safetensors_refuse(file, "\"__metadata__\" is not an object");
  const char *key;
  json_t *value;
  json_object_foreach(metadata, key, value) {
    if (!json_is_string(value))
      return vpfi_safetensors_refuse(file, "metadata \"%.60s\" is not a string", key);
    if (strncmp(key, "vpf_", 4) == 0 && !is_plain(value))
      return vpfi_safetensors_refuse(file, "metadata \"%.60s\" has a NUL in it", key);
  }
  file->metadata = metadata;
  if (vpfi_safetensors_metadata(file, VPFI_SAFETENSORS_CRC_KEY)) return VPF_OK;
  return vpfi_safetensors_refuse(file, "another program seems to have written it, as there is no checksum (metadata "
                                       "\"vpf_crc32\"); " HOW_TO_IMPORT);
}

static bool get_integer(const json_t *array, size_t index, uint64_t *out) {
  const json_t *item = json_array_get(array, index);
  if (!json_is_integer(item) || json_integer_value(item) < 0) return false;
  *out = (uint64_t)json_integer_value(item);
  return true;
}

static vpf_status parse_shape(const vpfi_safetensors *file, const char *name, const json_t *shape,
                              entry *out) {
  uint64_t size[2] = {1, 1};
  out->rank = json_array_size(shape); /* 0 if it is not an array */
  if (out->rank < 1 || out->rank > 2)
    return vpfi_safetensors_refuse(file, "tensor \"%.60s\": the shape is no array of 1 or 2 numbers", name);
  for (size_t k = 0; k < out->rank; k++)
    if (!get_integer(shape, k, &size[2 - out->rank + k]) || size[2 - out->rank + k] == 0)
      return vpfi_safetensors_refuse(file, "tensor \"%.60s\": a dimension is not a positive integer", name);
  out->rows = (size_t)size[0];
  out->cols = (size_t)size[1];
  if (out->rows != size[0] || out->cols != size[1])
    return vpfi_safetensors_refuse(file, "tensor \"%.60s\" is too large for this computer", name);
  return VPF_OK;
}

static vpf_status parse_offsets(const vpfi_safetensors *file, const char *name, const json_t *offsets,
                                entry *out) {
  if (json_array_size(offsets) != 2 || !get_integer(offsets, 0, &out->begin) ||
      !get_integer(offsets, 1, &out->end))
    return vpfi_safetensors_refuse(file, "tensor \"%.60s\": data_offsets is no array of 2 integers", name);
  if (out->begin > out->end || out->end > file->data_size)
    return vpfi_safetensors_refuse(
        file, "tensor \"%.60s\": offsets [%llu, %llu] are outside the %llu bytes of data", name,
        (unsigned long long)out->begin, (unsigned long long)out->end, (unsigned long long)file->data_size);
  size_t bytes;
  if (!vpfi_size_mul(out->rows, out->cols, &bytes) ||
      !vpfi_size_mul(bytes, vpfi_dtype_size(out->dtype), &bytes) || bytes != out->end - out->begin)
    return vpfi_safetensors_refuse(file, "tensor \"%.60s\": %s %zu x %zu does not fill its %llu bytes", name,
                                   vpfi_dtype_name(out->dtype), out->rows, out->cols,
                                   (unsigned long long)(out->end - out->begin));
  return VPF_OK;
}

static vpf_status parse_entry(const vpfi_safetensors *file, const char *name, const json_t *value,
                              entry *out) {
  const json_t *type = json_object_get(value, "dtype");
  const char *dtype = json_string_value(type);
  const json_t *shape = json_object_get(value, "shape"), *offsets = json_object_get(value, "data_offsets");
  if (!dtype || !shape || !offsets || json_object_size(value) != 3)
    return vpfi_safetensors_refuse(
        file, "tensor \"%.60s\" must have dtype, shape, data_offsets and nothing else", name);
  if (!is_plain(type) || !vpfi_dtype_parse(dtype, &out->dtype))
    return vpfi_safetensors_refuse(file, "tensor \"%.60s\" is of type \"%.20s\", not F32, F64, U8 or U64",
                                   name, dtype);
  const vpf_status status = parse_shape(file, name, shape, out);
  return status ? status : parse_offsets(file, name, offsets, out);
}

static int by_begin(const void *a, const void *b) {
  const entry *x = a, *y = b;
  return (x->begin > y->begin) - (x->begin < y->begin);
}

static vpf_status parse_entries(const vpfi_safetensors *file, entry *entries) {
  size_t count = 0;
  const char *name;
  json_t *value;
  json_object_foreach(file->root, name, value) {
    if (strcmp(name, metadata_name) == 0) continue;
    const vpf_status status = parse_entry(file, name, value, &entries[count++]);
    if (status) return status;
  }
  return VPF_OK;
}

/* No tensor is empty, so, in the order of their offsets, each must begin where the one before ended. */
static vpf_status check_coverage(const vpfi_safetensors *file, entry *entries, size_t count) {
  qsort(entries, count, sizeof *entries, by_begin);
  uint64_t covered = 0;
  for (size_t k = 0; k < count; covered = entries[k++].end)
    if (entries[k].begin != covered)
      return vpfi_safetensors_refuse(
          file, "tensors %s at byte %llu of the data", entries[k].begin < covered ? "overlap" : "leave a gap",
          (unsigned long long)(entries[k].begin < covered ? entries[k].begin : covered));
  if (covered != file->data_size)
    return vpfi_safetensors_refuse(file, "the tensors take %llu bytes, the file has %llu",
                                   (unsigned long long)covered, (unsigned long long)file->data_size);
  return VPF_OK;
}

static vpf_status check_entries(const vpfi_safetensors *file) {
  const size_t count = vpfi_safetensors_count(file);
  entry *entries = vpfi_alloc(count, sizeof *entries);
  if (!entries) return VPF_ERR_MEMORY;
  vpf_status status = parse_entries(file, entries);
  if (!status) status = check_coverage(file, entries, count);
  vpfi_free(entries);
  return status;
}

static bool is_crc(const char *digits) {
  return strspn(digits, "0123456789abcdef") == VPFI_SAFETENSORS_CRC_DIGITS &&
         !digits[VPFI_SAFETENSORS_CRC_DIGITS];
}

static const char *skip_space(const char *text) {
  return text + strspn(text, " \t\n\r");
}

/* Find the digits in the bytes of the header. The key must occur there exactly once, in plain spelling,
 * not as the end of a longer string ("x\"vpf_crc32"), and be followed by the digits. What stands there is
 * then what the parser saw: keys followed by strings occur only in the metadata (and in a tensor's entry,
 * whose keys are known), and keys are unique. */
static vpf_status find_crc(const vpfi_safetensors *file, raw_header *header, const char *expected) {
  static const char key[] = "\"" VPFI_SAFETENSORS_CRC_KEY "\"";
  char *found = strstr(header->text, key); /* the header is JSON, without a NUL, and one follows it */
  const char *at = found ? skip_space(found + strlen(key)) : "";
  const bool unambiguous = found && found[-1] != '\\' && !strstr(found + 1, key); /* text[0] is '{' */
  if (unambiguous && *at == ':') at = skip_space(at + 1);
  if (!unambiguous || *at != '"' || strncmp(at + 1, expected, VPFI_SAFETENSORS_CRC_DIGITS) != 0)
    return vpfi_safetensors_refuse(file, "the checksum cannot be located in the header");
  header->digits = header->text + (at + 1 - header->text);
  return VPF_OK;
}

/* The checksum of the length, the header with zeros for the digits, and the data. */
static vpf_status compute_crc(const vpfi_safetensors *file, const raw_header *header, uLong *out) {
  unsigned char *chunk = vpfi_alloc(CHUNK_BYTES, 1);
  if (!chunk) return VPF_ERR_MEMORY;
  const uint64_t length = header->length;
  vpfi_dtype_encode(VPFI_DTYPE_U64, chunk, &length, 1);
  uLong crc = crc32_z(crc32_z(0, NULL, 0), chunk, LENGTH_BYTES);
  crc = crc32_z(crc, (const unsigned char *)header->text, header->length);

  vpf_status status = VPF_OK;
  for (uint64_t done = 0; !status && done < file->data_size;) {
    const uint64_t left = file->data_size - done;
    const size_t now = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
    status = vpfi_input_file_read(&file->input, file->data_begin + done, chunk, now);
    if (!status) crc = crc32_z(crc, chunk, now);
    done += now;
  }
  vpfi_free(chunk);
  *out = crc;
  return status;
}

/* Order and spacing are those of vpfi_safetensors_write(), and no other metadata are there. Bytes that have changed
 * leave that as it was; a program that saves the tensors again does not. */
static bool is_laid_out_as_written(const vpfi_safetensors *file, const raw_header *header) {
  const char *key = json_object_iter_key(json_object_iter(file->root));
  if (strcmp(key, metadata_name) != 0) return false;
  key = NULL;
  for (size_t k = 0; (key = vpfi_safetensors_next_key(file, key)); k++)
    if (k == VPFI_SAFETENSORS_KEYS || strcmp(key, vpfi_safetensors_keys[k]) != 0) return false;
  const size_t compact = strcspn(header->text, " \t\n\r");
  return strspn(header->text + compact, " ") == header->length - compact;
}

static vpf_status check_crc(const vpfi_safetensors *file, raw_header *header) {
  const char *expected = vpfi_safetensors_metadata(file, VPFI_SAFETENSORS_CRC_KEY);
  if (!is_crc(expected)) return vpfi_safetensors_refuse(file, "the checksum is not 8 lower-case hex digits");
  vpf_status status = find_crc(file, header, expected);
  if (status) return status;

  memset(header->digits, '0', VPFI_SAFETENSORS_CRC_DIGITS);
  uLong crc;
  status = compute_crc(file, header, &crc);
  if (status) return status;
  if (crc == strtoul(expected, NULL, 16)) return VPF_OK;
  if (is_laid_out_as_written(file, header))
    return vpfi_safetensors_refuse(file, "damaged: its checksum is %08lx, it should be %s", crc, expected);
  return vpfi_safetensors_refuse(
      file,
      "another program seems to have saved it again, in another order and with a checksum that is not its own "
      "(%08lx, not %s), or it is damaged; " HOW_TO_IMPORT,
      crc, expected);
}

static vpf_status open_checked(vpfi_safetensors *file, raw_header *header, const char *path) {
  const size_t bytes = strlen(path) + 1;
  file->path = vpfi_alloc(bytes, 1);
  if (!file->path) return VPF_ERR_MEMORY;
  memcpy(file->path, path, bytes);
  vpf_status status = vpfi_input_file_open(&file->input, file->path);
  if (!status) status = read_header(file, header);
  if (!status) status = parse_header(file, header);
  if (!status) status = check_metadata(file);
  if (!status) status = check_entries(file);
  if (!status) status = check_crc(file, header);
  return status;
}

vpf_status vpfi_safetensors_open(vpfi_safetensors **out, const char *path) {
  *out = NULL;
  vpfi_safetensors *file = vpfi_alloc(1, sizeof *file);
  if (!file) return VPF_ERR_MEMORY;
  file->input.fd = -1;
  raw_header header = {0};
  const vpf_status status = open_checked(file, &header, path);
  vpfi_free(header.text);
  if (status) {
    vpfi_safetensors_close(file);
    return status;
  }
  *out = file;
  return VPF_OK;
}

void vpfi_safetensors_close(vpfi_safetensors *file) {
  if (!file) return;
  vpfi_input_file_close(&file->input);
  json_decref(file->root);
  vpfi_free(file->path);
  vpfi_free(file);
}

size_t vpfi_safetensors_count(const vpfi_safetensors *file) {
  return json_object_size(file->root) - 1;
}

const char *vpfi_safetensors_metadata(const vpfi_safetensors *file, const char *key) {
  return json_string_value(json_object_get(file->metadata, key));
}

const char *vpfi_safetensors_next_key(const vpfi_safetensors *file, const char *key) {
  json_t *metadata = json_object_get(file->root, metadata_name);
  return json_object_iter_key(key ? json_object_iter_next(metadata, json_object_key_to_iter(key))
                                  : json_object_iter(metadata));
}

bool vpfi_safetensors_has(const vpfi_safetensors *file, const char *name) {
  return strcmp(name, metadata_name) != 0 && json_object_get(file->root, name);
}

static vpf_status find_entry(const vpfi_safetensors *file, const char *name, vpfi_dtype dtype, size_t rank,
                             entry *out) {
  const json_t *value = json_object_get(file->root, name);
  if (!value || strcmp(name, metadata_name) == 0)
    return vpfi_safetensors_refuse(file, "there is no tensor \"%.60s\"", name);
  const vpf_status status = parse_entry(file, name, value, out);
  if (status) return status;
  if (out->dtype != dtype || out->rank != rank)
    return vpfi_safetensors_refuse(file, "tensor \"%.60s\" is %s of rank %zu, not %s of rank %zu", name,
                                   vpfi_dtype_name(out->dtype), out->rank, vpfi_dtype_name(dtype), rank);
  return VPF_OK;
}

vpf_status vpfi_safetensors_shape(const vpfi_safetensors *file, const char *name, vpfi_dtype dtype,
                                  size_t rank, size_t *out_rows, size_t *out_cols) {
  entry found;
  const vpf_status status = find_entry(file, name, dtype, rank, &found);
  if (status) return status;
  *out_rows = found.rows;
  *out_cols = found.cols;
  return VPF_OK;
}

vpf_status vpfi_safetensors_read(const vpfi_safetensors *file, const char *name, vpfi_dtype dtype,
                                 size_t rank, size_t rows, size_t cols, size_t stride, void *data) {
  assert(stride >= cols);
  entry found;
  vpf_status status = find_entry(file, name, dtype, rank, &found);
  if (status) return status;
  if (found.rows != rows || found.cols != cols)
    return vpfi_safetensors_refuse(file, "tensor \"%.60s\" is %zu x %zu, not %zu x %zu", name, found.rows,
                                   found.cols, rows, cols);
  /* Without padding, it is one long row. */
  const size_t runs = stride == cols ? 1 : rows, run = stride == cols ? rows * cols : cols;
  const size_t size = vpfi_dtype_size(dtype);
  unsigned char *to = data;
  uint64_t offset = file->data_begin + found.begin;
  for (size_t k = 0; !status && k < runs; k++, offset += run * size) {
    status = vpfi_input_file_read(&file->input, offset, to + k * stride * size, run * size);
    if (!status) vpfi_dtype_decode(dtype, to + k * stride * size, run);
  }
  return status;
}
