/* SPDX-License-Identifier: MIT */
#include "eval/doubts.h"

#include <math.h>

/* In nats, chosen so that an estimate which is half a nat off is doubted: the bound is certain, and Bennett's estimate itself
 * is right to some 0.2 (tests/zoo). */
static const double BELOW_BOUND = 0.2, BETWEEN_RUNS = 0.3, LARGEST_ERROR = 0.5 / 3;
static const double LEAST_OF_THE_CHAINS = 0.1;

bool vpfi_is_below_bound(double log_z, double bound) {
  return bound > log_z + BELOW_BOUND;
}

unsigned vpfi_doubts(const vpf_ais_result *r, size_t chains) {
  unsigned doubts = 0;
  if (vpfi_is_below_bound(r->log_z, r->log_z_bound)) doubts |= VPF_DOUBT_BOUND;
  if (fabs(r->log_z_both - r->log_z) > BETWEEN_RUNS) doubts |= VPF_DOUBT_REVERSE;
  if (r->ess < LEAST_OF_THE_CHAINS * (double)chains) doubts |= VPF_DOUBT_ESS;
  if (r->log_z_stderr > LARGEST_ERROR) doubts |= VPF_DOUBT_SPREAD;
  return doubts;
}
