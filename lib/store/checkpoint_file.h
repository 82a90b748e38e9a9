/* SPDX-License-Identifier: MIT */
/* Checkpoints: the tensors of a model, together with those of its learner.
 *
 *   optimizer.option_keys  U64 [options]   vpf_option numbers
 *   optimizer.options      F64 [options]   their values
 *   optimizer.state        U64 [..]        whole numbers, in the order of checkpoint_file.c
 *   optimizer.powers       F64 [2]         beta1^t, beta2^t
 *   optimizer.sum_rows     F64 [1]         rows, flow by role, and units that were on by layer,
 *   optimizer.sum_flow     F64 [roles]       summed over the running epoch so far
 *   optimizer.sum_on       F64 [layers]
 *   optimizer.moment1.*, optimizer.moment2.*  F32, named and shaped like the parameters
 *   optimizer.sample.<p>   U64 [rows, words]  the hidden sample by plane, bits as in memory
 *   optimizer.<name>.<p>   what methods keep (learn/method.h): "particles", the chains of PCD, U64 [chains, words]
 *
 * All but the first three exist only once the learner has trained. */
#ifndef VPFI_STORE_CHECKPOINT_FILE_H
#define VPFI_STORE_CHECKPOINT_FILE_H

#include "bm/params.h"
#include "learn/learner.h"

/* VPF_ERR_IO, VPF_ERR_MEMORY, VPF_ERR_LIMIT, as for vpfi_safetensors_write(). */
vpf_status vpfi_checkpoint_write(const char *path, const vpfi_shape *shape, const vpfi_params *params,
                                 const vpfi_learner *learner);

/* The file is not trusted. On failure all three are zero. VPF_ERR_IO, VPF_ERR_FORMAT, VPF_ERR_MEMORY. */
vpf_status vpfi_checkpoint_read(const char *path, vpfi_shape *shape, vpfi_params *params, vpfi_learner *learner);

#endif
