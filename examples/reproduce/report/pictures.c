/* SPDX-License-Identifier: MIT */
#include "pictures.h"

#include <stdlib.h>

#include "../../common/complain.h"
#include "../../common/new_file.h"

static vpf_status write_tiles(const run *r, const char *file, const tile_set *tiles) {
  char *folder = path_join(r->options->out, "pictures");
  const vpf_status s = folder ? png_tiles_write(tiles, folder, file) : VPF_ERR_MEMORY;
  free(folder);
  return s;
}

vpf_status write_images(const run *r, const char *file, const float *values, size_t count, size_t columns) {
  const tile_set tiles = {.values = values, .count = count, .width = r->digits.width, .height = r->digits.height,
                          .tile_step = r->digits.width * r->digits.height, .value_step = 1, .scale = TILE_IMAGES,
                          .columns = columns};
  return write_tiles(r, file, &tiles);
}

/* SplitMix64 (Steele, Lea and Flood 2014): enough to draw some units. */
static uint64_t next_random(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

vpf_status write_filters(const run *r, const char *file, const vpf_model *model, size_t count, uint64_t seed) {
  const size_t pixels = vpf_model_layer_size(model, 0), units = vpf_model_layer_size(model, 1);
  if (count > units) count = units;
  float *weights = calloc(pixels * units, sizeof *weights), *tiles = calloc(pixels * count, sizeof *tiles);
  size_t *order = calloc(units, sizeof *order);
  vpf_status s = weights && tiles && order ? complain(vpf_model_get_weights(model, 0, weights))
                                           : complain_because(VPF_ERR_MEMORY, "cannot allocate filters");
  for (size_t j = 0; !s && j < units; j++) order[j] = j;
  for (size_t k = 0; !s && k < count; k++) { /* the first steps of a shuffle */
    const size_t other = k + (size_t)(next_random(&seed) % (units - k)), unit = order[other];
    order[other] = order[k];
    for (size_t p = 0; p < pixels; p++) tiles[k * pixels + p] = weights[p * units + unit];
  }
  const tile_set set = {.values = tiles, .count = count, .width = r->digits.width, .height = r->digits.height,
                        .tile_step = pixels, .value_step = 1, .scale = TILE_FILTERS};
  if (!s) s = write_tiles(r, file, &set);
  free(order);
  free(tiles);
  free(weights);
  return s;
}
