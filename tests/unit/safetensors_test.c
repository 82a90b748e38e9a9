/* SPDX-License-Identifier: MIT */
/* What is written is read back, byte for byte as another writer would have written it; whatever
 * else is in a file is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "store/safetensors.h"

#ifndef VPF_TESTS
#define VPF_TESTS "tests"
#endif

enum { MOST_BYTES = 4096 };

static char folder[PATH_MAX - 64], path[PATH_MAX];

static void put_bytes(const void *bytes, size_t count) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, count, file), count);
  assert_int_equal(fclose(file), 0);
}

static size_t get_bytes(const char *from, unsigned char out[MOST_BYTES]) {
  FILE *file = fopen(from, "rb");
  assert_non_null(file);
  const size_t got = fread(out, 1, MOST_BYTES, file);
  fclose(file);
  return got;
}

static void put_length(unsigned char to[8], uint64_t length) {
  for (size_t k = 0; k < 8; k++) to[k] = (unsigned char)(length >> 8 * k);
}

static uint64_t get_length(const unsigned char from[8]) {
  uint64_t length = 0;
  for (size_t k = 0; k < 8; k++) length |= (uint64_t)from[k] << 8 * k;
  return length;
}

static void assert_error_says(const char *part) {
  if (!strstr(vpfi_error_text(), part)) fail_msg("\"%s\" does not say \"%s\"", vpfi_error_text(), part);
}

/* ---- counting allocators: ours, and jansson's ---- */

static size_t live_blocks, allocations, failing_allocation, json_live, json_allocations, failing_json;
static int json_fails_for_ever;

static void *counted_allocate(size_t size, void *user) {
  (void)user;
  if (++allocations == failing_allocation) return NULL;
  void *block = malloc(size);
  live_blocks += block != NULL;
  return block;
}

static void counted_release(void *block, void *user) {
  (void)user;
  live_blocks--;
  free(block);
}

static void *json_allocate(size_t size) {
  json_allocations++;
  if (json_allocations == failing_json || (json_fails_for_ever && json_allocations > failing_json)) return NULL;
  void *block = malloc(size);
  json_live += block != NULL;
  return block;
}

static void json_release(void *block) {
  json_live -= block != NULL;
  free(block);
}

/* ---- each test: a folder of its own, no descriptor and no memory left over ---- */

static int first_free_descriptor;

static int set_up(void **state) {
  (void)state;
  const char *parent = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/vpf-safetensors-XXXXXX", parent && *parent ? parent : "/tmp");
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/file", folder);
  live_blocks = json_live = failing_allocation = failing_json = 0;
  json_fails_for_ever = 0;
  first_free_descriptor = dup(0);
  return close(first_free_descriptor);
}

static int tear_down(void **state) {
  (void)state;
  snprintf(path, sizeof path, "%s/file", folder);
  const int fd = dup(0);
  close(fd);
  if (fd != first_free_descriptor || live_blocks != 0 || json_live != 0) return -1;
  if (unlink(path) != 0 && errno != ENOENT) return -1;
  return rmdir(folder);
}

/* ---- the content of data/container.safetensors, with padding between the rows in memory ---- */

static const uint8_t bytes[5] = {0, 1, 127, 128, 255};
static const float floats[2][5] = {{0.0f, -0.5f, 1.25f, 99, 99}, {3.0e38f, -1.0e-40f, 7.0f, 99, 99}};
static const double doubles[3] = {0.1, -2.5e300, 5e-324};
static const uint64_t words[2] = {0x0123456789abcdef, UINT64_MAX};
static const vpfi_metadata metadata[] = {{"note", "all types"}};
static const vpfi_tensor tensors[] = {
    {"bytes", VPFI_DTYPE_U8, 1, 1, 5, 5, bytes, NULL},
    {"floats", VPFI_DTYPE_F32, 2, 2, 3, 5, floats, NULL},
    {"doubles", VPFI_DTYPE_F64, 1, 1, 3, 3, doubles, NULL},
    {"words", VPFI_DTYPE_U64, 2, 1, 2, 2, words, NULL},
};

static vpf_status write_container(void) {
  return vpfi_safetensors_write(path, metadata, 1, tensors, 4);
}

static vpf_status try_open(void) {
  vpfi_safetensors *file;
  const vpf_status status = vpfi_safetensors_open(&file, path);
  if (status)
    assert_null(file);
  else
    vpfi_safetensors_close(file);
  return status;
}

static void assert_refused(vpf_status expected, const char *part) {
  const vpf_status status = try_open();
  if (status != expected) fail_msg("%d instead of %d for \"%s\"", (int)status, (int)expected, part);
  assert_error_says(part);
}

