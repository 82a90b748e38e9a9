/* SPDX-License-Identifier: MIT */
/* Images are read as they are, and every file that is not exactly what it promises is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "store/idx.h"

#ifndef VPF_TESTS
#define VPF_TESTS "tests"
#endif

static char folder[PATH_MAX - 64], path[PATH_MAX];

static void put_bytes(const uint8_t *bytes, size_t count) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, count, file), count);
  assert_int_equal(fclose(file), 0);
}

static void assert_error_says(const char *part) {
  if (!strstr(vpfi_error_text(), part)) fail_msg("\"%s\" does not say \"%s\"", vpfi_error_text(), part);
}

static void put_word(uint8_t *to, size_t word) {
  for (size_t k = 0; k < 4; k++) to[k] = (uint8_t)(word >> (24 - 8 * k));
}

static void put_header(uint8_t header[16], size_t magic, size_t images, size_t height, size_t width) {
  put_word(header, magic);
  put_word(header + 4, images);
  put_word(header + 8, height);
  put_word(header + 12, width);
}

/* 4 images of 3 x 5; returns the bytes of the file. */
enum { SMALL_BODY = 60, SMALL_FILE = 16 + SMALL_BODY };

static void make_small(uint8_t file[SMALL_FILE]) {
  put_header(file, 0x803, 4, 3, 5);
  for (size_t k = 0; k < SMALL_BODY; k++) file[16 + k] = (uint8_t)(k * 37 + 5);
}

