/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "api/handles.h"
#include "api/structs.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "bm/sparsity.h"
#include "eval/parzen.h"
#include "num/statistics.h"

static vpf_status check_sizes(const char *function, const char *name, size_t count, size_t dim) {
  if (count == 0 || dim == 0)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: %zu %s of dimension %zu; both must be at least 1", function, count, name,
                     dim);
  if (count > (size_t)1 << 31 || dim > (size_t)1 << 30)
    return vpfi_fail(VPF_ERR_LIMIT, "%s: %zu %s of dimension %zu are too many", function, count, name, dim);
  return VPF_OK;
}

static vpf_status check_points(const char *function, const char *name, const float *values, size_t count,
                               size_t dim) {
  if (!values) return vpfi_null(function, name);
  const vpf_status status = check_sizes(function, name, count, dim);
  return status ? status : vpfi_check_finite(values, count, dim, name);
}

static vpf_status check_sigma(const char *function, double sigma) {
  if (sigma > 0 && isfinite(sigma)) return VPF_OK;
  return vpfi_fail(VPF_ERR_ARGUMENT, "%s: sigma %g is not a finite number above 0", function, sigma);
}

vpf_status vpf_parzen(const float *centres, size_t n_centres, const float *points, size_t n_points, size_t dim,
                      double sigma, double *out_mean, double *out_stderr) {
  if (!out_mean) return vpfi_null(__func__, "out_mean");
  vpf_status status = check_points(__func__, "centres", centres, n_centres, dim);
  if (!status) status = check_points(__func__, "points", points, n_points, dim);
  if (!status) status = check_sigma(__func__, sigma);
  if (status) return status;
  double *each = vpfi_alloc(n_points, sizeof *each);
  if (!each) return VPF_ERR_MEMORY;
  status = vpfi_parzen(centres, n_centres, points, n_points, dim, &sigma, 1, vpfi_thread_count(0), each);
  if (!status) *out_mean = vpfi_mean(each, n_points);
  if (!status && out_stderr) *out_stderr = vpfi_standard_error(each, n_points);
  vpfi_free(each);
  return status;
}

vpf_status vpf_parzen_select_sigma(const float *centres, size_t n_centres, const float *points, size_t n_points,
                                   size_t dim, const double *sigmas, size_t n_sigmas, double *out_sigma) {
  if (!out_sigma) return vpfi_null(__func__, "out_sigma");
  if (!sigmas) return vpfi_null(__func__, "sigmas");
  vpf_status status = check_points(__func__, "centres", centres, n_centres, dim);
  if (!status) status = check_points(__func__, "points", points, n_points, dim);
  if (!status && n_sigmas == 0) return vpfi_fail(VPF_ERR_ARGUMENT, "%s: no sigma to select from", __func__);
  for (size_t s = 0; !status && s < n_sigmas; s++) status = check_sigma(__func__, sigmas[s]);
  if (status) return status;
  size_t size;
  double *each = vpfi_size_mul(n_sigmas, sizeof *each, &size) ? vpfi_alloc(n_points, size) : NULL;
  if (!each) return vpfi_fail(VPF_ERR_MEMORY, "%s: no memory for %zu x %zu values", __func__, n_sigmas, n_points);
  status = vpfi_parzen(centres, n_centres, points, n_points, dim, sigmas, n_sigmas, vpfi_thread_count(0), each);
  size_t best = 0;
  for (size_t s = 1; !status && s < n_sigmas; s++)
    if (vpfi_mean(each + s * n_points, n_points) > vpfi_mean(each + best * n_points, n_points)) best = s;
  if (!status) *out_sigma = sigmas[best];
  vpfi_free(each);
  return status;
}

