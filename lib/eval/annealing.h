/* SPDX-License-Identifier: MIT */
/* log Z by annealed importance sampling, in one or both directions: where temperatures are placed, where runs begin,
 * and what their weights say. The runs themselves are in ais.h. */
#ifndef VPFI_EVAL_ANNEALING_H
#define VPFI_EVAL_ANNEALING_H

#include <vpf/likelihood.h>

#include "bm/workspace.h"

/* vpf_ais_settings, completed and checked. */
typedef struct vpfi_annealing {
  size_t chains, betas;
  uint64_t seed;
  bool adaptive;
  const double *temperatures;    /* [betas] inverse temperatures, or NULL */
  const vpfi_rows *base;         /* NULL: the machine's own biases */
  bool reverse;
  const vpfi_rows *reverse_from; /* NULL: where the forward run ended */
  size_t reverse_sweeps;
} vpfi_annealing;

/* Whether enumerating log Z takes at most a tenth of a second, or four times as long as annealing forward would. */
bool vpfi_enumeration_is_cheap(const vpfi_shape *shape, const vpfi_annealing *annealing);

/* Fills in all of *result but struct_size. VPF_ERR_OVERFLOW, whose text begins with the function; VPF_ERR_MEMORY. */
vpf_status vpfi_anneal(const char *function, const vpfi_shape *shape, const vpfi_params *params,
                       const vpfi_annealing *annealing, vpf_ais_result *result);

#endif
