/* SPDX-License-Identifier: MIT */
/** @file data.h
 *  vpf_data: rows of bits, optionally with the grey levels that they were made from.
 *
 *  Rows are packed 64 bits to a word, so the 60 000 images of MNIST take 6 MiB. A vpf_data never changes once it has
 *  been created, so any number of threads may read the same one. */
#ifndef VPF_DATA_H
#define VPF_DATA_H

#include <stddef.h>
#include <stdint.h>
#include <vpf/export.h>
#include <vpf/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A matrix of bits, one observation per row; read-only once created. Since 1.0. */
typedef struct vpf_data vpf_data;

/** Make rows of bits from bytes: a value above the threshold becomes 1, any other value 0. Since 1.0.
 *
 *  The bytes are copied. They are kept beside the bits, as grey levels v/255, only if one of them is above 1: an array
 *  of zeros and ones takes no more memory than its bits.
 *  @param[out] out        the new handle; destroy it with vpf_data_destroy()
 *  @param      values     [rows x cols], row-major, 0 .. 255
 *  @param      rows,cols  at least 1
 *  @param      threshold  0 for zeros and ones; 127 for the paper's "grey level above 0.5"
 *  @retval VPF_ERR_ARGUMENT  out or values is NULL, or rows or cols is 0
 *  @retval VPF_ERR_LIMIT     2^47 rows or more, more than 2^31 columns, or rows x cols too large for memory
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_data_from_u8(vpf_data **out, const uint8_t *values, size_t rows, size_t cols,
                                    uint8_t threshold);

/** Make rows of bits from floats in [0, 1]: a value above the threshold becomes 1, any other value 0. Since 1.0.
 *
 *  The values are copied. They are kept beside the bits, as grey levels rounded to the nearest 1/255, unless each of
 *  them equals its bit.
 *  @param[out] out        the new handle; destroy it with vpf_data_destroy()
 *  @param      values     [rows x cols], row-major, each in [0, 1]
 *  @param      rows,cols  at least 1
 *  @param      threshold  in [0, 1]
 *  @retval VPF_ERR_ARGUMENT  out or values is NULL, rows or cols is 0, or the threshold or a value is NaN or outside
 *                            [0, 1]; the message names the row and column of the value
 *  @retval VPF_ERR_LIMIT     2^47 rows or more, more than 2^31 columns, or rows x cols too large for memory
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_data_from_f32(vpf_data **out, const float *values, size_t rows, size_t cols,
                                     float threshold);

/** Read a file of images in the IDX format of MNIST, plain or gzipped. Since 1.0.
 *
 *  Each image becomes one row of height x width columns. Grey levels are kept under the same condition as by
 *  vpf_data_from_u8(). The file is not trusted: its header is checked against its size before any memory is allocated
 *  for the images, and a file that is truncated, too long or inconsistent is refused.
 *  @param[out] out        the new handle; destroy it with vpf_data_destroy()
 *  @param      path       a regular file; gzip is recognised by the content, not by the name. It may have several
 *                         members, and zeros as padding after the last one
 *  @param      threshold  a byte above it becomes 1, as in vpf_data_from_u8()
 *  @retval VPF_ERR_ARGUMENT  out or path is NULL
 *  @retval VPF_ERR_IO        the file cannot be opened or read, or is not a regular file
 *  @retval VPF_ERR_FORMAT    not an IDX file of images, or a damaged one; the message says what is wrong
 *  @retval VPF_ERR_LIMIT     images of more than 2^31 pixels
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_data_load_idx(vpf_data **out, const char *path, uint8_t threshold);

/** Copy consecutive rows, with their grey levels. Since 1.0.
 *
 *  The slice owns its rows and may outlive the data it was taken from. It remembers the index of its first row in the
 *  original data set. Random numbers are drawn by that index, so that inferring the hidden units of a slice gives the
 *  same bits as slicing what was inferred for the whole.
 *  @param[out] out          the new handle; destroy it with vpf_data_destroy()
 *  @param      data         [rows x cols]
 *  @param      first,count  rows first .. first+count-1 of data; count at least 1
 *  @retval VPF_ERR_ARGUMENT  out or data is NULL, count is 0, or the slice reaches beyond the last row
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_data_slice(vpf_data **out, const vpf_data *data, size_t first, size_t count);

/** Copy consecutive columns, with their grey levels. Since 1.0.
 *
 *  From rows of states it takes the bits of some layers: those of layer 0 are the first n_0 columns.
 *  @param[out] out          the new handle; destroy it with vpf_data_destroy()
 *  @param      data         [rows x cols]
 *  @param      first,count  columns first .. first+count-1 of data; count at least 1
 *  @retval VPF_ERR_ARGUMENT  out or data is NULL, count is 0, or the columns reach beyond the last one
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_data_columns(vpf_data **out, const vpf_data *data, size_t first, size_t count);

/** Copy the bits without the grey levels, which take about eight times the memory of the bits. Since 1.0.
 *  @param[out] out   the new handle; destroy it with vpf_data_destroy()
 *  @param      data  [rows x cols]
 *  @retval VPF_ERR_ARGUMENT  out or data is NULL
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_data_bits_only(vpf_data **out, const vpf_data *data);

/** What vpf_data_corrupt() does with the pixels of its region (docs/math.md, section 8). Since 1.0.
 *
 *  OR: pixel or random bit, so pixels that are on survive and give part of the answer away. This is the paper's
 *  protocol of reconstruction. REPLACE: the random bit alone. */
typedef enum vpf_noise { VPF_NOISE_OR = 0, VPF_NOISE_REPLACE = 1 } vpf_noise;

/** Copy the bits, with noise in a region: fair random bits. The copy has no grey levels. Since 1.0.
 *
 *  Each random bit depends only on the seed, its column and the index of its row in the original data set, so
 *  corrupting a slice gives the same bits as slicing the corrupted whole.
 *  @param[out] out     the new handle; destroy it with vpf_data_destroy()
 *  @param      data    [rows x cols]
 *  @param      region  [cols]; columns that are non-zero here are corrupted, all others are kept
 *  @param      noise   see vpf_noise
 *  @param      seed    any number
 *  @retval VPF_ERR_ARGUMENT  out, data or region is NULL, or noise is not a vpf_noise
 *  @retval VPF_ERR_MEMORY    out of memory */
VPF_API vpf_status vpf_data_corrupt(vpf_data **out, const vpf_data *data, const uint8_t *region,
                                    vpf_noise noise, uint64_t seed);

/** Free a handle; NULL is allowed. Since 1.0. */
VPF_API void vpf_data_destroy(vpf_data *data);

/** Number of rows; 0 for NULL. Since 1.0. */
VPF_API size_t vpf_data_rows(const vpf_data *data);

/** Number of columns; 0 for NULL. Since 1.0. */
VPF_API size_t vpf_data_cols(const vpf_data *data);

/** Unpack the bits, one to a byte. Since 1.0.
 *  @param      data      [rows x cols]
 *  @param[out] out_bits  [rows x cols], row-major, 0 or 1
 *  @retval VPF_ERR_ARGUMENT  data or out_bits is NULL */
VPF_API vpf_status vpf_data_to_u8(const vpf_data *data, uint8_t *out_bits);

/** Unpack the grey levels where they were kept, and the bits where they were not. Since 1.0.
 *  @param      data        [rows x cols]
 *  @param[out] out_levels  [rows x cols], row-major, in [0, 1]
 *  @retval VPF_ERR_ARGUMENT  data or out_levels is NULL */
VPF_API vpf_status vpf_data_to_f32(const vpf_data *data, float *out_levels);

#ifdef __cplusplus
}
#endif
#endif
