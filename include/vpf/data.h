/* SPDX-License-Identifier: MIT */
/** @file data.h
 *  vpf_data: a set of binary rows, optionally with grey levels beside the bits.
 *
 *  Rows are packed 64 bits to a word: 60 000 MNIST images take 6 MiB. A vpf_data never changes
 *  after it was created, so any number of threads may read one. */
#ifndef VPF_DATA_H
#define VPF_DATA_H

#include <stddef.h>
#include <stdint.h>
#include <vpf/export.h>
#include <vpf/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Rows of bits, read-only once made. Since 1.0. */
typedef struct vpf_data vpf_data;

/** Make rows of bits from bytes: a value above the threshold is 1.
 *
 *  The bytes are copied. They are kept as grey levels v/255 beside the bits only if some value
 *  is above 1, so an array of zeros and ones takes only the bits.
 *  @param[out] out        the new handle; destroy it with vpf_data_destroy()
 *  @param      values     [rows x cols], row-major, 0..255
 *  @param      rows,cols  at least 1
 *  @param      threshold  0 for zeros and ones; 127 is the paper's "grey level above 0.5"
 *  @return VPF_ERR_ARGUMENT, VPF_ERR_LIMIT (rows x cols does not fit), VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_data_from_u8(vpf_data **out, const uint8_t *values, size_t rows, size_t cols,
                                    uint8_t threshold);

/** Make rows of bits from floats in [0, 1]: a value above the threshold is 1.
 *
 *  The values are copied and kept as grey levels, rounded to the nearest 1/255, unless every
 *  one of them equals its bit.
 *  @param[out] out        the new handle; destroy it with vpf_data_destroy()
 *  @param      values     [rows x cols], row-major, each in [0, 1]; others and NaN are refused
 *  @param      rows,cols  at least 1
 *  @param      threshold  in [0, 1]
 *  @return VPF_ERR_ARGUMENT (naming row and column), VPF_ERR_LIMIT, VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_data_from_f32(vpf_data **out, const float *values, size_t rows, size_t cols,
                                     float threshold);

/** Read a file of images in the IDX format of MNIST, plain or gzipped.
 *
 *  One image is one row of height x width columns. Grey levels are kept as in
 *  vpf_data_from_u8(). The header is checked against the size of the file before anything is
 *  allocated from it; a truncated, oversized or lying file is refused.
 *  @param[out] out        the new handle; destroy it with vpf_data_destroy()
 *  @param      path       the file; gzip is recognised by content, not by name
 *  @param      threshold  as in vpf_data_from_u8()
 *  @return VPF_ERR_IO (cannot be opened or read), VPF_ERR_FORMAT (says what is wrong),
 *          VPF_ERR_ARGUMENT, VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_data_load_idx(vpf_data **out, const char *path, uint8_t threshold);

/** Copy some consecutive rows, with their grey levels.
 *
 *  The slice owns its rows and may outlive its parent. It remembers which row of the original
 *  it begins with, and random numbers are drawn by that index: inferring the hidden states of
 *  a slice gives the slice of the inferred states.
 *  @param first,count  rows first .. first+count-1 of data; count at least 1
 *  @return VPF_ERR_ARGUMENT (outside the data), VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_data_slice(vpf_data **out, const vpf_data *data, size_t first, size_t count);

/** Copy some consecutive columns, with their grey levels: of rows of all units, the states of some
 *  layers (those of layer 0 are the first n_0 columns).
 *  @param first,count  columns first .. first+count-1 of data; count at least 1
 *  @return VPF_ERR_ARGUMENT (outside the data), VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_data_columns(vpf_data **out, const vpf_data *data, size_t first, size_t count);

/** Copy the bits without the grey levels (an eighth of the memory or less).
 *  @return VPF_ERR_ARGUMENT, VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_data_bits_only(vpf_data **out, const vpf_data *data);

/** What noise does to the bits of a region. OR: bit or coin, so that pixels that are on survive
 *  (the paper's protocol of reconstruction; the survivors give part of the answer away).
 *  REPLACE: the coin alone. Since 1.0. */
typedef enum vpf_noise { VPF_NOISE_OR = 0, VPF_NOISE_REPLACE = 1 } vpf_noise;

/** Copy the bits, those of a region put into noise: fair coins. The copy has no grey levels.
 *
 *  A coin depends on the seed, its column and the row's index in the original data set alone, so
 *  the corruption of a slice is the slice of the corruption.
 *  @param[out] out     the new handle; destroy it with vpf_data_destroy()
 *  @param      region  [cols], non-zero columns are corrupted, the others are kept
 *  @param      noise   see vpf_noise
 *  @return VPF_ERR_ARGUMENT, VPF_ERR_MEMORY. Since 1.0. */
VPF_API vpf_status vpf_data_corrupt(vpf_data **out, const vpf_data *data, const uint8_t *region,
                                    vpf_noise noise, uint64_t seed);

/** Free a handle; NULL is allowed. Since 1.0. */
VPF_API void vpf_data_destroy(vpf_data *data);

/** Number of rows; 0 for NULL. Since 1.0. */
VPF_API size_t vpf_data_rows(const vpf_data *data);

/** Number of columns; 0 for NULL. Since 1.0. */
VPF_API size_t vpf_data_cols(const vpf_data *data);

/** Unpack the bits. @param[out] out_bits  [rows x cols], 0 or 1.
 *  @return VPF_ERR_ARGUMENT. Since 1.0. */
VPF_API vpf_status vpf_data_to_u8(const vpf_data *data, uint8_t *out_bits);

/** Unpack the grey levels where they were kept, the bits otherwise.
 *  @param[out] out_levels  [rows x cols], in [0, 1]
 *  @return VPF_ERR_ARGUMENT. Since 1.0. */
VPF_API vpf_status vpf_data_to_f32(const vpf_data *data, float *out_levels);

#ifdef __cplusplus
}
#endif
#endif
