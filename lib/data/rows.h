/* SPDX-License-Identifier: MIT */
/* Rows of bits, optionally with grey levels beside them: what a vpf_data is. */
#ifndef VPFI_DATA_ROWS_H
#define VPFI_DATA_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vpf/status.h>

typedef struct vpfi_rows {
  size_t rows, cols;
  size_t words;       /* 64-bit words of a row */
  uint64_t *bits;     /* [rows x words]; bits beyond the last column are 0 */
  uint8_t *levels;    /* [rows x cols] grey levels, 0..255, or NULL */
  uint64_t first_row; /* where they begin in the data that they were sliced from: random numbers are drawn by that */
} vpfi_rows;

/* Functions that make rows leave *out zero on failure. VPF_ERR_MEMORY. */

/* Zero bits without levels. */
vpf_status vpfi_rows_init(vpfi_rows *out, size_t rows, size_t cols, uint64_t first_row);
void vpfi_rows_clear(vpfi_rows *rows);

/* values: [rows x cols]; above the threshold is 1. Levels are kept only if some value is above 1. */
vpf_status vpfi_rows_from_u8(vpfi_rows *out, const uint8_t *values, size_t rows, size_t cols, uint8_t threshold);

/* The same, taking over the values (of vpfi_alloc()), on failure too: no second copy of what may be the largest thing
 * in memory. */
vpf_status vpfi_rows_adopt_u8(vpfi_rows *out, uint8_t *values, size_t rows, size_t cols, uint8_t threshold);

/* values: [rows x cols] in [0, 1]. Levels, rounded to 1/255, are kept unless every value equals its bit. */
vpf_status vpfi_rows_from_f32(vpfi_rows *out, const float *values, size_t rows, size_t cols, float threshold);

/* Copies of rows first .. first+count-1, with the levels or without, and of such columns, with them. */
vpf_status vpfi_rows_slice(vpfi_rows *out, const vpfi_rows *rows, size_t first, size_t count, bool with_levels);
vpf_status vpfi_rows_columns(vpfi_rows *out, const vpfi_rows *rows, size_t first, size_t count);

/* The level in [0, 1] of a value: its bit where no levels are kept. */
double vpfi_rows_level(const vpfi_rows *rows, size_t row, size_t col);

/* [rows x cols], 0 or 1. */
void vpfi_rows_to_u8(const vpfi_rows *rows, uint8_t *out);

/* [rows x cols], levels in [0, 1]. */
void vpfi_rows_to_f32(const vpfi_rows *rows, float *out);

/* A checksum of the bits: FNV-1a, a word at a time, against confusion, not malice. */
uint64_t vpfi_rows_checksum(const vpfi_rows *rows);

#endif
