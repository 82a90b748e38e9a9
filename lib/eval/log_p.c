/* SPDX-License-Identifier: MIT */
#include "eval/log_p.h"

#include <math.h>

#include "base/memory.h"
#include "base/threads.h"
#include "eval/exact.h"
#include "eval/log_p_bound.h"
#include "num/statistics.h"

/* log p(x) + log Z of each row, or what it at least is; the caller frees *out. */
static vpf_status log_sums(const vpfi_shape *shape, const vpfi_params *params, const vpfi_rows *visible, bool bound,
                           double **out) {
  double *each = vpfi_alloc(visible->rows, sizeof *each);
  if (!each) return VPF_ERR_MEMORY;
  const vpf_status status = bound ? vpfi_log_sum_bounds(shape, params, visible, each)
                                  : vpfi_exact_log_sums(shape, params, visible, vpfi_thread_count(0), each);
  if (status)
    vpfi_free(each);
  else
    *out = each;
  return status;
}

vpf_status vpfi_mean_log_sum(const vpfi_shape *shape, const vpfi_params *params, const vpfi_rows *visible, bool bound,
                             double *out_mean) {
  double *each = NULL;
  const vpf_status status = log_sums(shape, params, visible, bound, &each);
  if (!status) *out_mean = vpfi_mean(each, visible->rows);
  vpfi_free(each);
  return status;
}

/* The same of the row of all zeros. */
static vpf_status empty_log_sum(const vpfi_shape *shape, const vpfi_params *params, bool bound, double *out) {
  vpfi_rows zeros;
  vpf_status status = vpfi_rows_init(&zeros, 1, shape->layer[0].size, 0);
  if (!status) status = vpfi_mean_log_sum(shape, params, &zeros, bound, out);
  vpfi_rows_clear(&zeros);
  return status;
}

/* Fills in log_z and what is known about it. */
static vpf_status find_log_z(const char *function, const vpfi_shape *shape, const vpfi_params *params,
                             const vpfi_annealing *annealing, vpf_likelihood *found) {
  if (vpfi_enumeration_is_cheap(shape, annealing)) {
    found->exact = 1;
    found->ess = (double)annealing->chains;
    const vpf_status status = vpfi_exact_log_partition(shape, params, vpfi_thread_count(0), &found->log_z);
    found->log_z_bound = found->log_z;
    return status;
  }
  vpf_ais_result ais;
  const vpf_status status = vpfi_anneal(function, shape, params, annealing, &ais);
  found->log_z = ais.log_z;
  found->log_z_stderr = ais.log_z_stderr;
  found->ess = ais.ess;
  found->reverse_log_z = ais.reverse_log_z;
  found->disagree = ais.disagree;
  found->log_z_bound = ais.log_z_bound;
  found->log_z_both = ais.log_z_both;
  found->doubts = ais.doubts;
  return status;
}

/* The largest log Z that must be reckoned with. fmax() passes over NaN. */
static double safe_log_z(const vpf_likelihood *l) {
  const double least = fmax(fmax(l->log_z, l->log_z_bound), l->log_z_both);
  return l->doubts & VPF_DOUBT_REVERSE ? fmax(least, l->reverse_log_z) : least;
}

vpf_status vpfi_estimate_likelihood(const char *function, const vpfi_shape *shape, const vpfi_params *params,
                                    const vpfi_rows *visible, const vpfi_annealing *annealing, vpf_likelihood *out) {
  vpfi_annealing complete = *annealing;
  if (!complete.base) complete.base = visible;
  if (!complete.reverse_from) complete.reverse_from = visible;
  const bool bound = !vpfi_hidden_can_be_summed(shape);
  *out = (vpf_likelihood){.reverse_log_z = (double)NAN, .log_z_both = (double)NAN, .bound = bound};
  double *each = NULL, empty;
  vpf_status status = log_sums(shape, params, visible, bound, &each);
  if (!status) status = empty_log_sum(shape, params, bound, &empty);
  if (!status) status = find_log_z(function, shape, params, &complete, out);
  if (!status) {
    const double sum = vpfi_mean(each, visible->rows);
    out->mean = sum - out->log_z;
    out->mean_low = sum - safe_log_z(out);
    out->rows_stderr = vpfi_standard_error(each, visible->rows);
    out->empty = empty - out->log_z;
  }
  vpfi_free(each);
  return status;
}
