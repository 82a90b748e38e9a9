/* SPDX-License-Identifier: MIT */
/* Pictures side by side in one grey PNG. */
#ifndef EXAMPLE_PNG_TILES_H
#define EXAMPLE_PNG_TILES_H

#include <stddef.h>
#include <vpf/status.h>

typedef enum tile_scale {
  TILE_FILTERS, /* 0 is middle grey, and a tile's largest magnitude black or white; zeros are grey */
  TILE_IMAGES   /* 0 is black, 1 is white */
} tile_scale;

/* `count` tiles of width x height values. Value p of tile t, p running by rows, is
 * values[t * tile_step + p * value_step]: columns and rows of a matrix are both tiles. */
typedef struct tile_set {
  const float *values;
  size_t count, width, height;
  size_t tile_step, value_step;
  tile_scale scale;
  size_t columns; /* tiles in a row of the picture; 0: a grid as square as it gets */
} tile_set;

/* Write folder/name, or the path `name` if folder is NULL. The file is replaced whole.
 * VPF_ERR_IO, VPF_ERR_MEMORY; said on stderr. */
vpf_status png_tiles_write(const tile_set *tiles, const char *folder, const char *name);

#endif