static size_t compress_to(uint8_t *out, size_t room, const uint8_t *bytes, size_t count, int level) {
  z_stream stream = {0};
  assert_int_equal(deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  uint8_t *input = malloc(count + 1); /* next_in is not const in every zlib */
  assert_non_null(input);
  memcpy(input, bytes, count);
  stream.next_in = input;
  stream.avail_in = (uInt)count;
  stream.next_out = out;
  stream.avail_out = (uInt)room;
  assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
  const size_t size = stream.total_out;
  deflateEnd(&stream);
  free(input);
  return size;
}

/* ---- an allocator that counts, remembers the peak, and can fail ---- */

typedef struct block_header {
  size_t size, padding;
} block_header;

static size_t live_bytes, peak_bytes, allocations, failing_allocation;

static void *counted_allocate(size_t size, void *user) {
  (void)user;
  if (++allocations == failing_allocation) return NULL;
  block_header *block = malloc(sizeof *block + size);
  if (!block) return NULL;
  block->size = size;
  live_bytes += size;
  if (live_bytes > peak_bytes) peak_bytes = live_bytes;
  return block + 1;
}

static void counted_release(void *pointer, void *user) {
  (void)user;
  block_header *block = (block_header *)pointer - 1;
  live_bytes -= block->size;
  free(block);
}

/* Read the file; on failure the outputs must be untouched and nothing may be kept. */
static vpf_status read_file(uint8_t **values, size_t *rows, size_t *cols) {
  uint8_t untouched;
  *values = &untouched;
  *rows = *cols = 12345;
  assert_int_equal(live_bytes, 0);
  peak_bytes = allocations = 0;
  const vpf_status status = vpfi_idx_read(path, values, rows, cols);
  if (status) {
    assert_ptr_equal(*values, &untouched);
    assert_int_equal(*rows, 12345);
    assert_int_equal(*cols, 12345);
    assert_int_equal(live_bytes, 0);
    *values = NULL;
  }
  return status;
}

static void assert_refused(vpf_status expected, const char *part) {
  uint8_t *values;
  size_t rows, cols;
  const vpf_status status = read_file(&values, &rows, &cols);
  vpfi_free(values);
  assert_int_equal(status, expected);
  assert_error_says(part);
}

static void assert_images(const uint8_t *expected, size_t images, size_t pixels) {
  uint8_t *values;
  size_t rows, cols;
  const vpf_status status = read_file(&values, &rows, &cols);
  if (status) fail_msg("%s", vpfi_error_text());
  assert_int_equal(rows, images);
  assert_int_equal(cols, pixels);
  assert_memory_equal(values, expected, images * pixels);
  vpfi_free(values);
  assert_int_equal(live_bytes, 0);
}

static int first_free_descriptor;

static int set_up(void **state) {
  (void)state;
  const char *parent = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/vpf-idx-XXXXXX", parent && *parent ? parent : "/tmp");
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/images", folder);
  live_bytes = 0; /* what a failed test left */
  first_free_descriptor = dup(0);
  return close(first_free_descriptor);
}

static int tear_down(void **state) {
  (void)state;
  snprintf(path, sizeof path, "%s/images", folder);
  const int fd = dup(0);
  close(fd);
  if (fd != first_free_descriptor) return -1;
  if (unlink(path) != 0 && errno != ENOENT) return -1;
  return rmdir(folder);
}

/* ---- files that are right ---- */

static void plain_images_are_read(void **state) {
  (void)state;
  uint8_t file[SMALL_FILE];
  make_small(file);
  put_bytes(file, sizeof file);
  assert_images(file + 16, 4, 15);
}

static void gzip_is_recognised_by_content_at_every_level(void **state) {
  (void)state;
  uint8_t file[SMALL_FILE], packed[256];
  make_small(file);
  for (int level = 0; level <= 9; level++) {
    put_bytes(packed, compress_to(packed, sizeof packed, file, sizeof file, level));
    assert_images(file + 16, 4, 15);
  }
}

/* Cut at every place, also with an empty member in front. */
static void members_of_gzip_are_joined(void **state) {
  (void)state;
  uint8_t file[SMALL_FILE], packed[512];
  make_small(file);
  for (size_t cut = 0; cut <= sizeof file; cut++) {
    size_t size = compress_to(packed, sizeof packed, file, 0, 6);
    size += compress_to(packed + size, sizeof packed - size, file, cut, 6);
    size += compress_to(packed + size, sizeof packed - size, file + cut, sizeof file - cut, 6);
    put_bytes(packed, size);
    assert_images(file + 16, 4, 15);
  }
}

/* Larger than the room taken at first (1 MiB) and than several chunks of input. */
static void large_gzip_grows_as_it_arrives(void **state) {
  (void)state;
  enum { BODY = 5 * 1000 * 1003, FILE_BYTES = 16 + BODY, ROOM = FILE_BYTES + 65536 };
  uint8_t *file = malloc(FILE_BYTES), *packed = malloc(ROOM);
  assert_true(file && packed);
  put_header(file, 0x803, 5, 1000, 1003);
  uint32_t x = 1;
  for (size_t k = 16; k < FILE_BYTES; k++) file[k] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
  put_bytes(packed, compress_to(packed, ROOM, file, FILE_BYTES, 1));
  assert_images(file + 16, 5, 1003000);
  assert_true(peak_bytes < 2 * FILE_BYTES);
  free(file);
  free(packed);
}

static void files_of_another_writer_are_read(void **state) {
  (void)state;
  uint8_t expected[30];
  for (size_t k = 0; k < sizeof expected; k++) expected[k] = (uint8_t)(8 * k);
  snprintf(path, sizeof path, "%s/data/images.idx", VPF_TESTS);
  assert_images(expected, 3, 10);
  snprintf(path, sizeof path, "%s/data/images.idx.gz", VPF_TESTS);
  assert_images(expected, 3, 10);
}

static void fashion_mnist_is_read(void **state) {
  (void)state;
  snprintf(path, sizeof path, "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz");
  if (access(path, R_OK) != 0) skip();
  uint8_t *values;
  size_t rows, cols;
  assert_int_equal(read_file(&values, &rows, &cols), VPF_OK);
  assert_int_equal(rows, 10000);
  assert_int_equal(cols, 784);
  vpfi_free(values);
  snprintf(path, sizeof path, "/usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz");
  assert_refused(VPF_ERR_FORMAT, "holds labels, not images");
}

/* ---- files that are wrong ---- */

static void other_kinds_of_idx_are_named(void **state) {
  (void)state;
  uint8_t file[SMALL_FILE];
  make_small(file);
  put_word(file, 0x801);
  put_bytes(file, sizeof file);
  assert_refused(VPF_ERR_FORMAT, "holds labels, not images");
  put_word(file, 0xd03);
  put_bytes(file, sizeof file);
  assert_refused(VPF_ERR_FORMAT, "it begins with 0x00000d03, not 0x00000803");
}

static void every_changed_bit_of_the_header_is_refused(void **state) {
  (void)state;
  uint8_t file[SMALL_FILE], packed[256];
  for (size_t bit = 0; bit < 8 * 16; bit++) {
    make_small(file);
    file[bit / 8] ^= (uint8_t)(1u << bit % 8);
    put_bytes(file, sizeof file);
    assert_refused(VPF_ERR_FORMAT, path);
    put_bytes(packed, compress_to(packed, sizeof packed, file, sizeof file, 9));
    assert_refused(VPF_ERR_FORMAT, path);
  }
}

static void dimensions_of_zero_are_refused(void **state) {
  (void)state;
  uint8_t file[16];
  for (size_t zero = 0; zero < 3; zero++) {
    put_header(file, 0x803, zero != 0, zero != 1, zero != 2);
    put_bytes(file, sizeof file);
    assert_refused(VPF_ERR_FORMAT, "each must be at least 1");
  }
}

static void file_cut_anywhere_is_refused(void **state) {
  (void)state;
  uint8_t file[SMALL_FILE];
  make_small(file);
  for (size_t size = 0; size < sizeof file; size++) {
    put_bytes(file, size);
    assert_refused(VPF_ERR_FORMAT, size < 16 ? "inside the header" : "after the header");
  }
}

static void gzip_cut_anywhere_is_refused(void **state) {
  (void)state;
  uint8_t file[SMALL_FILE], packed[256];
  make_small(file);
  const size_t full = compress_to(packed, sizeof packed, file, sizeof file, 6);
  for (size_t size = 2; size < full; size++) {
    put_bytes(packed, size);
    assert_refused(VPF_ERR_FORMAT, "cut off after");
  }
}

/* A changed bit is found, or it means nothing: the time and system in the header of gzip (6 bytes),
 * a flag, the bits that fill the last byte of the compressed data. */
static void changed_bit_of_gzip_never_changes_the_images(void **state) {
  (void)state;
  uint8_t file[SMALL_FILE], packed[256];
  make_small(file);
  const size_t size = compress_to(packed, sizeof packed, file, sizeof file, 6);
  size_t accepted = 0;
  for (size_t bit = 0; bit < 8 * size; bit++) {
    packed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    put_bytes(packed, size);
    packed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    uint8_t *values;
    size_t rows, cols;
    const vpf_status status = read_file(&values, &rows, &cols);
    if (status) {
      assert_int_equal(status, VPF_ERR_FORMAT);
      continue;
    }
    assert_memory_equal(values, file + 16, SMALL_BODY);
    vpfi_free(values);
    accepted++;
  }
  assert_true(accepted >= 8 * 6 && accepted <= 8 * 6 + 3 + 7);
}

static void damage_of_gzip_is_named(void **state) {
  (void)state;
  uint8_t file[SMALL_FILE], packed[256];
  make_small(file);
  const size_t size = compress_to(packed, sizeof packed, file, sizeof file, 6);
  packed[size - 8] ^= 1;
  put_bytes(packed, size);
  assert_refused(VPF_ERR_FORMAT, "damaged: incorrect data check");
  packed[size - 8] ^= 1;
  packed[size - 1] ^= 1;
  put_bytes(packed, size);
  assert_refused(VPF_ERR_FORMAT, "damaged: incorrect length check");
}

static void garbage_after_gzip_is_refused(void **state) {
  (void)state;
  uint8_t file[SMALL_FILE], packed[256];
  make_small(file);
  const size_t size = compress_to(packed, sizeof packed, file, sizeof file, 6);
  for (int byte = 1; byte < 256; byte++) {
    packed[size] = (uint8_t)byte;
    put_bytes(packed, size + 1);
    assert_refused(VPF_ERR_FORMAT, byte == 0x1f ? "cut off" : "garbage after the end");
  }
  memcpy(packed + size, "\x1f\x8c garbage", 10);
  put_bytes(packed, size + 10);
  assert_refused(VPF_ERR_FORMAT, "damaged: incorrect header check");
}

/* Shorter and longer than a chunk of input (65536 bytes), and beginning anywhere in one. */
static void zeros_after_gzip_are_padding(void **state) {
  (void)state;
  static const size_t padding[] = {1, 2, 7, 511, 65535, 65536, 65537, 200000};
  static uint8_t file[SMALL_FILE], packed[1 << 19];
  make_small(file);
  for (size_t members = 1; members <= 2; members++)
    for (size_t k = 0; k < sizeof padding / sizeof *padding; k++) {
      const size_t half = members == 2 ? SMALL_FILE / 2 : 0;
      size_t size = half ? compress_to(packed, 4096, file, half, 6) : 0;
      size += compress_to(packed + size, 4096, file + half, SMALL_FILE - half, 6);
      memset(packed + size, 0, padding[k] + 512);
      put_bytes(packed, size + padding[k]);
      assert_images(file + 16, 4, 15);

      packed[size + padding[k] - 1] = 1; /* the last byte */
      put_bytes(packed, size + padding[k]);
      assert_refused(VPF_ERR_FORMAT, "garbage after the end");
      packed[size + padding[k] - 1] = 0;
      const size_t more = compress_to(packed + size + padding[k], 4096, file, 0, 6); /* padding is at the end only */
      put_bytes(packed, size + padding[k] + more);
      assert_refused(VPF_ERR_FORMAT, "garbage after the end");
    }
}

/* Zeros between two members, and zeros in place of what is missing, are no padding. */
static void zeros_elsewhere_are_damage(void **state) {
  (void)state;
  uint8_t file[SMALL_FILE], packed[1024] = {0};
  make_small(file);
  const size_t first = compress_to(packed, 256, file, 40, 6);
  const size_t second = compress_to(packed + first + 1, 256, file + 40, SMALL_FILE - 40, 6);
  put_bytes(packed, first + 1 + second);
  assert_refused(VPF_ERR_FORMAT, "garbage after the end");
  const size_t full = compress_to(packed, sizeof packed, file, sizeof file, 6);
  for (size_t cut = 10; cut < full; cut++) {
    if (cut > full - 8) continue; /* the length itself ends with zeros */
    compress_to(packed, sizeof packed, file, sizeof file, 6);
    memset(packed + cut, 0, sizeof packed - cut);
    put_bytes(packed, sizeof packed);
    assert_refused(VPF_ERR_FORMAT, path);
  }
}

static void excess_is_counted(void **state) {
  (void)state;
  uint8_t file[SMALL_FILE + 7] = {0}, packed[256];
  make_small(file);
  for (size_t more = 1; more <= 7; more++) {
    char expected[64];
    snprintf(expected, sizeof expected, "(60 bytes), the file has %zu more", more);
    put_bytes(file, SMALL_FILE + more);
    assert_refused(VPF_ERR_FORMAT, expected);
    put_bytes(packed, compress_to(packed, sizeof packed, file, SMALL_FILE + more, 6));
    assert_refused(VPF_ERR_FORMAT, expected);
  }
}

static void bomb_is_not_unpacked_to_its_end(void **state) {
  (void)state;
  enum { ZEROS = 64 << 20, ROOM = 1 << 20 };
  uint8_t *zeros = calloc(ZEROS, 1), *packed = malloc(ROOM);
  assert_true(zeros && packed);
  put_header(zeros, 0x803, 1, 1, 1);
  put_bytes(packed, compress_to(packed, ROOM, zeros, ZEROS, 9));
  assert_refused(VPF_ERR_FORMAT, "the file has at least 1048576 more");
  assert_true(peak_bytes < 1 << 20);
  free(zeros);
  free(packed);
}

static void missing_images_are_counted(void **state) {
  (void)state;
  uint8_t file[16 + 1000] = {0};
  char expected[PATH_MAX + 128];
  put_header(file, 0x803, 60000, 28, 28);
  put_bytes(file, sizeof file);
  snprintf(expected, sizeof expected, "%s: header promises 60000 images of 28 x 28 (47040000 bytes), %s", path,
           "the file has 1000 after the header");
  assert_refused(VPF_ERR_FORMAT, expected);
  uint8_t packed[256];
  put_header(file, 0x803, 10, 10, 11);
  put_bytes(packed, compress_to(packed, sizeof packed, file, sizeof file, 6));
  assert_refused(VPF_ERR_FORMAT, "10 images of 10 x 11 (1100 bytes), the file has 1000 after the header");
}

/* Sizes whose product overflows, fills memory, or only lies a little. */
static void lying_header_allocates_nothing(void **state) {
  (void)state;
  static const size_t size[][3] = {{0xffffffff, 0xffffffff, 0xffffffff}, {0x80000000, 0x80000000, 4},
                                   {1, 0xffffffff, 0xffffffff},          {60000, 28000, 28},
                                   {0x10000, 0x10000, 0x10000},          {1, 1, 200000}};
  uint8_t file[SMALL_FILE], packed[256];
  for (size_t k = 0; k < sizeof size / sizeof *size; k++) {
    make_small(file);
    put_header(file, 0x803, size[k][0], size[k][1], size[k][2]);
    put_bytes(file, sizeof file);
    assert_refused(VPF_ERR_FORMAT, "header promises");
    assert_int_equal(allocations, 0);
    put_bytes(packed, compress_to(packed, sizeof packed, file, sizeof file, 6));
    assert_refused(VPF_ERR_FORMAT, k == 5 ? "which cannot come from" : "header promises");
    assert_true(peak_bytes < 300000); /* zlib's window and our chunk */
  }
}

/* Within what deflate could give, memory is taken as bytes arrive and not as they are promised. */
static void promise_of_a_long_gzip_is_not_believed(void **state) {
  (void)state;
  enum { NOISE = 200000, ROOM = 300000 };
  uint8_t *file = malloc(NOISE), *packed = malloc(ROOM);
  assert_true(file && packed);
  uint32_t x = 1;
  for (size_t k = 16; k < NOISE; k++) file[k] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
  put_header(file, 0x803, 1000, 400, 500); /* 200 MB */
  put_bytes(packed, compress_to(packed, ROOM, file, NOISE, 1));
  assert_refused(VPF_ERR_FORMAT, "the file has 199984 after the header");
  assert_true(peak_bytes < 2 << 20);
  free(file);
  free(packed);
}

/* ---- files that cannot be read ---- */

static void missing_file_is_an_input_error(void **state) {
  (void)state;
  assert_refused(VPF_ERR_IO, "No such file or directory");
  assert_error_says(path);
}

static void folder_is_an_input_error(void **state) {
  (void)state;
  snprintf(path, sizeof path, "%s", folder);
  assert_refused(VPF_ERR_IO, "Is a directory");
}

static void pipes_and_devices_are_refused_without_waiting(void **state) {
  (void)state;
  assert_int_equal(mkfifo(path, 0600), 0);
  alarm(20);
  assert_refused(VPF_ERR_IO, "not a regular file");
  snprintf(path, sizeof path, "/dev/zero");
  assert_refused(VPF_ERR_IO, "not a regular file");
  alarm(0);
}

/* Fail the 1st, 2nd, .. allocation until there is none left to fail. */
static void lack_of_memory_anywhere_is_reported(void **state) {
  (void)state;
  enum { BODY = 3 << 20, FILE_BYTES = 16 + BODY, ROOM = FILE_BYTES };
  uint8_t *file = calloc(FILE_BYTES, 1), *packed = malloc(ROOM);
  assert_true(file && packed);
  put_header(file, 0x803, 3, 1024, 1024);
  for (int gzip = 0; gzip < 2; gzip++) {
    if (gzip)
      put_bytes(packed, compress_to(packed, ROOM, file, FILE_BYTES, 6));
    else
      put_bytes(file, FILE_BYTES);
    vpf_status status = VPF_ERR_MEMORY;
    for (failing_allocation = 1; status; failing_allocation++) {
      uint8_t *values;
      size_t rows, cols;
      status = read_file(&values, &rows, &cols);
      if (!status) vpfi_free(values);
      if (status) assert_int_equal(status, VPF_ERR_MEMORY);
    }
    assert_true(failing_allocation > (gzip ? 6 : 2)); /* chunk, zlib's two, and three steps of growth */
    failing_allocation = 0;
  }
  free(file);
  free(packed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const vpf_allocator counted = {sizeof counted, counted_allocate, counted_release, NULL};
  if (vpfi_set_allocator(&counted)) return 1;
  const struct CMUnitTest tests[] = {
      TEST(plain_images_are_read),
      TEST(gzip_is_recognised_by_content_at_every_level),
      TEST(members_of_gzip_are_joined),
      TEST(large_gzip_grows_as_it_arrives),
      TEST(files_of_another_writer_are_read),
      TEST(fashion_mnist_is_read),
      TEST(other_kinds_of_idx_are_named),
      TEST(every_changed_bit_of_the_header_is_refused),
      TEST(dimensions_of_zero_are_refused),
      TEST(file_cut_anywhere_is_refused),
      TEST(gzip_cut_anywhere_is_refused),
      TEST(changed_bit_of_gzip_never_changes_the_images),
      TEST(damage_of_gzip_is_named),
      TEST(garbage_after_gzip_is_refused),
      TEST(zeros_after_gzip_are_padding),
      TEST(zeros_elsewhere_are_damage),
      TEST(excess_is_counted),
      TEST(bomb_is_not_unpacked_to_its_end),
      TEST(missing_images_are_counted),
      TEST(lying_header_allocates_nothing),
      TEST(promise_of_a_long_gzip_is_not_believed),
      TEST(missing_file_is_an_input_error),
      TEST(folder_is_an_input_error),
      TEST(pipes_and_devices_are_refused_without_waiting),
      TEST(lack_of_memory_anywhere_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
