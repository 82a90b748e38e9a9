/* SPDX-License-Identifier: MIT */
#include "png_tiles.h"

#include <math.h>
#include <png.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "new_file.h"

enum { GAP = 2, MIDDLE_GREY = 128, AMPLITUDE = 127, WHITE = 255 };

/* Between the tiles, a level that is not their background. */
static int gap_level(tile_scale scale) {
  return scale == TILE_FILTERS ? 0 : MIDDLE_GREY;
}

static float largest_magnitude(const float *values, size_t count, size_t step) {
  float largest = 0;
  for (size_t p = 0; p < count; p++) largest = fmaxf(largest, fabsf(values[p * step]));
  return largest;
}

static void draw_tile(uint8_t *corner, size_t pitch, const tile_set *tiles, size_t tile) {
  const size_t pixels = tiles->width * tiles->height;
  const float *values = tiles->values + tile * tiles->tile_step;
  const float largest = largest_magnitude(values, pixels, tiles->value_step);

  for (size_t p = 0; p < pixels; p++) {
    const float value = values[p * tiles->value_step];
    uint8_t *to = &corner[p / tiles->width * pitch + p % tiles->width];
    if (tiles->scale == TILE_FILTERS)
      *to = (uint8_t)(MIDDLE_GREY + lrintf(largest > 0 ? AMPLITUDE * value / largest : 0));
    else
      *to = (uint8_t)lrintf(WHITE * fminf(fmaxf(value, 0), 1));
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
  else if (ferror(file.stream)) /* libpng would only say "Write Error" */
    s = complain_io("write", file.path);
  else
    s = complain_because(VPF_ERR_IO, "cannot write %s: %s", file.path, image.message);
  new_file_close(&file);
  return s;
}

vpf_status png_tiles_write(const tile_set *tiles, const char *folder, const char *name) {
  const size_t columns = tiles->columns ? tiles->columns : (size_t)ceil(sqrt((double)tiles->count));
  const size_t rows = (tiles->count + columns - 1) / columns;
  const size_t step_x = tiles->width + GAP, step_y = tiles->height + GAP;
  const size_t width = columns * step_x + GAP, height = rows * step_y + GAP;
  uint8_t *pixels = calloc(height, width);
  if (!pixels) return complain_because(VPF_ERR_MEMORY, "cannot allocate %zu x %zu bytes", height, width);
  memset(pixels, gap_level(tiles->scale), width * height);

  for (size_t tile = 0; tile < tiles->count; tile++)
    draw_tile(pixels + (tile / columns * step_y + GAP) * width + tile % columns * step_x + GAP, width, tiles, tile);
  const vpf_status s = write_grey(pixels, width, height, folder, name);
  free(pixels);
  return s;
}
