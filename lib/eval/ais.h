/* SPDX-License-Identifier: MIT */
/* Annealed importance sampling (Neal 2001; Salakhutdinov and Murray 2008), in both directions: Eq. (36), (37).
 *
 * The path leads from independent units with biases `base` to the machine, as for tempered chains (bm/chain.h).
 * Layers that can be summed in closed form are summed (vpfi_split): a chain carries only the others, the
 * explicit ones, and only those contribute variance. */
#ifndef VPFI_EVAL_AIS_H
#define VPFI_EVAL_AIS_H

#include "bm/workspace.h"
#include "eval/split.h"

typedef struct vpfi_ais {
  vpfi_workspace *work; /* its states have a row for each chain */
  vpfi_split split;
  float **base;  /* [n_layers]: [width] */
  float **shift; /* [n_layers]: [width], bias - base */
  bool shifted;  /* some shift is not 0 */
} vpfi_ais;

/* visible_base: [n_0], biases of the visible units at beta 0, or NULL for the machine's own, which
 * hidden units always have. VPF_ERR_MEMORY. */
vpf_status vpfi_ais_init(vpfi_ais *ais, vpfi_workspace *work, const float *visible_base);
void vpfi_ais_clear(vpfi_ais *ais);

/* log Z at beta 0. */
double vpfi_ais_base_log_z(const vpfi_ais *ais);

/* Which random numbers a run uses. */
typedef enum vpfi_ais_run_kind { VPFI_AIS_FORWARD = 0, VPFI_AIS_REVERSE = 1, VPFI_AIS_PILOT = 2 } vpfi_ais_run_kind;

/* Draw all layers of the first `chains` rows at beta 0. */
void vpfi_ais_start(const vpfi_ais *ais, vpfi_ais_run_kind kind, uint64_t seed, size_t chains);

/* Run `chains` chains through beta[0], .. , beta[n-1], ascending or descending. Their explicit layers must have been
 * drawn at beta[0] and are left as drawn at beta[n-2]. weights: [chains], log importance weights, each the log of an
 * unbiased estimate of Z(beta[n-1]) / Z(beta[0]). parts, unless NULL: [chains x n-1], what each step added. */
void vpfi_ais_run(const vpfi_ais *ais, vpfi_ais_run_kind kind, const float *beta, size_t n, uint64_t seed,
                  size_t chains, double *weights, double *parts);

/* n inverse temperatures, evenly spaced from 0 to 1. */
void vpfi_ais_uniform(float *beta, size_t n);

/* The same, but denser where the weights of a pilot run over pilot_beta vary: steps of equal standard
 * deviation have the smallest total variance. parts: those of the pilot run. */
void vpfi_ais_adapt(float *beta, size_t n, const float *pilot_beta, size_t pilot_n, const double *parts,
                    size_t chains);

#endif
