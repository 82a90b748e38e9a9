/* SPDX-License-Identifier: MIT */
/* Exact sums over states by enumeration, in double precision. */
#ifndef VPFI_EVAL_EXACT_H
#define VPFI_EVAL_EXACT_H

#include "bm/workspace.h"
#include "eval/split.h"
#include "num/accumulator.h"

/* For an RBM with 784 visible units, 2^25 states take half a minute; each further unit doubles that. Sums are taken for
 * every row, of which there may be ten thousand. */
enum { VPFI_MOST_ENUMERATED = 25, VPFI_MOST_ENUMERATED_A_ROW = 12 };

/* Whether vpfi_exact_log_sums() is cheap enough for many rows. */
bool vpfi_hidden_can_be_summed(const vpfi_shape *shape);

/* log Z, the log of the sum of exp(-E) over all states. *origin, unless NULL: a part of it without rounding, which is 0 for
 * ordinary machines; *out_log_z is then the rest. VPF_ERR_LIMIT, VPF_ERR_MEMORY. */
vpf_status vpfi_exact_log_partition(const vpfi_shape *shape, const vpfi_params *params, size_t threads,
                                    vpfi_accumulator *origin, double *out_log_z);

/* Independent draws of all units from the machine's own distribution, one for each row of work->states, determined by
 * the seed. VPF_ERR_LIMIT, VPF_ERR_MEMORY. */
vpf_status vpfi_exact_sample(vpfi_workspace *work, uint64_t seed);

/* For each row of visible bits, the log of the sum of exp(-E(x, h)) over the hidden units, less the origin (NULL: 0): log p
 * may be small where log Z is enormous. out: [rows]. VPF_ERR_LIMIT, VPF_ERR_MEMORY; out is then untouched. */
vpf_status vpfi_exact_log_sums(const vpfi_shape *shape, const vpfi_params *params, const vpfi_rows *visible,
                               size_t threads, const vpfi_accumulator *origin, double *out);

#endif
