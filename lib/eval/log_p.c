/* SPDX-License-Identifier: MIT */
#include "eval/log_p.h"

#include <math.h>

#include "base/memory.h"
#include "base/team.h"
#include "eval/exact.h"
#include "eval/log_p_bound.h"
#include "num/statistics.h"

/* log p(x) + log Z of each row, less the origin of log Z (NULL: 0), or what it at least is; the caller frees *out. */
static vpf_status log_sums(const vpfi_shape *shape, const vpfi_params *params, const vpfi_rows *visible, bool bound,
                           const vpfi_accumulator *origin, double **out) {
  double *each = vpfi_alloc(visible->rows, sizeof *each);
  if (!each) return VPF_ERR_MEMORY;
  const vpf_status status = bound ? vpfi_log_sum_bounds(shape, params, visible, each)
                                  : vpfi_exact_log_sums(shape, params, visible, vpfi_thread_count(0), origin, each);
  if (status)
    vpfi_free(each);
  else
    *out = each;
  return status;
}

/* The mean of log_sums(). */
static vpf_status mean_log_sum(const vpfi_shape *shape, const vpfi_params *params, const vpfi_rows *visible, bool bound,
                               const vpfi_accumulator *origin, double *out_mean) {
  double *each = NULL;
  const vpf_status status = log_sums(shape, params, visible, bound, origin, &each);
  if (!status) *out_mean = vpfi_mean(each, visible->rows);
  vpfi_free(each);
  return status;
}

vpf_status vpfi_mean_log_sum(const vpfi_shape *shape, const vpfi_params *params, const vpfi_rows *visible, bool bound,
                             double *out_mean) {
  return mean_log_sum(shape, params, visible, bound, NULL, out_mean);
}

/* The same of the row of all zeros. */
static vpf_status empty_log_sum(const vpfi_shape *shape, const vpfi_params *params, bool bound,
                                const vpfi_accumulator *origin, double *out) {
  vpfi_rows zeros;
  vpf_status status = vpfi_rows_init(&zeros, 1, shape->layer[0].size, 0);
  if (!status) status = mean_log_sum(shape, params, &zeros, bound, origin, out);
  vpfi_rows_clear(&zeros);
  return status;
}

/* Fills in log_z and what is known about it. *origin, unless NULL, and *rest: as by vpfi_exact_log_partition(). */
static vpf_status find_log_z(const char *function, const vpfi_shape *shape, const vpfi_params *params,
                             const vpfi_annealing *annealing, vpfi_accumulator *origin, double *rest,
                             vpf_likelihood *found) {
  if (vpfi_enumeration_is_cheap(shape, annealing)) {
    found->exact = 1;
    found->ess = (double)annealing->chains;
    const vpf_status status = vpfi_exact_log_partition(shape, params, vpfi_thread_count(0), origin, rest);
    if (status) return status;
    found->log_z = found->log_z_bound = origin ? *rest + vpfi_accumulator_value(origin) : *rest;
    return VPF_OK;
  }
  vpf_ais_result ais;
  const vpf_status status = vpfi_anneal(function, shape, params, annealing, &ais);
  found->log_z = *rest = ais.log_z;
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
  double *each = NULL, empty, rest = 0;
  vpfi_accumulator origin = {{0}};
  vpf_status status = find_log_z(function, shape, params, &complete, bound ? NULL : &origin, &rest, out);
  if (!status) status = log_sums(shape, params, visible, bound, &origin, &each);
  if (!status) status = empty_log_sum(shape, params, bound, &origin, &empty);
  if (!status) {
    const double sum = vpfi_mean(each, visible->rows);
    out->mean = sum - rest;
    out->mean_low = out->exact ? out->mean : sum - safe_log_z(out);
    out->rows_stderr = vpfi_standard_error(each, visible->rows);
    out->empty = empty - rest;
  }
  vpfi_free(each);
  return status;
}
