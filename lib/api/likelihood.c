/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "api/handles.h"
#include "api/structs.h"
#include "base/error.h"
#include "bm/energy.h"
#include "eval/exact.h"
#include "eval/log_p.h"
#include "eval/log_p_bound.h"
#include "eval/pseudo.h"

vpf_status vpf_exact_log_partition(const vpf_model *model, double *out_log_z) {
  if (!model) return vpfi_null(__func__, "model");
  if (!out_log_z) return vpfi_null(__func__, "out_log_z");
  const vpf_status status = vpfi_check_has_energy(__func__, model);
  if (status) return status;
  return vpfi_exact_log_partition(&model->shape, &model->params, vpfi_thread_count(0), NULL, out_log_z);
}

vpf_status vpf_exact_sample(const vpf_model *model, size_t count, uint64_t seed, vpf_data **out_states) {
  if (!out_states) return vpfi_null(__func__, "out_states");
  *out_states = NULL;
  if (!model) return vpfi_null(__func__, "model");
  vpf_status status = vpfi_check_has_energy(__func__, model);
  if (!status) status = vpfi_check_chains(__func__, count, 1);
  if (status) return status;
  vpfi_workspace work;
  status = vpfi_begin(&work, model, count, 0);
  if (!status) status = vpfi_exact_sample(&work, seed);
  if (!status) status = vpfi_return_states(&work, 0, out_states);
  vpfi_workspace_end(&work);
  return status;
}

/* vpfi_read_annealing(), with its data checked against a model too. */
static vpf_status read_annealing(const char *function, const vpf_model *model, const vpf_ais_settings *given,
                                 vpfi_annealing *annealing) {
  vpf_status status = vpfi_read_annealing(function, given, &vpfi_ais_defaults, annealing);
  if (!status && annealing->base) status = vpfi_check_visible(model, given->base);
  if (!status && annealing->reverse_from) status = vpfi_check_visible(model, given->reverse_from);
  return status;
}

static vpf_status anneal(const char *function, const vpf_model *model, const vpf_ais_settings *settings,
                         vpf_ais_result *result) {
  vpfi_annealing annealing;
  vpf_status status = vpfi_check_has_energy(function, model);
  if (!status) status = read_annealing(function, model, settings, &annealing);
  return status ? status : vpfi_anneal(function, &model->shape, &model->params, &annealing, result);
}

vpf_status vpf_ais(const vpf_model *model, const vpf_ais_settings *settings, vpf_ais_result *out) {
  if (!model) return vpfi_null(__func__, "model");
  vpf_ais_result result;
  vpf_status status = vpfi_check_report(__func__, out, VPFI_SIZE_TO(vpf_ais_result, disagree));
  if (!status) status = anneal(__func__, model, settings, &result);
  if (!status) vpfi_return_report(out, &result, sizeof result);
  return status;
}

const char *vpf_doubt_text(vpf_doubt doubt) {
  switch (doubt) {
    case VPF_DOUBT_BOUND:
      return "log Z is certainly larger than the estimate (mean field), so annealing has missed modes, and log p is lower";
    case VPF_DOUBT_REVERSE:
      return "the forward and the reverse run differ: one of them has missed modes, or there are too few temperatures";
    case VPF_DOUBT_ESS:
      return "fewer than a tenth of the chains count, so the estimate hangs on a few: use more chains or temperatures";
    case VPF_DOUBT_SPREAD:
      return "the weights vary so much that log Z may be off by half a nat: use more temperatures or chains";
  }
  return "unknown doubt";
}

vpf_status vpf_ais_log_partition(const vpf_model *model, size_t chains, size_t betas, uint64_t seed, double *out_log_z,
                                 double *out_stderr) {
  if (!model) return vpfi_null(__func__, "model");
  if (!out_log_z) return vpfi_null(__func__, "out_log_z");
  if (chains < 2 || betas < 2)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: %zu chains and %zu betas; at least 2 of each are needed", __func__, chains,
                     betas);
  const vpf_ais_settings settings = {.struct_size = sizeof settings, .chains = chains, .betas = betas, .seed = seed};
  vpf_ais_result result;
  const vpf_status status = anneal(__func__, model, &settings, &result);
  if (!status) *out_log_z = result.log_z;
  if (!status && out_stderr) *out_stderr = result.log_z_stderr;
  return status;
}

