/* SPDX-License-Identifier: MIT */
#include "png_tiles.h"

#include <math.h>
#include <png.h>
#include <stdint.h>
#include <stdlib.h>

#include "complain.h"
#include "new_file.h"

enum { GAP = 2, MIDDLE_GREY = 128, AMPLITUDE = 127 };

static void draw_tile(uint8_t *corner, size_t width, const tile_set *tiles, size_t tile) {
  const float *values = tiles->values + tile * tiles->tile_step;
  float largest = 0;
  for (size_t p = 0; p < tiles->side * tiles->side; p++)
    largest = fmaxf(largest, fabsf(values[p * tiles->value_step]));

  for (size_t p = 0; p < tiles->side * tiles->side; p++) {
    const float level = largest > 0 ? values[p * tiles->value_step] / largest : 0;
    corner[p / tiles->side * width + p % tiles->side] = (uint8_t)(MIDDLE_GREY + lrintf(AMPLITUDE * level));
  }
}

static vpf_status write_grey(const uint8_t *pixels, size_t width, size_t height, const char *folder, const char *name) {
  png_image image = {
      .version = PNG_IMAGE_VERSION, .width = (png_uint_32)width, .height = (png_uint_32)height, .format = PNG_FORMAT_GRAY};
  new_file file;
  vpf_status s = new_file_open(&file, folder, name);
  if (s) return s;

  if (png_image_write_to_stdio(&image, file.stream, 0, pixels, 0, NULL))
    s = new_file_publish(&file);
  else
    s = complain_because(VPF_ERR_IO, "cannot write %s: %s", file.path, image.message);
  new_file_close(&file);
  return s;
}

vpf_status png_tiles_write(const tile_set *tiles, const char *folder, const char *name) {
  const size_t columns = (size_t)ceil(sqrt((double)tiles->count)), rows = (tiles->count + columns - 1) / columns;
  const size_t pitch = tiles->side + GAP;
  const size_t width = columns * pitch + GAP, height = rows * pitch + GAP;
  uint8_t *pixels = calloc(height, width); /* black between the tiles */
  if (!pixels) return complain_because(VPF_ERR_MEMORY, "cannot allocate %zu x %zu bytes", height, width);

  for (size_t tile = 0; tile < tiles->count; tile++)
    draw_tile(pixels + (tile / columns * pitch + GAP) * width + tile % columns * pitch + GAP, width, tiles, tile);
  const vpf_status s = write_grey(pixels, width, height, folder, name);
  free(pixels);
  return s;
}
