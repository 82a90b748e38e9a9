/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "api/handles.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "eval/corrupt.h"
#include "num/bits.h"
#include "store/idx.h"

void vpf_data_destroy(vpf_data *data) {
  if (!data) return;
  vpfi_free(data->bits);
  vpfi_free(data->levels);
  vpfi_free(data);
}

/* Rows are numbered in 48 bits where random numbers are drawn, units in 32. */
static vpf_status check_size(const char *function, size_t rows, size_t cols) {
  size_t values;
  if (rows == 0 || cols == 0)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: %zu rows of %zu columns; both must be at least 1", function, rows, cols);
  if ((uint64_t)rows >> 47 || cols > (size_t)1 << 31 || !vpfi_size_mul(rows, cols, &values) ||
      values > SIZE_MAX / 128)
    return vpfi_fail(VPF_ERR_LIMIT, "%s: %zu rows of %zu columns are too many", function, rows, cols);
  return VPF_OK;
}

/* The bits alone. */
static vpf_status pack(vpf_data **out, const uint8_t *values, size_t rows, size_t cols, uint8_t threshold) {
  vpf_data *data = vpfi_data_new(rows, cols, 0);
  if (!data) return VPF_ERR_MEMORY;
  for (size_t r = 0; r < rows; r++)
    vpfi_bits_pack(data->bits + r * data->words, values + r * cols, cols, threshold);
  *out = data;
  return VPF_OK;
}

static bool any_above_one(const uint8_t *values, size_t count) {
  for (size_t k = 0; k < count; k++)
    if (values[k] > 1) return true;
  return false;
}

vpf_status vpf_data_from_u8(vpf_data **out, const uint8_t *values, size_t rows, size_t cols, uint8_t threshold) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  if (!values) return vpfi_null(__func__, "values");
  vpf_status status = check_size(__func__, rows, cols);
  if (status) return status;

  vpf_data *data;
  status = pack(&data, values, rows, cols, threshold);
  if (status) return status;
  if (any_above_one(values, rows * cols)) {
    data->levels = vpfi_alloc(rows, cols);
    if (!data->levels) {
      vpf_data_destroy(data);
      return VPF_ERR_MEMORY;
    }
    memcpy(data->levels, values, rows * cols);
  }
  *out = data;
  return VPF_OK;
}

static bool equals_bits(const float *values, size_t count, float threshold) {
  for (size_t k = 0; k < count; k++) {
    const float bit = values[k] > threshold ? 1.0f : 0.0f;
    if (values[k] < bit || values[k] > bit) return false;
  }
  return true;
}

vpf_status vpf_data_from_f32(vpf_data **out, const float *values, size_t rows, size_t cols, float threshold) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  if (!values) return vpfi_null(__func__, "values");
  const vpf_status status = check_size(__func__, rows, cols);
  if (status) return status;
  if (!(threshold >= 0 && threshold <= 1))
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: threshold %g is outside [0, 1]", __func__, (double)threshold);
  for (size_t k = 0; k < rows * cols; k++)
    if (!(values[k] >= 0 && values[k] <= 1))
      return vpfi_fail(VPF_ERR_ARGUMENT, "%s: values[%zu][%zu] is %g, outside [0, 1]", __func__, k / cols, k % cols,
                       (double)values[k]);

  vpf_data *data = vpfi_data_new(rows, cols, 0);
  if (!data) return VPF_ERR_MEMORY;
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < cols; c++)
      data->bits[r * data->words + c / 64] |= (uint64_t)(values[r * cols + c] > threshold) << (c % 64);
  if (!equals_bits(values, rows * cols, threshold)) {
    data->levels = vpfi_alloc(rows, cols);
    if (!data->levels) {
      vpf_data_destroy(data);
      return VPF_ERR_MEMORY;
    }
    for (size_t k = 0; k < rows * cols; k++) data->levels[k] = (uint8_t)(values[k] * 255.0f + 0.5f);
  }
  *out = data;
  return VPF_OK;
}

vpf_status vpf_data_load_idx(vpf_data **out, const char *path, uint8_t threshold) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  if (!path) return vpfi_null(__func__, "path");
  uint8_t *values;
  size_t rows, cols;
  vpf_status status = vpfi_idx_read(path, &values, &rows, &cols);
  if (status) return status;
  vpf_data *data = NULL;
  status = check_size(__func__, rows, cols);
  if (!status) status = pack(&data, values, rows, cols, threshold);
  if (!status && any_above_one(values, rows * cols)) {
    data->levels = values; /* no second copy of what may be the largest thing in memory */
    values = NULL;
  }
  vpfi_free(values);
  *out = data;
  return status;
}

