/* SPDX-License-Identifier: MIT */
#include "data/rows.h"

#include <string.h>

#include "base/memory.h"
#include "num/bits.h"

vpf_status vpfi_rows_init(vpfi_rows *out, size_t rows, size_t cols, uint64_t first_row) {
  *out = (vpfi_rows){.rows = rows, .cols = cols, .words = vpfi_bits_words(cols), .first_row = first_row};
  out->bits = vpfi_alloc(rows, out->words * sizeof *out->bits);
  if (out->bits) return VPF_OK;
  *out = (vpfi_rows){0};
  return VPF_ERR_MEMORY;
}

void vpfi_rows_clear(vpfi_rows *rows) {
  vpfi_free(rows->bits);
  vpfi_free(rows->levels);
  *rows = (vpfi_rows){0};
}

/* Allocate levels beside the bits; if that fails, the rows are cleared. */
static vpf_status add_levels(vpfi_rows *rows) {
  rows->levels = vpfi_alloc(rows->rows, rows->cols);
  if (rows->levels) return VPF_OK;
  vpfi_rows_clear(rows);
  return VPF_ERR_MEMORY;
}

/* Make the bits only. */
static vpf_status pack(vpfi_rows *out, const uint8_t *values, size_t rows, size_t cols, uint8_t threshold) {
  const vpf_status status = vpfi_rows_init(out, rows, cols, 0);
  for (size_t r = 0; !status && r < rows; r++)
    vpfi_bits_pack(out->bits + r * out->words, values + r * cols, cols, threshold);
  return status;
}

static bool any_above_one(const uint8_t *values, size_t count) {
  for (size_t k = 0; k < count; k++)
    if (values[k] > 1) return true;
  return false;
}

vpf_status vpfi_rows_from_u8(vpfi_rows *out, const uint8_t *values, size_t rows, size_t cols, uint8_t threshold) {
  vpf_status status = pack(out, values, rows, cols, threshold);
  if (status || !any_above_one(values, rows * cols)) return status;
  status = add_levels(out);
  if (!status) memcpy(out->levels, values, rows * cols);
  return status;
}

vpf_status vpfi_rows_adopt_u8(vpfi_rows *out, uint8_t *values, size_t rows, size_t cols, uint8_t threshold) {
  const vpf_status status = pack(out, values, rows, cols, threshold);
  if (!status && any_above_one(values, rows * cols))
    out->levels = values;
  else
    vpfi_free(values);
  return status;
}

static bool equals_bits(const float *values, size_t count, float threshold) {
  for (size_t k = 0; k < count; k++) {
    const float bit = values[k] > threshold ? 1.0f : 0.0f;
    if (values[k] < bit || values[k] > bit) return false;
  }
  return true;
}

vpf_status vpfi_rows_from_f32(vpfi_rows *out, const float *values, size_t rows, size_t cols, float threshold) {
  vpf_status status = vpfi_rows_init(out, rows, cols, 0);
  if (status) return status;
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < cols; c++)
      out->bits[r * out->words + c / 64] |= (uint64_t)(values[r * cols + c] > threshold) << (c % 64);
  if (equals_bits(values, rows * cols, threshold)) return VPF_OK;
  status = add_levels(out);
  for (size_t k = 0; !status && k < rows * cols; k++) out->levels[k] = (uint8_t)(values[k] * 255.0f + 0.5f);
  return status;
}

vpf_status vpfi_rows_slice(vpfi_rows *out, const vpfi_rows *rows, size_t first, size_t count, bool with_levels) {
  vpf_status status = vpfi_rows_init(out, count, rows->cols, rows->first_row + first);
  if (status) return status;
  memcpy(out->bits, rows->bits + first * rows->words, count * rows->words * sizeof *out->bits);
  if (!with_levels || !rows->levels) return VPF_OK;
  status = add_levels(out);
  if (!status) memcpy(out->levels, rows->levels + first * rows->cols, count * rows->cols);
  return status;
}

vpf_status vpfi_rows_columns(vpfi_rows *out, const vpfi_rows *rows, size_t first, size_t count) {
  vpf_status status = vpfi_rows_init(out, rows->rows, count, rows->first_row);
  if (!status && rows->levels) status = add_levels(out);
  for (size_t r = 0; !status && r < rows->rows; r++) {
    vpfi_bits_copy(out->bits + r * out->words, 0, rows->bits + r * rows->words, first, count);
    if (out->levels) memcpy(out->levels + r * count, rows->levels + r * rows->cols + first, count);
  }
  return status;
}

double vpfi_rows_level(const vpfi_rows *rows, size_t row, size_t col) {
  return rows->levels ? rows->levels[row * rows->cols + col] / 255.0
                      : (double)vpfi_bits_get(rows->bits + row * rows->words, col);
}

void vpfi_rows_to_u8(const vpfi_rows *rows, uint8_t *out) {
  for (size_t r = 0; r < rows->rows; r++)
    for (size_t c = 0; c < rows->cols; c++)
      out[r * rows->cols + c] = vpfi_bits_get(rows->bits + r * rows->words, c);
}

void vpfi_rows_to_f32(const vpfi_rows *rows, float *out) {
  for (size_t r = 0; r < rows->rows; r++)
    for (size_t c = 0; c < rows->cols; c++) {
      const size_t k = r * rows->cols + c;
      out[k] = rows->levels ? (float)rows->levels[k] / 255.0f : (float)vpfi_bits_get(rows->bits + r * rows->words, c);
    }
}

uint64_t vpfi_rows_checksum(const vpfi_rows *rows) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t w = 0; w < rows->rows * rows->words; w++) hash = (hash ^ rows->bits[w]) * 0x100000001b3u;
  return hash;
}