/* A file of this header and so many bytes of zeros; every "########" becomes its checksum. */
static void put_crafted(const char *header, size_t data) {
  unsigned char file[MOST_BYTES] = {0};
  const size_t length = strlen(header), size = 8 + length + data;
  assert_true(size <= sizeof file);
  put_length(file, length);
  memcpy(file + 8, header, length);
  for (size_t k = 8; k + 8 <= size; k++)
    if (memcmp(file + k, "########", 8) == 0) memset(file + k, '0', 8);
  char digits[9];
  snprintf(digits, sizeof digits, "%08lx", crc32(crc32(0, NULL, 0), file, (uInt)size));
  for (const char *at = header; (at = strstr(at, "########")); at++)
    memcpy(file + 8 + (at - header), digits, 8);
  put_bytes(file, size);
}

/* ---- writing ---- */

static void bytes_are_those_of_another_writer(void **state) {
  (void)state;
  unsigned char written[MOST_BYTES], expected[MOST_BYTES];
  char fixture[PATH_MAX];
  assert_int_equal(write_container(), VPF_OK);
  snprintf(fixture, sizeof fixture, "%s/data/container.safetensors", VPF_TESTS);
  const size_t size = get_bytes(fixture, expected);
  assert_int_equal(get_bytes(path, written), size);
  assert_memory_equal(written, expected, size);
}

static void same_content_gives_the_same_bytes(void **state) {
  (void)state;
  unsigned char first[MOST_BYTES], second[MOST_BYTES];
  assert_int_equal(write_container(), VPF_OK);
  const size_t size = get_bytes(path, first);
  assert_int_equal(write_container(), VPF_OK);
  assert_int_equal(get_bytes(path, second), size);
  assert_memory_equal(first, second, size);
}

static void tensors_begin_at_a_multiple_of_8_for_every_length_of_header(void **state) {
  (void)state;
  unsigned char written[MOST_BYTES];
  char value[16] = "";
  const vpfi_metadata entry = {"note", value};
  for (size_t k = 0; k < 10; k++) {
    value[k] = 'x';
    assert_int_equal(vpfi_safetensors_write(path, &entry, 1, tensors, 4), VPF_OK);
    const size_t size = get_bytes(path, written);
    const uint64_t header = get_length(written);
    assert_int_equal(header % 8, 0);
    assert_int_equal(8 + header + 5 + 24 + 24 + 16, size);
    assert_int_equal(written[8], '{');
    assert_int_equal(try_open(), VPF_OK);
  }
}

static void checksum_is_zlibs_with_zeros_for_its_digits(void **state) {
  (void)state;
  unsigned char written[MOST_BYTES];
  assert_int_equal(write_container(), VPF_OK);
  const size_t size = get_bytes(path, written);
  static const char start[] = "{\"__metadata__\":{\"vpf_crc32\":\"";
  unsigned char *digits = written + 8 + strlen(start);
  assert_memory_equal(written + 8, start, strlen(start));
  char found[9], expected[9];
  memcpy(found, digits, 8);
  found[8] = 0;
  memset(digits, '0', 8);
  snprintf(expected, sizeof expected, "%08lx", crc32(crc32(0, NULL, 0), written, (uInt)size));
  assert_string_equal(found, expected);
}

static void container_without_tensors_can_be_written(void **state) {
  (void)state;
  vpfi_safetensors *file;
  assert_int_equal(vpfi_safetensors_write(path, NULL, 0, NULL, 0), VPF_OK);
  assert_int_equal(vpfi_safetensors_open(&file, path), VPF_OK);
  assert_int_equal(vpfi_safetensors_count(file), 0);
  vpfi_safetensors_close(file);
}

static void text_that_needs_escapes_is_not_written(void **state) {
  (void)state;
  static const char *const wrong[] = {"\"", "\\", "\n", "\x7f", "\xc3\xa9"};
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
    const vpfi_metadata entry = {"note", wrong[k]};
    vpfi_tensor tensor = tensors[0];
    snprintf(tensor.name, sizeof tensor.name, "%s", wrong[k]);
    assert_int_equal(vpfi_safetensors_write(path, &entry, 1, tensors, 4), VPF_ERR_INTERNAL);
    assert_int_equal(vpfi_safetensors_write(path, NULL, 0, &tensor, 1), VPF_ERR_INTERNAL);
    assert_int_equal(access(path, F_OK), -1);
  }
}

static void header_that_could_not_be_read_back_is_not_written(void **state) {
  (void)state;
  char *value = malloc(VPFI_SAFETENSORS_HEADER_LIMIT + 1);
  assert_non_null(value);
  memset(value, 'x', VPFI_SAFETENSORS_HEADER_LIMIT);
  const vpfi_metadata entry = {"note", value};
  for (size_t length = VPFI_SAFETENSORS_HEADER_LIMIT - 70; length <= VPFI_SAFETENSORS_HEADER_LIMIT; length++) {
    value[length] = 0;
    const vpf_status status = vpfi_safetensors_write(path, &entry, 1, NULL, 0);
    if (status) {
      assert_int_equal(status, VPF_ERR_LIMIT);
      assert_error_says("4194304");
      assert_true(length > VPFI_SAFETENSORS_HEADER_LIMIT - 60);
      break;
    }
    assert_int_equal(try_open(), VPF_OK);
    value[length] = 'x';
  }
  free(value);
}

