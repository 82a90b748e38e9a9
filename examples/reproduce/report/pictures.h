/* SPDX-License-Identifier: MIT */
/* Pictures of the report, in <out>/pictures. */
#ifndef EXAMPLE_PICTURES_H
#define EXAMPLE_PICTURES_H

#include "../../common/png_tiles.h"
#include "../run.h"

/* Images side by side, `columns` in a row (0: as square as it gets). values: [count x pixels]. Said on failure. */
vpf_status write_images(const run *r, const char *file, const float *values, size_t count, size_t columns);

/* The weights of `count` hidden units drawn at random (fewer if there are not so many), a tile each. */
vpf_status write_filters(const run *r, const char *file, const vpf_model *model, size_t count, uint64_t seed);

#endif
