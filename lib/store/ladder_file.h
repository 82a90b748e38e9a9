/* SPDX-License-Identifier: MIT */
/* Ladders: the tensors of the last rung's machine, as in a model file, and
 *
 *   ladder.state             U64 [6]  rungs, chains, samples of a pool, most rungs, seed, sweeps so far
 *   ladder.acceptance        F64 [1]
 *   ladder.<rung>.weight, .bias.0, .bias.1   F32, the machine of the rung
 *   ladder.<rung>.pool       U64 [samples, words]  visible bits
 *   ladder.<rung>.numbers    F64 [4]  log Z, its error, acceptance, autocorrelation time */
#ifndef VPFI_STORE_LADDER_FILE_H
#define VPFI_STORE_LADDER_FILE_H

#include "ladder/rungs.h"

/* The most rungs that a ladder may have. */
enum { VPFI_MOST_RUNGS = 4096 };

/* VPF_ERR_IO, VPF_ERR_MEMORY, VPF_ERR_LIMIT, as for vpfi_safetensors_write(). */
vpf_status vpfi_ladder_write(const char *path, const vpfi_ladder *ladder);

/* The file is not trusted. On failure the ladder is all zero. VPF_ERR_IO, VPF_ERR_FORMAT, VPF_ERR_MEMORY. */
vpf_status vpfi_ladder_read(const char *path, vpfi_ladder *ladder);

#endif
