/* SPDX-License-Identifier: MIT */
/* Reads IDX image files (MNIST), plain or gzipped. */
#ifndef VPFI_STORE_IDX_H
#define VPFI_STORE_IDX_H

#include <stddef.h>
#include <stdint.h>
#include <vpf/status.h>

/* Read all images: [rows x cols] bytes, cols = height * width, to be freed with vpfi_free().
 * The file is not trusted. VPF_ERR_IO, VPF_ERR_FORMAT, VPF_ERR_MEMORY; the outputs are then untouched. */
vpf_status vpfi_idx_read(const char *path, uint8_t **out_values, size_t *out_rows, size_t *out_cols);

#endif