static vpf_status copy_rows(vpf_data **out, const vpf_data *data, size_t first, size_t count, bool with_levels) {
  vpf_data *copy = vpfi_data_new(count, data->cols, data->first_row + first);
  if (!copy) return VPF_ERR_MEMORY;
  memcpy(copy->bits, data->bits + first * data->words, count * data->words * sizeof *copy->bits);
  if (with_levels && data->levels) {
    copy->levels = vpfi_alloc(count, data->cols);
    if (!copy->levels) {
      vpf_data_destroy(copy);
      return VPF_ERR_MEMORY;
    }
    memcpy(copy->levels, data->levels + first * data->cols, count * data->cols);
  }
  *out = copy;
  return VPF_OK;
}

vpf_status vpf_data_slice(vpf_data **out, const vpf_data *data, size_t first, size_t count) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  if (!data) return vpfi_null(__func__, "data");
  if (count == 0 || first >= data->rows || count > data->rows - first)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: %zu rows from row %zu are not in data of %zu rows", __func__, count,
                     first, data->rows);
  return copy_rows(out, data, first, count, true);
}

vpf_status vpf_data_columns(vpf_data **out, const vpf_data *data, size_t first, size_t count) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  if (!data) return vpfi_null(__func__, "data");
  if (count == 0 || first >= data->cols || count > data->cols - first)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: %zu columns from column %zu are not in data of %zu columns", __func__,
                     count, first, data->cols);
  vpf_data *copy = vpfi_data_new(data->rows, count, data->first_row);
  if (copy && data->levels && !(copy->levels = vpfi_alloc(data->rows, count))) {
    vpf_data_destroy(copy);
    copy = NULL;
  }
  if (!copy) return VPF_ERR_MEMORY;
  for (size_t r = 0; r < data->rows; r++) {
    vpfi_bits_copy(copy->bits + r * copy->words, 0, data->bits + r * data->words, first, count);
    if (copy->levels) memcpy(copy->levels + r * count, data->levels + r * data->cols + first, count);
  }
  *out = copy;
  return VPF_OK;
}

vpf_status vpf_data_bits_only(vpf_data **out, const vpf_data *data) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  if (!data) return vpfi_null(__func__, "data");
  return copy_rows(out, data, 0, data->rows, false);
}

vpf_status vpf_data_corrupt(vpf_data **out, const vpf_data *data, const uint8_t *region, vpf_noise noise,
                            uint64_t seed) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  if (!data) return vpfi_null(__func__, "data");
  if (!region) return vpfi_null(__func__, "region");
  if (noise != VPF_NOISE_OR && noise != VPF_NOISE_REPLACE)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: noise %d is neither or (0) nor replace (1)", __func__, (int)noise);
  uint64_t *mask = vpfi_alloc(data->words, sizeof *mask);
  if (!mask) return VPF_ERR_MEMORY;
  vpf_data *copy = NULL;
  const vpf_status status = copy_rows(&copy, data, 0, data->rows, false);
  if (!status) {
    vpfi_bits_pack(mask, region, data->cols, 0);
    vpfi_corrupt(copy->bits, copy->rows, copy->words, copy->first_row, mask, noise, seed, vpfi_thread_count(0));
  }
  vpfi_free(mask);
  *out = copy;
  return status;
}

size_t vpf_data_rows(const vpf_data *data) {
  return data ? data->rows : 0;
}

size_t vpf_data_cols(const vpf_data *data) {
  return data ? data->cols : 0;
}

vpf_status vpf_data_to_u8(const vpf_data *data, uint8_t *out_bits) {
  if (!data) return vpfi_null(__func__, "data");
  if (!out_bits) return vpfi_null(__func__, "out_bits");
  for (size_t r = 0; r < data->rows; r++)
    for (size_t c = 0; c < data->cols; c++)
      out_bits[r * data->cols + c] = vpfi_bits_get(data->bits + r * data->words, c);
  return VPF_OK;
}

vpf_status vpf_data_to_f32(const vpf_data *data, float *out_levels) {
  if (!data) return vpfi_null(__func__, "data");
  if (!out_levels) return vpfi_null(__func__, "out_levels");
  for (size_t r = 0; r < data->rows; r++)
    for (size_t c = 0; c < data->cols; c++) {
      const size_t k = r * data->cols + c;
      out_levels[k] = data->levels ? (float)data->levels[k] / 255.0f
                                   : (float)vpfi_bits_get(data->bits + r * data->words, c);
    }
  return VPF_OK;
}
