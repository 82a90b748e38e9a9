/* SPDX-License-Identifier: MIT */
/* The ladder that parallel trajectory tempering (method_ptt.c) leaves behind. */
#ifndef VPFI_LEARN_RUNGS_KEPT_H
#define VPFI_LEARN_RUNGS_KEPT_H

#include "ladder/rungs.h"
#include "learn/learner.h"

/* NULL if there is none. After it has been read from a file, vpfi_ladder_complete() is still due. */
const vpfi_ladder *vpfi_rungs_kept(const vpfi_learner *learner);

#endif
