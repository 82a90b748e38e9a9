/* SPDX-License-Identifier: MIT */
/* What the numbers of a cell of a table, one for each seed, come to. */
#ifndef EXAMPLE_CELL_H
#define EXAMPLE_CELL_H

#include <jansson.h>
#include <stddef.h>

typedef struct cell_summary {
  size_t count;           /* of those that are numbers */
  double mean, low, high; /* NAN and infinities without any */
} cell_summary;

/* values: an array; what is null was not measured. */
cell_summary summarise(const json_t *values);

#endif
