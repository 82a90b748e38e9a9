/* SPDX-License-Identifier: MIT */
/* An array with a name: what a file holds, and what parts of the library say that they keep. */
#ifndef VPFI_NUM_TENSOR_H
#define VPFI_NUM_TENSOR_H

#include <stddef.h>

typedef enum vpfi_dtype { VPFI_DTYPE_U8, VPFI_DTYPE_F32, VPFI_DTYPE_F64, VPFI_DTYPE_U64 } vpfi_dtype;

/* A matrix in memory, or (rank 1, rows = 1) a vector. */
typedef struct vpfi_tensor {
  char name[64]; /* printable ASCII without quote or backslash, as everything that is written */
  vpfi_dtype dtype;
  size_t rank;       /* 1 or 2 */
  size_t rows, cols; /* at least 1 */
  size_t stride;     /* elements from one row to the next in memory, >= cols; the file has no padding */
  const void *data;  /* in the byte order of the processor */
  void *into;        /* the same memory, where it may be filled from a file */
} vpfi_tensor;

#endif