/* What the functions of the likelihood given log Z have in common. */
static vpf_status check_given(const char *function, const vpf_model *model, const vpf_data *data, double log_z) {
  if (!model) return vpfi_null(function, "model");
  if (!data) return vpfi_null(function, "data");
  if (!isfinite(log_z)) return vpfi_fail(VPF_ERR_ARGUMENT, "%s: log_z is %g", function, log_z);
  const vpf_status status = vpfi_check_has_energy(function, model);
  return status ? status : vpfi_check_visible(model, data);
}

static vpf_status mean_given(const char *function, const vpf_model *model, const vpf_data *data, double log_z,
                             bool bound, double *out_mean) {
  double mean;
  vpf_status status = out_mean ? check_given(function, model, data, log_z) : vpfi_null(function, "out_mean");
  if (!status) status = vpfi_mean_log_sum(&model->shape, &model->params, &data->rows, bound, &mean);
  if (!status) *out_mean = mean - log_z;
  return status;
}

vpf_status vpf_log_likelihood(const vpf_model *model, const vpf_data *data, double log_z, double *out_mean) {
  return mean_given(__func__, model, data, log_z, false, out_mean);
}

vpf_status vpf_log_likelihood_bound(const vpf_model *model, const vpf_data *data, double log_z, double *out_mean) {
  return mean_given(__func__, model, data, log_z, true, out_mean);
}

vpf_status vpf_log_likelihood_bound_rows(const vpf_model *model, const vpf_data *data, double log_z, double *out) {
  vpf_status status = out ? check_given(__func__, model, data, log_z) : vpfi_null(__func__, "out");
  if (!status) status = vpfi_log_sum_bounds(&model->shape, &model->params, &data->rows, out);
  for (size_t r = 0; !status && r < data->rows.rows; r++) out[r] -= log_z;
  return status;
}

vpf_status vpf_log_likelihood_rows(const vpf_model *model, const vpf_data *data, double log_z, double *out_log_p) {
  vpf_status status = out_log_p ? check_given(__func__, model, data, log_z) : vpfi_null(__func__, "out_log_p");
  if (!status)
    status = vpfi_exact_log_sums(&model->shape, &model->params, &data->rows, vpfi_thread_count(0), NULL, out_log_p);
  for (size_t r = 0; !status && r < data->rows.rows; r++) out_log_p[r] -= log_z;
  return status;
}

vpf_status vpf_estimate_likelihood(const vpf_model *model, const vpf_data *data, const vpf_ais_settings *settings,
                                   vpf_likelihood *out) {
  if (!model) return vpfi_null(__func__, "model");
  if (!data) return vpfi_null(__func__, "data");
  vpfi_annealing annealing;
  vpf_likelihood found;
  vpf_status status = vpfi_check_report(__func__, out, VPFI_SIZE_TO(vpf_likelihood, disagree));
  if (!status) status = vpfi_check_has_energy(__func__, model);
  if (!status) status = vpfi_check_visible(model, data);
  if (!status) status = read_annealing(__func__, model, settings, &annealing);
  if (!status)
    status = vpfi_estimate_likelihood(__func__, &model->shape, &model->params, &data->rows, &annealing, &found);
  if (!status) vpfi_return_report(out, &found, sizeof found);
  return status;
}

/* out_mean or out_rows; the other is NULL. */
static vpf_status pseudo_likelihood(const char *function, const vpf_model *model, const vpf_data *data,
                                    double *out_mean, double *out_rows) {
  if (!model) return vpfi_null(function, "model");
  if (!data) return vpfi_null(function, "data");
  if (!vpfi_free_energy_is_closed(&model->shape))
    return vpfi_fail(VPF_ERR_UNSUPPORTED, "%s: one layer, or two without intra-layer weights on the hidden one",
                     function);
  vpf_status status = vpfi_check_visible(model, data);
  if (status) return status;
  vpfi_workspace work;
  status = vpfi_begin(&work, model, 0, 0);
  if (!status) status = vpfi_pseudo_likelihood(function, &work, &data->rows, out_mean, out_rows);
  vpfi_workspace_end(&work);
  return status;
}

vpf_status vpf_pseudo_likelihood(const vpf_model *model, const vpf_data *data, double *out_mean) {
  if (!out_mean) return vpfi_null(__func__, "out_mean");
  return pseudo_likelihood(__func__, model, data, out_mean, NULL);
}

vpf_status vpf_pseudo_likelihood_rows(const vpf_model *model, const vpf_data *data, double *out_pseudo) {
  if (!out_pseudo) return vpfi_null(__func__, "out_pseudo");
  return pseudo_likelihood(__func__, model, data, NULL, out_pseudo);
}
