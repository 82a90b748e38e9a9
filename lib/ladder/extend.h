/* SPDX-License-Identifier: MIT */
/* Longer ladders: rungs on the straight line from the last machine to another one. */
#ifndef VPFI_LADDER_EXTEND_H
#define VPFI_LADDER_EXTEND_H

#include "ladder/pool.h"

/* Add rungs until samples of the last one would be exchanged with samples of the target as often as the plan wants; with
 * `itself`, the target then becomes the last rung, unless it already is. Unchanged on failure. VPF_ERR_LIMIT,
 * VPF_ERR_OVERFLOW, VPF_ERR_MEMORY. */
vpf_status vpfi_ladder_extend(vpfi_ladder *ladder, const vpfi_params *target, bool itself);

#endif