static void tensors_beyond_the_size_of_memory_are_not_written(void **state) {
  (void)state;
  vpfi_tensor huge[2] = {tensors[2], tensors[2]};
  huge[0].rank = 2;
  huge[0].rows = SIZE_MAX / 4;
  assert_int_equal(vpfi_safetensors_write(path, NULL, 0, huge, 1), VPF_ERR_LIMIT);
  huge[0].rank = huge[0].rows = 1;
  huge[0].cols = huge[0].stride = SIZE_MAX / 8;
  huge[1] = huge[0];
  assert_int_equal(vpfi_safetensors_write(path, NULL, 0, huge, 2), VPF_ERR_LIMIT);
  assert_int_equal(access(path, F_OK), -1);
}

static void full_disk_is_reported(void **state) {
  (void)state;
  snprintf(path, sizeof path, "/dev/full");
  assert_int_equal(write_container(), VPF_ERR_IO);
  assert_error_says("/dev/full: No space left on device");
}

/* ---- reading what was written ---- */

static void everything_is_read_back(void **state) {
  (void)state;
  vpfi_safetensors *file;
  assert_int_equal(write_container(), VPF_OK);
  assert_int_equal(vpfi_safetensors_open(&file, path), VPF_OK);
  assert_int_equal(vpfi_safetensors_count(file), 4);
  for (size_t k = 0; k < 4; k++) {
    const vpfi_tensor *t = &tensors[k];
    const size_t size = vpfi_dtype_size(t->dtype), stride = t->cols + 3;
    unsigned char found[256];
    memset(found, 0xaa, sizeof found);
    size_t rows, cols;
    assert_int_equal(vpfi_safetensors_shape(file, t->name, t->dtype, t->rank, &rows, &cols), VPF_OK);
    assert_int_equal(rows, t->rows);
    assert_int_equal(cols, t->cols);
    assert_int_equal(vpfi_safetensors_read(file, t->name, t->dtype, t->rank, rows, cols, stride, found), VPF_OK);
    for (size_t i = 0; i < rows; i++) {
      const unsigned char *from = (const unsigned char *)t->data + i * t->stride * size;
      assert_memory_equal(found + i * stride * size, from, cols * size);
      for (size_t b = cols * size; b < stride * size; b++)
        assert_int_equal(found[i * stride * size + b], 0xaa); /* padding is not touched */
    }
  }
  vpfi_safetensors_close(file);
}

static void metadata_can_be_listed(void **state) {
  (void)state;
  vpfi_safetensors *file;
  const vpfi_metadata two[] = {{"first", "1"}, {"second", ""}};
  assert_int_equal(vpfi_safetensors_write(path, two, 2, tensors, 4), VPF_OK);
  assert_int_equal(vpfi_safetensors_open(&file, path), VPF_OK);
  assert_string_equal(vpfi_safetensors_metadata(file, "first"), "1");
  assert_string_equal(vpfi_safetensors_metadata(file, "second"), "");
  assert_null(vpfi_safetensors_metadata(file, "third"));
  size_t count = 0;
  for (const char *key = NULL; (key = vpfi_safetensors_next_key(file, key)); count++)
    assert_non_null(vpfi_safetensors_metadata(file, key));
  assert_int_equal(count, 3);
  vpfi_safetensors_close(file);
}

static void wrong_questions_are_refused(void **state) {
  (void)state;
  vpfi_safetensors *file;
  double found[16];
  size_t rows, cols;
  assert_int_equal(write_container(), VPF_OK);
  assert_int_equal(vpfi_safetensors_open(&file, path), VPF_OK);
  assert_int_equal(vpfi_safetensors_shape(file, "none", VPFI_DTYPE_F32, 2, &rows, &cols), VPF_ERR_FORMAT);
  assert_error_says("there is no tensor \"none\"");
  assert_int_equal(vpfi_safetensors_shape(file, "__metadata__", VPFI_DTYPE_F32, 2, &rows, &cols), VPF_ERR_FORMAT);
  assert_int_equal(vpfi_safetensors_shape(file, "floats", VPFI_DTYPE_F64, 2, &rows, &cols), VPF_ERR_FORMAT);
  assert_error_says("is F32 of rank 2, not F64 of rank 2");
  assert_int_equal(vpfi_safetensors_shape(file, "floats", VPFI_DTYPE_F32, 1, &rows, &cols), VPF_ERR_FORMAT);
  assert_int_equal(vpfi_safetensors_read(file, "floats", VPFI_DTYPE_F32, 2, 3, 2, 2, found), VPF_ERR_FORMAT);
  assert_error_says("is 2 x 3, not 3 x 2");
  assert_error_says(path);
  vpfi_safetensors_close(file);
  vpfi_safetensors_close(NULL);
}

