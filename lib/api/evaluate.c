/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "api/handles.h"
#include "api/structs.h"
#include "base/error.h"
#include "base/memory.h"
#include "bm/sparsity.h"
#include "eval/activity.h"
#include "eval/diagnostics.h"
#include "eval/moments.h"
#include "eval/parzen.h"
#include "eval/reconstruction_error.h"

/* ---- Parzen windows ---- */

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

static vpf_status check_set(const char *function, const vpfi_parzen_set *set) {
  const vpf_status status = check_points(function, "centres", set->centres, set->n_centres, set->dim);
  return status ? status : check_points(function, "points", set->points, set->n_points, set->dim);
}

static vpf_status check_sigma(const char *function, double sigma) {
  if (sigma > 0 && isfinite(sigma)) return VPF_OK;
  return vpfi_fail(VPF_ERR_ARGUMENT, "%s: sigma %g is not a finite number above 0", function, sigma);
}

/* The number of a point far from all centres is -|x - c|^2 / (2 sigma^2). */
static vpf_status check_density(const char *function, double mean, double error, double sigma) {
  if (isfinite(mean) && isfinite(error)) return VPF_OK;
  return vpfi_fail(VPF_ERR_OVERFLOW, "%s: the mean is %g, its error %g; sigma %g is too small for distances from the centres",
                   function, mean, error, sigma);
}

vpf_status vpf_parzen(const float *centres, size_t n_centres, const float *points, size_t n_points, size_t dim,
                      double sigma, double *out_mean, double *out_stderr) {
  const vpfi_parzen_set set = {centres, n_centres, points, n_points, dim};
  if (!out_mean) return vpfi_null(__func__, "out_mean");
  vpf_status status = check_set(__func__, &set);
  if (!status) status = check_sigma(__func__, sigma);
  double mean, error;
  if (!status) status = vpfi_parzen_mean(&set, sigma, vpfi_thread_count(0), &mean, &error);
  if (!status) status = check_density(__func__, mean, error, sigma);
  if (status) return status;
  *out_mean = mean;
  if (out_stderr) *out_stderr = error;
  return VPF_OK;
}

vpf_status vpf_parzen_select_sigma(const float *centres, size_t n_centres, const float *points, size_t n_points,
                                   size_t dim, const double *sigmas, size_t n_sigmas, double *out_sigma) {
  const vpfi_parzen_set set = {centres, n_centres, points, n_points, dim};
  if (!out_sigma) return vpfi_null(__func__, "out_sigma");
  if (!sigmas) return vpfi_null(__func__, "sigmas");
  vpf_status status = check_set(__func__, &set);
  if (!status && n_sigmas == 0) return vpfi_fail(VPF_ERR_ARGUMENT, "%s: no sigma to select from", __func__);
  for (size_t s = 0; !status && s < n_sigmas; s++) status = check_sigma(__func__, sigmas[s]);
  return status ? status : vpfi_parzen_select(&set, sigmas, n_sigmas, vpfi_thread_count(0), out_sigma);
}

/* What the two forms of vpf_parzen_generated() share. each: steps for each pair, or NULL: `steps` for all. */
typedef struct generated {
  const vpf_model *model;
  const size_t *each;
  size_t steps;
  const float *prior;
  uint64_t seed;
  size_t draws;
  double sigma;
} generated;

static vpf_status parzen_generated(const char *function, const generated *g, vpfi_parzen_set set,
                                   vpf_parzen_report *out) {
  set.dim = g->model->shape.layer[0].size;
  vpf_status status = vpfi_check_report(function, out, VPFI_SIZE_TO(vpf_parzen_report, draws));
  if (!status) status = check_points(function, "points", set.points, set.n_points, set.dim);
  if (!status) status = check_sizes(function, "centres", set.n_centres, set.dim);
  if (!status) status = check_sigma(function, g->sigma);
  if (status) return status;
  if (g->draws == 0) return vpfi_fail(VPF_ERR_ARGUMENT, "%s: draws is 0; at least 1 is needed", function);

  vpf_parzen_report report = {.draws = g->draws};
  vpfi_generation generation;
  status = vpfi_generation_begin(function, &generation, g->model, set.n_centres, g->each, g->steps, g->prior);
  if (!status) {
    vpfi_workspace work;
    status = vpfi_begin(&work, g->model, set.n_centres, set.n_centres * generation.most);
    if (!status)
      status =
          vpfi_parzen_generated(&work, generation.steps, generation.prior_field, g->seed, &set, g->sigma, &report);
    vpfi_workspace_end(&work);
  }
  vpfi_generation_end(&generation);
  if (!status) status = check_density(function, report.mean, report.stderr_points + report.stderr_draws, g->sigma);
  if (!status) vpfi_return_report(out, &report, sizeof report);
  return status;
}

vpf_status vpf_parzen_generated(const vpf_model *model, size_t count, size_t steps, const float *prior, uint64_t seed,
                                size_t draws, const float *points, size_t n_points, double sigma,
                                vpf_parzen_report *out) {
  if (!model) return vpfi_null(__func__, "model");
  const generated g = {model, NULL, steps, prior, seed, draws, sigma};
  const vpfi_parzen_set set = {.n_centres = count, .points = points, .n_points = n_points};
  return parzen_generated(__func__, &g, set, out);
}

