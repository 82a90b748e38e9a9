/* SPDX-License-Identifier: MIT */
/* log Z by annealed importance sampling, in one or both directions: where temperatures are placed, where runs begin,
 * and what their weights say. The runs themselves: ais.h. */
#ifndef VPFI_EVAL_ANNEALING_H
#define VPFI_EVAL_ANNEALING_H

#include <vpf/evaluate.h>

#include "bm/workspace.h"

/* vpf_ais_settings, complete and checked. */
typedef struct vpfi_annealing {
  size_t chains, betas;
  uint64_t seed;
  bool adaptive;
  const double *temperatures;    /* [betas], or NULL */
  const vpfi_rows *base;         /* or NULL: the machine's own biases */
  bool reverse;
  const vpfi_rows *reverse_from; /* or NULL: where the forward run ended */
  size_t reverse_sweeps;
} vpfi_annealing;

/* Whether log Z can be enumerated in no more time than estimating it would take. */
bool vpfi_enumeration_is_cheap(const vpfi_shape *shape);

/* Fills all of *result but struct_size. function: begins the text of VPF_ERR_OVERFLOW. VPF_ERR_MEMORY. */
vpf_status vpfi_anneal(const char *function, const vpfi_shape *shape, const vpfi_params *params,
                       const vpfi_annealing *annealing, vpf_ais_result *result);

#endif
