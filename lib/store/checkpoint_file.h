/* SPDX-License-Identifier: MIT */
/* Checkpoints: the tensors of a model, and those of its learner beside them.
 *
 *   optimizer.option_keys  U64 [options]   vpf_option numbers
 *   optimizer.options      F64 [options]   their values
 *   optimizer.state        U64 [..]        whole numbers, in the order of checkpoint_file.c
 *   optimizer.powers       F64 [2]         beta1^t, beta2^t
 *   optimizer.sum_rows     F64 [1]         rows, flow by role and units on by layer that the
 *   optimizer.sum_flow     F64 [roles]       running epoch has summed so far
 *   optimizer.sum_on       F64 [layers]
 *   optimizer.moment1.*, optimizer.moment2.*  F32, named and shaped like the parameters
 *   optimizer.sample.<p>   U64 [rows, words]  hidden sample, bits as in memory, by plane
 *   optimizer.<name>.<p>   what methods keep (learn/method.h): "particles", the chains of PCD, U64 [chains, words]
 *
 * All but the first three are there only once the learner has trained. */
#ifndef VPFI_STORE_CHECKPOINT_FILE_H
#define VPFI_STORE_CHECKPOINT_FILE_H

#include "bm/params.h"
#include "learn/learner.h"

/* VPF_ERR_IO, VPF_ERR_MEMORY, VPF_ERR_LIMIT, as vpfi_safetensors_write(). */
vpf_status vpfi_checkpoint_write(const char *path, const vpfi_shape *shape, const vpfi_params *params,
                                 const vpfi_learner *learner);

/* From a file that is not trusted. All three are zero on failure. VPF_ERR_IO, VPF_ERR_FORMAT, VPF_ERR_MEMORY. */
vpf_status vpfi_checkpoint_read(const char *path, vpfi_shape *shape, vpfi_params *params, vpfi_learner *learner);

#endif