/* One draw of centres after the other, so that only one is in memory. */
static vpf_status score_draws(const vpf_model *model, size_t count, const size_t *steps, const float *prior,
                              uint64_t seed, const float *points, size_t n_points, double sigma, vpf_parzen_report *report) {
  const size_t dim = model->shape.layer[0].size, draws = report->draws;
  float *centres = vpfi_alloc(count, dim * sizeof *centres);
  double *each = vpfi_alloc(n_points, sizeof *each), *point = vpfi_alloc(n_points, sizeof *point);
  double *draw = vpfi_alloc(draws, sizeof *draw);
  vpf_status status = centres && each && point && draw ? VPF_OK : VPF_ERR_MEMORY;
  for (size_t d = 0; !status && d < draws; d++) {
    status = vpf_generate_by_pair(model, count, steps, prior, seed + d, centres);
    if (!status)
      status = vpfi_parzen(centres, count, points, n_points, dim, &sigma, 1, vpfi_thread_count(0), each);
    if (status) break;
    draw[d] = vpfi_mean(each, n_points);
    for (size_t p = 0; p < n_points; p++) point[p] += each[p] / (double)draws;
  }
  if (!status) {
    report->mean = vpfi_mean(draw, draws);
    report->stderr_points = vpfi_standard_error(point, n_points);
    report->stderr_draws = vpfi_standard_error(draw, draws);
  }
  vpfi_free(draw);
  vpfi_free(point);
  vpfi_free(each);
  vpfi_free(centres);
  return status;
}

static vpf_status parzen_generated(const char *function, const vpf_model *model, size_t count, const size_t *steps,
                                   const float *prior, uint64_t seed, size_t draws, const float *points,
                                   size_t n_points, double sigma, vpf_parzen_report *out) {
  const size_t dim = model->shape.layer[0].size;
  vpf_status status = vpfi_check_report(function, out, VPFI_SIZE_TO(vpf_parzen_report, draws));
  if (!status) status = check_points(function, "points", points, n_points, dim);
  if (!status) status = check_sizes(function, "centres", count, dim);
  if (!status) status = check_sigma(function, sigma);
  if (status) return status;
  if (draws == 0) return vpfi_fail(VPF_ERR_ARGUMENT, "%s: draws is 0; at least 1 is needed", function);
  vpf_parzen_report report = {.draws = draws};
  status = score_draws(model, count, steps, prior, seed, points, n_points, sigma, &report);
  if (!status) vpfi_return_report(out, &report, sizeof report);
  return status;
}

vpf_status vpf_parzen_generated(const vpf_model *model, size_t count, size_t steps, const float *prior, uint64_t seed,
                                size_t draws, const float *points, size_t n_points, double sigma,
                                vpf_parzen_report *out) {
  if (!model) return vpfi_null(__func__, "model");
  size_t *each = vpfi_even_steps(model, steps);
  if (!each) return VPF_ERR_MEMORY;
  const vpf_status status =
      parzen_generated(__func__, model, count, each, prior, seed, draws, points, n_points, sigma, out);
  vpfi_free(each);
  return status;
}

vpf_status vpf_parzen_generated_by_pair(const vpf_model *model, size_t count, const size_t *steps, const float *prior,
                                        uint64_t seed, size_t draws, const float *points, size_t n_points,
                                        double sigma, vpf_parzen_report *out) {
  if (!model) return vpfi_null(__func__, "model");
  if (!steps) return vpfi_null(__func__, "steps");
  return parzen_generated(__func__, model, count, steps, prior, seed, draws, points, n_points, sigma, out);
}

vpf_status vpf_weight_metrics(const vpf_model *model, size_t lower, double *out_rho, double *out_w2) {
  if (!model) return vpfi_null(__func__, "model");
  if (lower >= model->shape.n_joins)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: there are no weights above layer %zu in a model of %zu layers", __func__,
                     lower, model->shape.n_layers);
  double rho, w2;
  vpfi_sparsity(&model->shape, &model->params, lower, &rho, &w2);
  if (out_rho) *out_rho = rho;
  if (out_w2) *out_w2 = w2;
  return VPF_OK;
}