static void file_shortened_after_opening_is_an_input_error(void **state) {
  (void)state;
  vpfi_safetensors *file;
  double found[3];
  assert_int_equal(write_container(), VPF_OK);
  assert_int_equal(vpfi_safetensors_open(&file, path), VPF_OK);
  assert_int_equal(truncate(path, 340), 0);
  assert_int_equal(vpfi_safetensors_read(file, "doubles", VPFI_DTYPE_F64, 1, 1, 3, 3, found), VPF_ERR_IO);
  assert_error_says("became shorter");
  vpfi_safetensors_close(file);
}

/* ---- damage ---- */

static void every_changed_bit_is_refused(void **state) {
  (void)state;
  unsigned char file[MOST_BYTES];
  assert_int_equal(write_container(), VPF_OK);
  const size_t size = get_bytes(path, file);
  for (size_t bit = 0; bit < 8 * size; bit++) {
    file[bit / 8] ^= (unsigned char)(1u << bit % 8);
    put_bytes(file, size);
    file[bit / 8] ^= (unsigned char)(1u << bit % 8);
    assert_refused(VPF_ERR_FORMAT, path);
  }
}

static void file_cut_anywhere_or_too_long_is_refused(void **state) {
  (void)state;
  unsigned char file[MOST_BYTES] = {0};
  assert_int_equal(write_container(), VPF_OK);
  const size_t full = get_bytes(path, file);
  for (size_t size = 0; size < full; size++) {
    put_bytes(file, size);
    assert_refused(VPF_ERR_FORMAT, path);
  }
  for (size_t more = 1; more < 20; more++) {
    put_bytes(file, full + more);
    assert_refused(VPF_ERR_FORMAT, "the tensors take 69 bytes, the file has");
  }
}

static void lying_lengths_of_the_header_are_refused(void **state) {
  (void)state;
  static const uint64_t length[] = {0,         1,          2,           374,           UINT32_MAX,
                                    1ULL << 62, 1ULL << 63, UINT64_MAX, UINT64_MAX - 7};
  unsigned char file[MOST_BYTES];
  assert_int_equal(write_container(), VPF_OK);
  const size_t size = get_bytes(path, file);
  for (size_t k = 0; k < sizeof length / sizeof *length; k++) {
    put_length(file, length[k]);
    put_bytes(file, size);
    assert_refused(VPF_ERR_FORMAT, path);
  }
}

static void header_above_the_limit_is_refused(void **state) {
  (void)state;
  const size_t size = VPFI_SAFETENSORS_HEADER_LIMIT + 9;
  unsigned char *file = malloc(size);
  assert_non_null(file);
  memset(file, ' ', size);
  file[8] = '{';
  file[9] = '}';
  put_length(file, size - 8);
  put_bytes(file, size);
  assert_refused(VPF_ERR_FORMAT, "is above the limit of 4194304");
  put_length(file, size - 9);
  put_bytes(file, size);
  assert_refused(VPF_ERR_FORMAT, "there is no \"__metadata__\"");
  free(file);
}

/* ---- crafted headers; M is right metadata, T(..) a tensor entry ---- */

#define M "\"__metadata__\":{\"vpf_crc32\":\"########\"}"
#define T(name, dtype, shape, offsets) \
  "\"" name "\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}"
#define F32 "\"F32\""

typedef struct crafted {
  const char *header;
  size_t data;
  const char *says; /* NULL: accepted */
} crafted;

static void check_crafted(const crafted *cases, size_t count) {
  for (size_t k = 0; k < count; k++) {
    put_crafted(cases[k].header, cases[k].data);
    if (cases[k].says) {
      assert_refused(VPF_ERR_FORMAT, cases[k].says);
    } else if (try_open() != VPF_OK) {
      fail_msg("%s: %s", cases[k].header, vpfi_error_text());
    }
  }
}

