/* SPDX-License-Identifier: MIT */
#include "api/handles.h"
#include "base/error.h"
#include "base/memory.h"
#include "data/corrupt.h"
#include "num/bits.h"
#include "store/idx.h"

void vpf_data_destroy(vpf_data *data) {
  if (!data) return;
  vpfi_rows_clear(&data->rows);
  vpfi_free(data->checksum);
  vpfi_free(data);
}

/* For random numbers, rows are numbered in 48 bits and units in 32. */
static vpf_status check_size(const char *function, size_t rows, size_t cols) {
  size_t values;
  if (rows == 0 || cols == 0)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: %zu rows of %zu columns; both must be at least 1", function, rows, cols);
  if ((uint64_t)rows >> 47 || cols > (size_t)1 << 31 || !vpfi_size_mul(rows, cols, &values) ||
      values > SIZE_MAX / 128)
    return vpfi_fail(VPF_ERR_LIMIT, "%s: %zu rows of %zu columns are too many", function, rows, cols);
  return VPF_OK;
}

vpf_status vpf_data_from_u8(vpf_data **out, const uint8_t *values, size_t rows, size_t cols, uint8_t threshold) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  if (!values) return vpfi_null(__func__, "values");
  vpfi_rows made;
  vpf_status status = check_size(__func__, rows, cols);
  if (!status) status = vpfi_rows_from_u8(&made, values, rows, cols, threshold);
  return status ? status : vpfi_data_wrap(out, &made);
}

vpf_status vpf_data_from_f32(vpf_data **out, const float *values, size_t rows, size_t cols, float threshold) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  if (!values) return vpfi_null(__func__, "values");
  vpfi_rows made;
  vpf_status status = check_size(__func__, rows, cols);
  if (status) return status;
  if (!(threshold >= 0 && threshold <= 1))
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: threshold %s is outside [0, 1]", __func__, vpfi_number_of_float(threshold).text);
  status = vpfi_check_unit_interval(__func__, "values", values, rows, cols);
  if (!status) status = vpfi_rows_from_f32(&made, values, rows, cols, threshold);
  return status ? status : vpfi_data_wrap(out, &made);
}

vpf_status vpf_data_load_idx(vpf_data **out, const char *path, uint8_t threshold) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  if (!path) return vpfi_null(__func__, "path");
  uint8_t *values;
  size_t rows, cols;
  vpf_status status = vpfi_idx_read(path, &values, &rows, &cols);
  if (status) return status;
  status = check_size(__func__, rows, cols);
  if (status) {
    vpfi_free(values);
    return status;
  }
  vpfi_rows made;
  status = vpfi_rows_adopt_u8(&made, values, rows, cols, threshold);
  return status ? status : vpfi_data_wrap(out, &made);
}

vpf_status vpf_data_slice(vpf_data **out, const vpf_data *data, size_t first, size_t count) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  if (!data) return vpfi_null(__func__, "data");
  if (count == 0 || first >= data->rows.rows || count > data->rows.rows - first)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: %zu rows from row %zu are not in data of %zu rows", __func__, count,
                     first, data->rows.rows);
  vpfi_rows slice;
  const vpf_status status = vpfi_rows_slice(&slice, &data->rows, first, count, true);
  return status ? status : vpfi_data_wrap(out, &slice);
}

vpf_status vpf_data_columns(vpf_data **out, const vpf_data *data, size_t first, size_t count) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  if (!data) return vpfi_null(__func__, "data");
  if (count == 0 || first >= data->rows.cols || count > data->rows.cols - first)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: %zu columns from column %zu are not in data of %zu columns", __func__,
                     count, first, data->rows.cols);
  vpfi_rows columns;
  const vpf_status status = vpfi_rows_columns(&columns, &data->rows, first, count);
  return status ? status : vpfi_data_wrap(out, &columns);
}

vpf_status vpf_data_bits_only(vpf_data **out, const vpf_data *data) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  if (!data) return vpfi_null(__func__, "data");
  vpfi_rows bits;
  const vpf_status status = vpfi_rows_slice(&bits, &data->rows, 0, data->rows.rows, false);
  return status ? status : vpfi_data_wrap(out, &bits);
}

vpf_status vpf_data_corrupt(vpf_data **out, const vpf_data *data, const uint8_t *region, vpf_noise noise,
                            uint64_t seed) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  if (!data) return vpfi_null(__func__, "data");
  if (!region) return vpfi_null(__func__, "region");
  if (noise != VPF_NOISE_OR && noise != VPF_NOISE_REPLACE)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: noise %d is neither or (0) nor replace (1)", __func__, (int)noise);
  uint64_t *mask = vpfi_alloc(data->rows.words, sizeof *mask);
  if (!mask) return VPF_ERR_MEMORY;
  vpfi_bits_pack(mask, region, data->rows.cols, 0);
  vpfi_rows noisy;
  const vpf_status status = vpfi_rows_slice(&noisy, &data->rows, 0, data->rows.rows, false);
  if (!status) vpfi_corrupt(&noisy, mask, noise, seed, vpfi_thread_count(0));
  vpfi_free(mask);
  return status ? status : vpfi_data_wrap(out, &noisy);
}

size_t vpf_data_rows(const vpf_data *data) {
  return data ? data->rows.rows : 0;
}

size_t vpf_data_cols(const vpf_data *data) {
  return data ? data->rows.cols : 0;
}

vpf_status vpf_data_to_u8(const vpf_data *data, uint8_t *out_bits) {
  if (!data) return vpfi_null(__func__, "data");
  if (!out_bits) return vpfi_null(__func__, "out_bits");
  vpfi_rows_to_u8(&data->rows, out_bits);
  return VPF_OK;
}

vpf_status vpf_data_to_f32(const vpf_data *data, float *out_levels) {
  if (!data) return vpfi_null(__func__, "data");
  if (!out_levels) return vpfi_null(__func__, "out_levels");
  vpfi_rows_to_f32(&data->rows, out_levels);
  return VPF_OK;
}
