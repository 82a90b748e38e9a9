/* SPDX-License-Identifier: MIT */
/* Measures of data and of numbers that were recorded; of a machine: evaluate.c, features.c. */
#include <math.h>

#include "api/handles.h"
#include "api/structs.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "eval/diagnostics.h"
#include "eval/moments.h"

vpf_status vpf_moments(const vpf_data *data, double *out_mean, double *out_pair) {
  if (!data) return vpfi_null(__func__, "data");
  if (!out_mean) return vpfi_null(__func__, "out_mean");
  return vpfi_moments(data->bits, data->words, data->rows, data->cols, vpfi_thread_count(0), out_mean, out_pair);
}

/* Means, pairs and connected pairs, in this order: the pairs are packed and connected in place. */
static void compare(size_t cols, const double *mean_a, double *pair_a, const double *mean_b, double *pair_b,
                    vpf_moment_comparison *out) {
  vpfi_compare_lists(mean_a, mean_b, cols, &out->mean_pearson, &out->mean_rms);
  const size_t pairs = vpfi_pack_pairs(pair_a, cols);
  vpfi_pack_pairs(pair_b, cols);
  vpfi_compare_lists(pair_a, pair_b, pairs, &out->pair_pearson, &out->pair_rms);
  vpfi_connect_pairs(pair_a, mean_a, cols);
  vpfi_connect_pairs(pair_b, mean_b, cols);
  vpfi_compare_lists(pair_a, pair_b, pairs, &out->connected_pearson, &out->connected_rms);
}

vpf_status vpf_compare_moments(const vpf_data *a, const vpf_data *b, vpf_moment_comparison *out) {
  if (!a) return vpfi_null(__func__, "a");
  if (!b) return vpfi_null(__func__, "b");
  vpf_status status = vpfi_check_report(__func__, out, VPFI_SIZE_TO(vpf_moment_comparison, connected_rms));
  if (status) return status;
  if (a->cols != b->cols)
    return vpfi_fail(VPF_ERR_SHAPE, "%s: a has %zu columns, b has %zu", __func__, a->cols, b->cols);
  const size_t cols = a->cols, threads = vpfi_thread_count(0);
  double *mean[2] = {vpfi_alloc(cols, sizeof(double)), vpfi_alloc(cols, sizeof(double))};
  size_t row;
  double *pair[2] = {NULL, NULL};
  for (size_t k = 0; k < 2; k++)
    if (vpfi_size_mul(cols, sizeof(double), &row)) pair[k] = vpfi_alloc(cols, row);
  status = mean[0] && mean[1] && pair[0] && pair[1] ? VPF_OK : VPF_ERR_MEMORY;
  if (!status) status = vpfi_moments(a->bits, a->words, a->rows, cols, threads, mean[0], pair[0]);
  if (!status) status = vpfi_moments(b->bits, b->words, b->rows, cols, threads, mean[1], pair[1]);
  if (!status) {
    vpf_moment_comparison report;
    compare(cols, mean[0], pair[0], mean[1], pair[1], &report);
    vpfi_return_report(out, &report, sizeof report);
  }
  for (size_t k = 0; k < 2; k++) {
    vpfi_free(mean[k]);
    vpfi_free(pair[k]);
  }
  return status;
}

/* The square of a difference of two values, summed, must stay a double. */
static const double LARGEST_VALUE = 1e150;

vpf_status vpf_chain_diagnostics(const double *values, size_t chains, size_t draws, vpf_chain_report *out) {
  if (!values) return vpfi_null(__func__, "values");
  vpf_status status = vpfi_check_report(__func__, out, VPFI_SIZE_TO(vpf_chain_report, split_rhat));
  if (status) return status;
  if (chains == 0 || draws < 4)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: %zu chains of %zu draws; at least 1 of 4 is needed", __func__, chains,
                     draws);
  size_t count;
  if (!vpfi_size_mul(chains, draws, &count))
    return vpfi_fail(VPF_ERR_LIMIT, "%s: %zu chains of %zu draws are too many", __func__, chains, draws);
  for (size_t k = 0; k < count; k++)
    if (!(fabs(values[k]) <= LARGEST_VALUE))
      return vpfi_fail(VPF_ERR_ARGUMENT, "%s: values[%zu][%zu] is %g, outside [-%g, %g]", __func__, k / draws,
                       k % draws, values[k], LARGEST_VALUE, LARGEST_VALUE);
  vpf_chain_report report;
  status = vpfi_diagnose(values, chains, draws, &report);
  if (!status) vpfi_return_report(out, &report, sizeof report);
  return status;
}
