/* SPDX-License-Identifier: MIT */
/* Square pictures side by side in one grey PNG. */
#ifndef EXAMPLE_PNG_TILES_H
#define EXAMPLE_PNG_TILES_H

#include <stddef.h>
#include <vpf/status.h>

/* `count` tiles of side x side values. Value p of tile t, p running by rows, is
 * values[t * tile_step + p * value_step]: columns and rows of a matrix are both tiles. */
typedef struct tile_set {
  const float *values;
  size_t count, side;
  size_t tile_step, value_step;
} tile_set;

/* Write folder/name, in a grid as square as it gets. 0 is middle grey in every tile, and a
 * tile's largest magnitude black or white; tiles of zeros are grey. The file is replaced whole.
 * VPF_ERR_IO, VPF_ERR_MEMORY; said on stderr. */
vpf_status png_tiles_write(const tile_set *tiles, const char *folder, const char *name);

#endif