static void harmless_variations_are_accepted(void **state) {
  (void)state;
  static const crafted cases[] = {
      {"{" M "}", 0, NULL},
      {"{" M "}   \n\t  ", 0, NULL},
      {"{" M "," T("a", F32, "[1]", "[0,4]") "}", 4, NULL},
      {"{" T("a", F32, "[1]", "[0,4]") "," M "}", 4, NULL},
      {"{" M "," T("b", F32, "[1]", "[4,8]") "," T("a", F32, "[1]", "[0,4]") "}", 8, NULL}, /* any order */
      {"{" M ",\"a\":{\"shape\":[2,3],\"data_offsets\":[0,6],\"dtype\":\"U8\"}}", 6, NULL},
      {"{\"__metadata__\":{ \"vpf_crc32\"\n :\t\"########\" , \"x\":\"\\u00e9\\n\"}}", 0, NULL},
      {"{\"__metadata__\":{\"format\":\"pt\",\"vpf_crc32\":\"########\"}," T("\xc3\xa9", F32, "[1]", "[0,4]") "}",
       4, NULL},
      {"{\"__metadata__\":{\"vpf_crc32\":\"########\",\"x\":\"\\u0000\",\"y\":\"a\\u0000b\\ud83d\\ude00\",\"\":\"\"}}", 0, NULL},
      {"{\"__metadata__\":{\"\\u0076pf\":\"{[{[{[\",\"vpf_crc32\":\"########\"}}", 0, NULL},
      {"{\"__metadata__\":{\"a\":\"vpf_crc32 \\\"vpf_crc32\\\"\",\"vpf_crc32\":\"########\"}}", 0, NULL},
  };
  check_crafted(cases, sizeof cases / sizeof *cases);
}

