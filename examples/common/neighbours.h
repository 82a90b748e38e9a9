/* SPDX-License-Identifier: MIT */
/* The training images most like an image in the pixels that are known: a trivial way of filling in. */
#ifndef EXAMPLE_NEIGHBOURS_H
#define EXAMPLE_NEIGHBOURS_H

#include <stddef.h>
#include <stdint.h>
#include <vpf/data.h>

enum { NEIGHBOURS = 10 }; /* images that the answer is the median of */

/* Rows of bits, cut down to the known columns and packed. */
typedef struct packed_rows {
  size_t rows, words;
  uint64_t *bits; /* [rows x words] */
} packed_rows;

/* known: [columns], 0 or 1. VPF_ERR_MEMORY; said. */
vpf_status packed_rows_create(packed_rows *out, const vpf_data *data, const uint8_t *known);
void packed_rows_clear(packed_rows *p);

/* Which rows of `among` differ from row `row` of `of` in the fewest bits, nearest first; of rows as near as each
 * other the earlier one. found: [NEIGHBOURS]; of fewer rows the last one is repeated. */
void find_neighbours(const packed_rows *among, const packed_rows *of, size_t row, size_t found[NEIGHBOURS]);

/* Fill in each row: for every pixel, the median of the grey levels of the nearest of the first among->rows
 * images. label: as of fill_in(). out: [of->rows x columns]. VPF_ERR_MEMORY; said. */
vpf_status fill_in_from_neighbours(const packed_rows *among, const packed_rows *of, const vpf_data *images,
                                   const char *label, float *out);

#endif
