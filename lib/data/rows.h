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
  uint64_t first_row; /* index of row 0 in the data set it was sliced from: random numbers depend on it */
} vpfi_rows;

/* Functions that make rows can fail with VPF_ERR_MEMORY; *out is then all zero. */

/* All bits 0, no levels. */
vpf_status vpfi_rows_init(vpfi_rows *out, size_t rows, size_t cols, uint64_t first_row);
void vpfi_rows_clear(vpfi_rows *rows);

/* values: [rows x cols]; those above the threshold become 1. Levels are kept only if some value is above 1. */
vpf_status vpfi_rows_from_u8(vpfi_rows *out, const uint8_t *values, size_t rows, size_t cols, uint8_t threshold);

/* The same, but takes over the values (from vpfi_alloc()), even on failure: they may be the largest thing in memory and
 * are not copied. */
vpf_status vpfi_rows_adopt_u8(vpfi_rows *out, uint8_t *values, size_t rows, size_t cols, uint8_t threshold);

/* values: [rows x cols] in [0, 1]. Levels, rounded to 1/255, are kept unless every value equals its bit. */
vpf_status vpfi_rows_from_f32(vpfi_rows *out, const float *values, size_t rows, size_t cols, float threshold);

/* Copies of rows first .. first+count-1, with or without levels, or of columns first .. first+count-1, with levels. */
vpf_status vpfi_rows_slice(vpfi_rows *out, const vpfi_rows *rows, size_t first, size_t count, bool with_levels);
vpf_status vpfi_rows_columns(vpfi_rows *out, const vpfi_rows *rows, size_t first, size_t count);

/* The level of a value, in [0, 1]; its bit where no levels are kept. */
double vpfi_rows_level(const vpfi_rows *rows, size_t row, size_t col);

/* [rows x cols], 0 or 1. */
void vpfi_rows_to_u8(const vpfi_rows *rows, uint8_t *out);

/* [rows x cols], levels in [0, 1]. */
void vpfi_rows_to_f32(const vpfi_rows *rows, float *out);

/* A checksum of the bits: FNV-1a, a word at a time. It guards against mix-ups, not against malice. */
uint64_t vpfi_rows_checksum(const vpfi_rows *rows);

#endif