vpf_status vpf_parzen_generated_by_pair(const vpf_model *model, size_t count, const size_t *steps, const float *prior,
                                        uint64_t seed, size_t draws, const float *points, size_t n_points,
                                        double sigma, vpf_parzen_report *out) {
  if (!model) return vpfi_null(__func__, "model");
  if (!steps) return vpfi_null(__func__, "steps");
  const generated g = {model, steps, 0, prior, seed, draws, sigma};
  const vpfi_parzen_set set = {.n_centres = count, .points = points, .n_points = n_points};
  return parzen_generated(__func__, &g, set, out);
}

/* ---- Weights, images and units ---- */

vpf_status vpf_weight_metrics(const vpf_model *model, size_t lower, double *out_rho, double *out_w2) {
  if (!model) return vpfi_null(__func__, "model");
  const vpf_status status = vpfi_check_weights(__func__, model, lower);
  if (status) return status;
  double rho, w2;
  vpfi_sparsity(&model->shape, &model->params, lower, &rho, &w2);
  if (out_rho) *out_rho = rho;
  if (out_w2) *out_w2 = w2;
  return VPF_OK;
}

vpf_status vpf_reconstruction_error(const vpf_data *truth, const float *probs, const uint8_t *region, double *out_mean,
                                    double *out_stderr) {
  if (!truth) return vpfi_null(__func__, "truth");
  if (!probs) return vpfi_null(__func__, "probs");
  if (!out_mean) return vpfi_null(__func__, "out_mean");
  const vpf_status status =
      vpfi_check_unit_interval(__func__, "probs", probs, truth->rows.rows, truth->rows.cols);
  if (!status) vpfi_reconstruction_error(&truth->rows, probs, region, out_mean, out_stderr);
  return status;
}

static vpf_status check_activity(const char *function, const vpf_model *model, const vpf_data *data, size_t layer) {
  if (!model) return vpfi_null(function, "model");
  if (!data) return vpfi_null(function, "data");
  const vpf_status status = vpfi_check_layer(function, model, layer);
  return status ? status : vpfi_check_visible(model, data);
}

vpf_status vpf_activation_histogram(const vpf_model *model, const vpf_data *data, size_t layer, size_t bins,
                                    size_t *out_counts) {
  vpf_status status = check_activity(__func__, model, data, layer);
  if (status) return status;
  if (!out_counts) return vpfi_null(__func__, "out_counts");
  if (bins == 0 || bins > VPFI_MOST_BINS)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: bins %zu is outside [1, %d]", __func__, bins, VPFI_MOST_BINS);
  vpfi_workspace work;
  status = vpfi_begin(&work, model, 0, 0);
  if (!status) status = vpfi_activation_histogram(&work, &data->rows, layer, bins, out_counts);
  vpfi_workspace_end(&work);
  return status;
}

vpf_status vpf_layer_activity(const vpf_model *model, const vpf_data *data, size_t layer, vpf_activity *out) {
  vpf_status status = check_activity(__func__, model, data, layer);
  if (!status) status = vpfi_check_report(__func__, out, VPFI_SIZE_TO(vpf_activity, saturated));
  if (status) return status;
  vpf_activity report;
  vpfi_workspace work;
  status = vpfi_begin(&work, model, 0, 0);
  if (!status) status = vpfi_layer_activity(&work, &data->rows, layer, &report);
  if (!status) vpfi_return_report(out, &report, sizeof report);
  vpfi_workspace_end(&work);
  return status;
}

/* ---- Moments and chains ---- */

vpf_status vpf_moments(const vpf_data *data, double *out_mean, double *out_pair) {
  if (!data) return vpfi_null(__func__, "data");
  if (!out_mean) return vpfi_null(__func__, "out_mean");
  return vpfi_moments(&data->rows, vpfi_thread_count(0), out_mean, out_pair);
}

vpf_status vpf_compare_moments(const vpf_data *a, const vpf_data *b, vpf_moment_comparison *out) {
  if (!a) return vpfi_null(__func__, "a");
  if (!b) return vpfi_null(__func__, "b");
  vpf_status status = vpfi_check_report(__func__, out, VPFI_SIZE_TO(vpf_moment_comparison, connected_rms));
  if (status) return status;
  if (a->rows.cols != b->rows.cols)
    return vpfi_fail(VPF_ERR_SHAPE, "%s: a has %zu columns, b has %zu", __func__, a->rows.cols, b->rows.cols);
  vpf_moment_comparison report;
  status = vpfi_compare_moments(&a->rows, &b->rows, vpfi_thread_count(0), &report);
  if (!status) vpfi_return_report(out, &report, sizeof report);
  return status;
}

/* Sums of squared differences between two values must stay within double. */
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
      return vpfi_fail(VPF_ERR_ARGUMENT, "%s: values[%zu][%zu] is %s, outside [-%g, %g]", __func__, k / draws,
                       k % draws, vpfi_number_of(values[k]).text, LARGEST_VALUE, LARGEST_VALUE);
  vpf_chain_report report;
  status = vpfi_diagnose(values, chains, draws, &report);
  if (!status) vpfi_return_report(out, &report, sizeof report);
  return status;
}
