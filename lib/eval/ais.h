/* SPDX-License-Identifier: MIT */
/* Annealed importance sampling (Neal 2001; Salakhutdinov and Murray 2008), in both directions: Eq. (36) to (37).
 *
 * The path leads from a mixture of independent units, the bases, to the machine. A chain belongs to one base at a time and
 * moves by the draws of tempered chains (bm/chain.h). In some steps its weight counts all bases, and it may change over to
 * another, so that modes which different bases lead to add up. Layers that can be summed in closed form are
 * summed (vpfi_split): a chain carries only the others, the explicit ones, and only those contribute variance. */
#ifndef VPFI_EVAL_AIS_H
#define VPFI_EVAL_AIS_H

#include "bm/workspace.h"
#include "eval/bases.h"
#include "eval/split.h"

typedef struct vpfi_ais {
  vpfi_workspace *work; /* its states have a row for each chain */
  const vpfi_bases *bases;
  vpfi_split split;
  size_t *group; /* [chains]: the base that a chain was drawn from; it ascends */
  bool *mixed;   /* [most] scratch: in which steps of a run chains may change over to another base */
  double summed[VPFI_MOST_BASES]; /* log of the sum over the summed layers under each base alone */
  float *field;  /* [threads x bases->length] scratch: of summed layers */
} vpfi_ais;

/* most: inverse temperatures in a run. VPF_ERR_MEMORY. */
vpf_status vpfi_ais_init(vpfi_ais *ais, vpfi_workspace *work, const vpfi_bases *bases, size_t most);
void vpfi_ais_clear(vpfi_ais *ais);

/* Which random numbers a run uses. */
typedef enum vpfi_ais_run_kind { VPFI_AIS_FORWARD = 0, VPFI_AIS_REVERSE = 1, VPFI_AIS_PILOT = 2 } vpfi_ais_run_kind;

/* Draw all layers of the first `chains` rows at beta 0. Each base has its share of the chains, up to rounding. */
void vpfi_ais_start(const vpfi_ais *ais, vpfi_ais_run_kind kind, uint64_t seed, size_t chains);

/* Run `chains` chains through beta[0], .. , beta[n-1], ascending or descending. Their explicit layers must have been
 * drawn at beta[0] and are left as drawn at beta[n-2]. weights: [chains], log importance weights, each the log of an
 * unbiased estimate of Z(beta[n-1]) / Z(beta[0]), where Z(0) = 1. parts, unless NULL: [chains x n-1], what each step
 * added. */
void vpfi_ais_run(const vpfi_ais *ais, vpfi_ais_run_kind kind, const float *beta, size_t n, uint64_t seed,
                  size_t chains, double *weights, double *parts);

/* Fill `to` with states in which a forward run has ended, chosen by their weights: a sample of the machine as far as the
 * run has found it. weights: [chains], not logarithms. */
void vpfi_ais_resample(const vpfi_ais *ais, uint64_t seed, const double *weights, size_t chains, vpfi_states *to);

/* n inverse temperatures, evenly spaced from 0 to 1. */
void vpfi_ais_uniform(float *beta, size_t n);

/* The same, but denser where the weights of a pilot run over pilot_beta vary among chains of the same base: steps of equal
 * standard deviation have the smallest total variance. parts: those of the pilot run, which vpfi_ais_start() began. */
void vpfi_ais_adapt(const vpfi_ais *ais, float *beta, size_t n, const float *pilot_beta, size_t pilot_n,
                    const double *parts, size_t chains);

#endif
