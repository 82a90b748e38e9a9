/* SPDX-License-Identifier: MIT */
/* What a model looks like inside a safetensors file, alone or as part of a checkpoint. */
#ifndef VPFI_STORE_MODEL_FILE_H
#define VPFI_STORE_MODEL_FILE_H

#include "bm/params.h"
#include "store/safetensors.h"

/* The tensors and metadata that describe a model. */
typedef struct vpfi_model_parts {
  vpfi_tensor *tensors;
  size_t n_tensors;
  vpfi_metadata *metadata;
  size_t n_metadata;
  char *text; /* what the metadata values point into */
} vpfi_model_parts;

/* Make parts that point into params, which must outlive them; kind is "model" or "checkpoint".
 * There is room for room_for_more tensors beyond n_tensors. VPF_ERR_MEMORY; *parts is then all
 * zero. */
vpf_status vpfi_model_parts_init(vpfi_model_parts *parts, const vpfi_shape *shape, const vpfi_params *params,
                                 const char *kind, size_t room_for_more);
void vpfi_model_parts_clear(vpfi_model_parts *parts);

/* Rebuild shape and params from a file of that kind; both are all zero on failure.
 * VPF_ERR_FORMAT, VPF_ERR_IO, VPF_ERR_MEMORY. *out_tensors: how many tensors belong to the model;
 * a file of kind "model" must have no others. In files of both kinds, metadata that begin with
 * "vpf_" but that a model does not have are refused. */
vpf_status vpfi_model_parts_read(const vpfi_safetensors *file, const char *kind, vpfi_shape *shape,
                                 vpfi_params *params, size_t *out_tensors);

#endif
