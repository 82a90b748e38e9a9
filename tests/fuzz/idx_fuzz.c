/* SPDX-License-Identifier: MIT */
/* A file that claims to hold images. What is accepted has the bytes that stand there; what is refused leaves nothing
 * behind but a message; and neither takes more memory than the file could justify. The first byte is the threshold. */
#include "common.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 1 << 16, HEADER = 16, MOST_EXPANSION = 1032 };

static size_t big_endian(const uint8_t *bytes) {
  return (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
}

static void check_accepted(const vpf_data *images, const uint8_t *file, size_t size, uint8_t threshold) {
  const size_t rows = vpf_data_rows(images), cols = vpf_data_cols(images), count = rows * cols;
  PROMISE(rows >= 1 && cols >= 1);
  uint8_t *bits = malloc(count);
  float *levels = malloc(count * sizeof *levels);
  if (!bits || !levels) abort();
  PROMISE(vpf_data_to_u8(images, bits) == VPF_OK);
  PROMISE(vpf_data_to_f32(images, levels) == VPF_OK);
  const int plain = size >= 2 && !(file[0] == 0x1f && file[1] == 0x8b);
  if (plain) {
    PROMISE(size == HEADER + count && big_endian(file) == 0x803 && big_endian(file + 4) == rows);
    PROMISE(big_endian(file + 8) * big_endian(file + 12) == cols);
  }
  int grey = 0;
  for (size_t k = 0; plain && k < count; k++) grey |= file[HEADER + k] > 1;
  for (size_t k = 0; k < count; k++) {
    PROMISE(bits[k] <= 1 && levels[k] >= 0 && levels[k] <= 1);
    if (!plain) continue;
    PROMISE(bits[k] == (file[HEADER + k] > threshold));
    const float level = grey ? (float)file[HEADER + k] / 255 : (float)bits[k];
    PROMISE(!(levels[k] < level) && !(levels[k] > level));
  }
  free(levels);
  free(bits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1 || size > MOST_BYTES) return 0;
  const size_t bytes = size - 1;
  uint8_t *file = malloc(bytes + 1);
  if (!file) abort();
  memcpy(file, data + 1, bytes);
  vpf_data *images = (vpf_data *)(void *)&file;
  fuzz_memory_begin(0, 0);
  const vpf_status status = vpf_data_load_idx(&images, fuzz_file(file, bytes), data[0]);
  /* Bytes and packed bits of them, a row of one pixel taking a word; a gzipped file may really hold a thousand times
   * its size, and memory for it grows only as that arrives. */
  PROMISE(fuzz_memory_peak() <= 12 * bytes * (bytes >= 1 && file[0] == 0x1f ? MOST_EXPANSION : 1) + (1 << 21));
  if (status) {
    PROMISE(!images);
    fuzz_check_failure(status);
  } else {
    check_accepted(images, file, bytes, data[0]);
  }
  vpf_data_destroy(images);
  PROMISE(fuzz_memory_live() == 0);
  free(file);
  return 0;
}