static void headers_that_are_not_right_json_are_refused(void **state) {
  (void)state;
  static const crafted cases[] = {
      {"", 0, "does not begin with '{'"},
      {" {" M "}", 0, "does not begin with '{'"},
      {"[" M "]", 0, "does not begin with '{'"},
      {"{" M, 0, "not JSON"},
      {"{" M "}}", 0, "not JSON"},
      {"{" M "} x", 0, "not JSON"},
      {"{" M ",}", 0, "not JSON"},
      {"{" M "," M "}", 0, "not JSON: duplicate object key"},
      {"{" M "," T("a", F32, "[1]", "[0,4]") "," T("a", F32, "[1]", "[4,8]") "}", 8, "duplicate"},
      {"{\"__metadata__\":{\"vpf_crc32\":\"########\",\"x\":\"1\",\"x\":\"2\"}}", 0, "duplicate"},
      {"{" M ",\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "duplicate"},
      {"{" M ",\"\xff\":1}", 0, "not JSON"},
      {"{" M ",x", 0, "not JSON"},
      {"{" M ",averyveryveryverylongword:1}", 0, "not JSON: string or '}' expected"},
      {"{" M ",\"x\":averyveryveryverylongword}", 0, "not JSON: invalid token"},
      {"{" M ",\"x\" \"y\"}", 0, "not JSON: ':' expected"},
      {"{" M ",\"x\":\"\\q\"}", 0, "not JSON: invalid escape"},
      {"{" M ",\"x\":\"\n\"}", 0, "not JSON: unexpected newline"},
      {"{" M ",\"x", 0, "not JSON: premature end"},
      {"{" M ",\"a\\u0000b\":1}", 0, "not JSON"},
      {"{" M "," T("a", F32, "[99999999999999999999]", "[0,4]") "}", 4, "not JSON: too big integer"},
      {"{" M "," T("a", F32, "[1]", "[0,1e999]") "}", 4, "not JSON"},
      {"{" M ",\"a\":{\"dtype\":\"F32\",\"shape\":[[1]],\"data_offsets\":[0,4]}}", 4, "nested more than 3 deep"},
      {"{" M ",\"a\":[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]}", 0, "objects and arrays in"},
  };
  check_crafted(cases, sizeof cases / sizeof *cases);
}

static void wrong_metadata_are_refused(void **state) {
  (void)state;
  static const crafted cases[] = {
      {"{}", 0, "another program seems to have written it, as there is no \"__metadata__\"; put its tensors into a model by"},
      {"{\"__metadata__\":[\"vpf_crc32\",\"########\"]}", 0, "\"__metadata__\" is not an object"},
      {"{\"__metadata__\":\"\"}", 0, "\"__metadata__\" is not an object"},
      {"{\"__metadata__\":{\"vpf_crc32\":\"########\",\"vpf_kind\":\"model\\u0000\"}}", 0, "has a NUL in it"},
      {"{\"__metadata__\":{\"vpf_crc32\":\"########\\u0000\"}}", 0, "has a NUL in it"},
      {"{\"__metadata__\":{\"vpf_crc32\":\"########\",\"x\":1}}", 0, "metadata \"x\" is not a string"},
      {"{\"__metadata__\":{\"vpf_crc32\":\"########\",\"x\":null}}", 0, "is not a string"},
      {"{\"__metadata__\":{\"vpf_crc32\":\"########\",\"x\":{}}}", 0, "is not a string"},
  };
  check_crafted(cases, sizeof cases / sizeof *cases);
}

static void checksum_must_be_there_once_and_right(void **state) {
  (void)state;
  static const crafted cases[] = {
      {"{\"__metadata__\":{}}", 0, "another program seems to have written it, as there is no checksum"},
      {"{\"__metadata__\":{\"vpf_crc32 \":\"########\"}}", 0, "there is no checksum"},
      {"{\"__metadata__\":{\"vpf_crc32\":\"0000000\"}}", 0, "8 lower-case hex digits"},
      {"{\"__metadata__\":{\"vpf_crc32\":\"000000000\"}}", 0, "8 lower-case hex digits"},
      {"{\"__metadata__\":{\"vpf_crc32\":\"0000000A\"}}", 0, "8 lower-case hex digits"},
      {"{\"__metadata__\":{\"vpf_crc32\":\"0x000000\"}}", 0, "8 lower-case hex digits"},
      {"{\"__metadata__\":{\"vpf_crc32\":\" 0000000\"}}", 0, "8 lower-case hex digits"},
      {"{\"__metadata__\":{\"vpf_crc32\":\"\"}}", 0, "8 lower-case hex digits"},
      {"{\"__metadata__\":{\"vpf_crc32\":\"00000000\"}}", 0, "damaged: its checksum is"},
      {"{\"__metadata__\":{\"vpf_crc3\\u0032\":\"########\"}}", 0, "cannot be located"},
      {"{\"__metadata__\":{\"vpf_crc32\":\"0000000\\u0030\"}}", 0, "cannot be located"},
      /* the key as a value, beside the key in another spelling */
      {"{\"__metadata__\":{\"vpf_crc32\":\"########\",\"x\":\"vpf_crc32\"}}", 0, "cannot be located"},
      {"{\"__metadata__\":{\"vpf_crc3\\u0032\":\"########\",\"x\":\"vpf_crc32\"}}", 0, "cannot be located"},
      /* the end of a longer key, with the same digits */
      {"{\"__metadata__\":{\"vpf_crc3\\u0032\":\"########\",\"x\\\"vpf_crc32\":\"########\"}}", 0,
       "cannot be located"},
      {"{" M "," T("vpf_crc32", F32, "[1]", "[0,4]") "}", 4, "cannot be located"},
  };
  check_crafted(cases, sizeof cases / sizeof *cases);
}

#define RIGHT_KEYS \
  "\"vpf_format\":\"1\",\"vpf_kind\":\"model\",\"vpf_sizes\":\"1\",\"vpf_intra\":\"0\",\"vpf_coupling\":\"pairwise\""
#define STALE "\"vpf_crc32\":\"00000000\""

/* A wrong checksum where order and spacing are this library's: bytes have changed. Elsewhere another program has
 * saved the tensors again, and taken the checksum over or left it out. */
static void damage_is_told_from_another_writer(void **state) {
  (void)state;
  static const char damaged[] = "damaged: its checksum is ", other[] = "another program seems to have saved it again";
  static const crafted cases[] = {
      {"{\"__metadata__\":{" STALE "," RIGHT_KEYS "}," T("bias.0", F32, "[1]", "[0,4]") "}", 4, damaged},
      {"{\"__metadata__\":{" STALE "," RIGHT_KEYS "}," T("bias.0", F32, "[1]", "[0,4]") "}      ", 4, damaged},
      {"{\"__metadata__\":{" STALE ", " RIGHT_KEYS "}}", 0, other},
      {"{ \"__metadata__\":{" STALE "," RIGHT_KEYS "}}", 0, other},
      {"{\"__metadata__\":{" STALE "," RIGHT_KEYS "}}\n", 0, other},
      {"{\"__metadata__\":{" RIGHT_KEYS "," STALE "}}", 0, other},
      {"{\"__metadata__\":{" STALE "," RIGHT_KEYS ",\"format\":\"pt\"}}", 0, other},
      {"{\"__metadata__\":{\"format\":\"pt\"," STALE "}}", 0, other},
      {"{\"__metadata__\":{" STALE ",\"vpf_kind\":\"model\",\"vpf_format\":\"1\"}}", 0, other},
      {"{" T("bias.0", F32, "[1]", "[0,4]") ",\"__metadata__\":{" STALE "," RIGHT_KEYS "}}", 4, other},
      {"{" T("bias.0", F32, "[1]", "[0,4]") "}", 4, "another program seems to have written it, as there is no \"__metadata__\""},
      {"{\"__metadata__\":{\"format\":\"pt\"}," T("W", "\"BF16\"", "[1,1,1]", "[0,2]") "}", 2, "there is no checksum"},
  };
  check_crafted(cases, sizeof cases / sizeof *cases);
}

static void wrong_entries_are_refused(void **state) {
  (void)state;
  static const crafted cases[] = {
      {"{" M "," T("a", "\"F32\\u0000\"", "[1]", "[0,4]") "}", 4, "is of type \"F32\""},
      {"{" M ",\"a\":1}", 0, "must have dtype, shape, data_offsets and nothing else"},
      {"{" M ",\"a\":{}}", 0, "must have dtype"},
      {"{" M ",\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "must have dtype"},
      {"{" M ",\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "must have dtype"},
      {"{" M ",\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "must have dtype"},
      {"{" M ",\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}", 4, "nothing else"},
      {"{" M "," T("a", "32", "[1]", "[0,4]") "}", 4, "must have dtype"},
      {"{" M "," T("a", "\"F16\"", "[2]", "[0,4]") "}", 4, "is of type \"F16\", not F32, F64, U8 or U64"},
      {"{" M "," T("a", "\"f32\"", "[1]", "[0,4]") "}", 4, "is of type"},
      {"{" M "," T("a", "\"\"", "[1]", "[0,4]") "}", 4, "is of type"},
      {"{" M "," T("a", F32, "1", "[0,4]") "}", 4, "array of 1 or 2"},
      {"{" M "," T("a", F32, "[]", "[0,4]") "}", 4, "array of 1 or 2"},
      {"{" M "," T("a", F32, "[1,1,1]", "[0,4]") "}", 4, "array of 1 or 2"},
      {"{" M "," T("a", F32, "{\"0\":1}", "[0,4]") "}", 4, "array of 1 or 2"},
      {"{" M "," T("a", F32, "[0]", "[0,0]") "}", 0, "not a positive integer"},
      {"{" M "," T("a", F32, "[1,0]", "[0,0]") "}", 0, "not a positive integer"},
      {"{" M "," T("a", F32, "[-1]", "[0,4]") "}", 4, "not a positive integer"},
      {"{" M "," T("a", F32, "[1.0]", "[0,4]") "}", 4, "not a positive integer"},
      {"{" M "," T("a", F32, "[\"1\"]", "[0,4]") "}", 4, "not a positive integer"},
      {"{" M "," T("a", F32, "[true]", "[0,4]") "}", 4, "not a positive integer"},
      {"{" M "," T("a\\nb\\u001b[2J", F32, "[0]", "[0,4]") "}", 4, "tensor \"a?b?[2J\""},
  };
  check_crafted(cases, sizeof cases / sizeof *cases);
}

static void wrong_offsets_are_refused(void **state) {
  (void)state;
  static const crafted cases[] = {
      {"{" M "," T("a", F32, "[1]", "4") "}", 4, "array of 2 integers"},
      {"{" M "," T("a", F32, "[1]", "[0]") "}", 4, "array of 2 integers"},
      {"{" M "," T("a", F32, "[1]", "[0,4,4]") "}", 4, "array of 2 integers"},
      {"{" M "," T("a", F32, "[1]", "[-4,0]") "}", 4, "array of 2 integers"},
      {"{" M "," T("a", F32, "[1]", "[0,4.0]") "}", 4, "array of 2 integers"},
      {"{" M "," T("a", F32, "[1]", "[4,0]") "}", 4, "are outside the 4 bytes"},
      {"{" M "," T("a", F32, "[1]", "[4,8]") "}", 4, "are outside the 4 bytes"},
      {"{" M "," T("a", F32, "[2]", "[0,8]") "}", 7, "are outside the 7 bytes"},
      {"{" M "," T("a", F32, "[1]", "[9223372036854775803,9223372036854775807]") "}", 4, "are outside"},
      {"{" M "," T("a", F32, "[2]", "[0,4]") "}", 4, "does not fill its 4 bytes"},
      {"{" M "," T("a", F32, "[1]", "[0,8]") "}", 8, "does not fill its 8 bytes"},
      {"{" M "," T("a", F32, "[4611686018427387905,4]", "[0,16]") "}", 16, "does not fill"}, /* 2^66 + 16 */
      {"{" M "," T("a", F32, "[4611686018427387905]", "[0,4]") "}", 4, "does not fill"},     /* 2^64 + 4 */
      {"{" M "," T("a", F32, "[1]", "[4,8]") "}", 8, "leave a gap at byte 0"},
      {"{" M "," T("a", F32, "[1]", "[0,4]") "," T("b", F32, "[1]", "[8,12]") "}", 12, "leave a gap at byte 4"},
      {"{" M "," T("a", F32, "[1]", "[0,4]") "," T("b", F32, "[1]", "[0,4]") "}", 4, "overlap at byte 0"},
      {"{" M "," T("a", F32, "[2]", "[0,8]") "," T("b", F32, "[2]", "[4,12]") "}", 12, "overlap at byte 4"},
      {"{" M "," T("a", F32, "[3]", "[0,12]") "," T("b", F32, "[1]", "[4,8]") "}", 12, "overlap at byte 4"},
      {"{" M "," T("a", F32, "[1]", "[0,4]") "}", 5, "the tensors take 4 bytes, the file has 5"},
      {"{" M "}", 1, "the tensors take 0 bytes, the file has 1"},
  };
  check_crafted(cases, sizeof cases / sizeof *cases);
}

static void zero_bytes_in_the_header_are_refused(void **state) {
  (void)state;
  unsigned char file[MOST_BYTES];
  assert_int_equal(write_container(), VPF_OK);
  const size_t size = get_bytes(path, file), header = (size_t)get_length(file);
  for (size_t k = 8; k < 8 + header; k++) {
    const unsigned char kept = file[k];
    file[k] = 0;
    put_bytes(file, size);
    file[k] = kept;
    assert_refused(VPF_ERR_FORMAT, path);
  }
}

/* ---- files that cannot be read ---- */

static void what_is_no_file_is_an_input_error(void **state) {
  (void)state;
  assert_refused(VPF_ERR_IO, "No such file or directory");
  assert_error_says(path);
  assert_int_equal(mkfifo(path, 0600), 0);
  alarm(20);
  assert_refused(VPF_ERR_IO, "not a regular file");
  snprintf(path, sizeof path, "/dev/zero");
  assert_refused(VPF_ERR_IO, "not a regular file");
  alarm(0);
  snprintf(path, sizeof path, "%s", folder);
  assert_refused(VPF_ERR_IO, "Is a directory");
}

static void lack_of_memory_anywhere_is_reported(void **state) {
  (void)state;
  vpf_status status = VPF_ERR_MEMORY;
  for (failing_allocation = 1; status; failing_allocation++) {
    allocations = 0;
    status = write_container();
    if (status) {
      assert_int_equal(status, VPF_ERR_MEMORY);
      assert_int_equal(access(path, F_OK), -1);
    }
    assert_int_equal(live_blocks, 0);
  }
  assert_true(failing_allocation > 3); /* the header, the file */

  status = VPF_ERR_MEMORY;
  for (failing_allocation = 1; status; failing_allocation++) {
    allocations = 0;
    status = try_open();
    if (status) assert_int_equal(status, VPF_ERR_MEMORY);
    assert_int_equal(live_blocks, 0);
  }
  assert_true(failing_allocation > 5);
}

/* Once the k-th allocation alone fails, once all from the k-th on. */
static void lack_of_memory_inside_jansson_is_reported(void **state) {
  (void)state;
  const vpfi_metadata entry = {"note", "long enough that jansson has to make room for it more than once"};
  assert_int_equal(vpfi_safetensors_write(path, &entry, 1, tensors, 4), VPF_OK);
  for (int persistent = 0; persistent < 2; persistent++) {
    json_fails_for_ever = persistent;
    vpf_status status = VPF_ERR_MEMORY;
    for (failing_json = 1; status; failing_json++) {
      json_allocations = 0;
      status = try_open();
      if (status && status != VPF_ERR_MEMORY) fail_msg("allocation %zu: %s", failing_json, vpfi_error_text());
      assert_int_equal(json_live, 0);
      assert_int_equal(live_blocks, 0);
    }
    assert_true(json_allocations + 2 == failing_json && failing_json > 100); /* none was left out */
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const vpf_allocator counted = {sizeof counted, counted_allocate, counted_release, NULL};
  if (vpfi_set_allocator(&counted)) return 1;
  json_set_alloc_funcs(json_allocate, json_release);
  const struct CMUnitTest tests[] = {
      TEST(bytes_are_those_of_another_writer),
      TEST(same_content_gives_the_same_bytes),
      TEST(tensors_begin_at_a_multiple_of_8_for_every_length_of_header),
      TEST(checksum_is_zlibs_with_zeros_for_its_digits),
      TEST(container_without_tensors_can_be_written),
      TEST(text_that_needs_escapes_is_not_written),
      TEST(header_that_could_not_be_read_back_is_not_written),
      TEST(tensors_beyond_the_size_of_memory_are_not_written),
      TEST(full_disk_is_reported),
      TEST(everything_is_read_back),
      TEST(metadata_can_be_listed),
      TEST(wrong_questions_are_refused),
      TEST(file_shortened_after_opening_is_an_input_error),
      TEST(every_changed_bit_is_refused),
      TEST(file_cut_anywhere_or_too_long_is_refused),
      TEST(lying_lengths_of_the_header_are_refused),
      TEST(header_above_the_limit_is_refused),
      TEST(harmless_variations_are_accepted),
      TEST(headers_that_are_not_right_json_are_refused),
      TEST(wrong_metadata_are_refused),
      TEST(checksum_must_be_there_once_and_right),
      TEST(damage_is_told_from_another_writer),
      TEST(wrong_entries_are_refused),
      TEST(wrong_offsets_are_refused),
      TEST(zero_bytes_in_the_header_are_refused),
      TEST(what_is_no_file_is_an_input_error),
      TEST(lack_of_memory_anywhere_is_reported),
      TEST(lack_of_memory_inside_jansson_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
