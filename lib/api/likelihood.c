/* SPDX-License-Identifier: MIT */
/* True likelihoods: exact, and by annealed importance sampling. */
#include <math.h>
#include <string.h>

#include "api/handles.h"
#include "api/structs.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "eval/ais.h"
#include "eval/exact.h"
#include "eval/moments.h"
#include "eval/pseudo.h"
#include "num/elementary.h"
#include "num/rng.h"
#include "num/statistics.h"

/* Enumerating so many units takes no longer than estimating would. */
enum { MOST_CHEAP_UNITS = 16, DEFAULT_BETAS = 1000 };

#define LEAST_SETTINGS VPFI_SIZE_TO(vpf_ais_settings, reverse_sweeps)

static bool is_cheap(const vpf_model *model) {
  return vpfi_split_choose(&model->shape, 0).explicit_units <= MOST_CHEAP_UNITS;
}

/* Parameters are finite, but their sums in float need not be. */
static vpf_status check_finite(const char *function, const char *what, double value) {
  if (isfinite(value)) return VPF_OK;
  return vpfi_fail(VPF_ERR_OVERFLOW, "%s: the %s is %g; the parameters are too large", function, what, value);
}

vpf_status vpf_exact_log_partition(const vpf_model *model, double *out_log_z) {
  if (!model) return vpfi_null(__func__, "model");
  if (!out_log_z) return vpfi_null(__func__, "out_log_z");
  const vpf_status status = vpfi_check_has_energy(__func__, model);
  if (status) return status;
  return vpfi_exact_log_partition(&model->shape, &model->params, vpfi_thread_count(0), out_log_z);
}

vpf_status vpf_exact_sample(const vpf_model *model, size_t count, uint64_t seed, vpf_data **out_states) {
  if (!out_states) return vpfi_null(__func__, "out_states");
  *out_states = NULL;
  if (!model) return vpfi_null(__func__, "model");
  vpf_status status = vpfi_check_has_energy(__func__, model);
  if (!status) status = vpfi_check_chains(__func__, count, 1);
  if (status) return status;
  const size_t threads = vpfi_thread_count(0);
  vpfi_states states = {0};
  vpfi_scratch *scratch = vpfi_scratch_create(&model->shape, threads);
  status = scratch ? vpfi_states_init(&states, &model->shape, VPFI_ORDER_SWEPT, count, 1, NULL) : VPF_ERR_MEMORY;
  if (!status) {
    const vpfi_machine machine = vpfi_machine_of(model);
    status = vpfi_exact_sample(&machine, seed, &states, threads, scratch);
  }
  if (!status) status = vpfi_return_states(model, &states, 0, out_states);
  vpfi_states_clear(&states);
  vpfi_scratch_destroy(scratch, threads);
  return status;
}

/* ---- Annealed importance sampling ---- */

/* Everything that a call needs, so that one place frees it. */
typedef struct ais_call {
  const vpf_model *model;
  vpfi_machine machine;
  vpfi_tables tables;
  vpf_ais_settings settings; /* defaults filled in */
  size_t threads;
  vpfi_ais ais;
  vpfi_scratch *scratch;
  vpfi_states states;
  float *beta;     /* [betas] */
  double *weights; /* [chains] */
} ais_call;

static vpf_status check_temperatures(const char *function, const double *beta, size_t n) {
  for (size_t k = 0; beta && k < n; k++) {
    const double least = k == 0 ? 0 : beta[k - 1], most = k == 0 ? 0 : 1;
    if (!(beta[k] >= least && beta[k] <= most))
      return vpfi_fail(VPF_ERR_ARGUMENT, "%s: temperatures[%zu] is %g; they ascend from 0 to 1", function, k, beta[k]);
  }
  if (beta && beta[n - 1] < 1)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: the last temperature is %g, not 1", function, beta[n - 1]);
  return VPF_OK;
}

vpf_status vpfi_read_ais_settings(const char *function, const vpf_ais_settings *given, size_t default_betas,
                                  vpf_ais_settings *settings) {
  *settings = (vpf_ais_settings){.struct_size = sizeof *settings};
  vpf_status status = given ? vpfi_read_settings(function, settings, sizeof *settings, given, LEAST_SETTINGS) : VPF_OK;
  if (status) return status;
  if (settings->chains == 0) settings->chains = 100;
  if (settings->temperatures && settings->betas == 0)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: temperatures are given, so betas, their number, must be too", function);
  if (settings->betas == 0) settings->betas = given ? DEFAULT_BETAS : default_betas;
  if (settings->reverse_sweeps == 0) settings->reverse_sweeps = 1000;
  const size_t most = (size_t)1 << 31;
  if (settings->chains < 2 || settings->chains > most || settings->betas < 2 || settings->betas > most)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: %zu chains and %zu betas are outside [2, %zu]", function, settings->chains,
                     settings->betas, most);
  if (settings->adaptive && settings->temperatures)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: temperatures are given, so they cannot be adaptive too", function);
  return check_temperatures(function, settings->temperatures, settings->betas);
}

/* The settings of a call for this model, with the defaults. */
static vpf_status read_settings(const char *function, const vpf_model *model, const vpf_ais_settings *given,
                                vpf_ais_settings *settings) {
  vpf_status status = vpfi_read_ais_settings(function, given, DEFAULT_BETAS, settings);
  const size_t visible = model->shape.layer[0].size;
  if (!status && settings->base) status = vpfi_check_columns(settings->base, visible, "visible units");
  if (!status && settings->reverse_from) status = vpfi_check_columns(settings->reverse_from, visible, "visible units");
  return status;
}

/* Biases with which independent units have the mean activity of the rows. Half a row of each kind is
 * added, so that a pixel that is always off is not impossible. */
static vpf_status fit_base(const vpf_data *rows, float **out) {
  float *base = vpfi_alloc(rows->cols, sizeof *base);
  double *mean = vpfi_alloc(rows->cols, sizeof *mean);
  vpf_status status = base && mean ? vpfi_moments(rows->bits, rows->words, rows->rows, rows->cols,
                                                  vpfi_thread_count(0), mean, NULL)
                                   : VPF_ERR_MEMORY;
  const double n = (double)rows->rows;
  for (size_t j = 0; !status && j < rows->cols; j++) {
    const double on = nearbyint(n * mean[j]); /* the count again, exactly */
    base[j] = (float)(vpfi_log(on + 0.5) - vpfi_log(n - on + 0.5));
  }
  vpfi_free(mean);
  if (status)
    vpfi_free(base);
  else
    *out = base;
  return status;
}

static void end_ais(ais_call *call) {
  if (call->ais.machine) vpfi_ais_clear(&call->ais);
  vpfi_states_clear(&call->states);
  vpfi_scratch_destroy(call->scratch, call->threads);
  vpfi_tables_clear(&call->tables, &call->model->shape);
  vpfi_free(call->beta);
  vpfi_free(call->weights);
}

static vpf_status begin_ais(const char *function, ais_call *call, const vpf_model *model,
                            const vpf_ais_settings *settings) {
  *call = (ais_call){.model = model, .machine = vpfi_machine_of(model), .threads = vpfi_thread_count(0)};
  vpf_status status = vpfi_check_has_energy(function, model);
  if (!status) status = read_settings(function, model, settings, &call->settings);
  float *base = NULL;
  if (!status && call->settings.base) status = fit_base(call->settings.base, &base);
  if (!status)
    status = vpfi_machine_for(&call->machine, &call->tables, model, call->settings.chains * call->settings.betas);
  if (!status) status = vpfi_ais_init(&call->ais, &call->machine, base);
  vpfi_free(base);
  if (!status)
    status = vpfi_states_init(&call->states, &model->shape, VPFI_ORDER_SWEPT, call->settings.chains, 1, NULL);
  if (status) return status;
  call->scratch = vpfi_scratch_create(&model->shape, call->threads);
  call->beta = vpfi_alloc(call->settings.betas, sizeof *call->beta);
  call->weights = vpfi_alloc(call->settings.chains, sizeof *call->weights);
  return call->scratch && call->beta && call->weights ? VPF_OK : VPF_ERR_MEMORY;
}

/* A run of a few chains, to see where the weights vary. */
static vpf_status place_adaptively(ais_call *call) {
  const size_t betas = call->settings.betas, n = betas < 800 ? betas / 4 + 2 : 200;
  const size_t chains = call->settings.chains < 16 ? call->settings.chains : 16;
  float *beta = vpfi_alloc(n, sizeof *beta);
  double *parts = vpfi_alloc(chains, (n - 1) * sizeof *parts);
  const bool complete = beta && parts;
  if (complete) {
    const size_t all = call->states.rows;
    call->states.rows = chains;
    vpfi_ais_uniform(beta, n);
    vpfi_ais_start(&call->ais, VPFI_AIS_PILOT, call->settings.seed, &call->states, call->threads, call->scratch);
    vpfi_ais_run(&call->ais, VPFI_AIS_PILOT, beta, n, call->settings.seed, &call->states, call->threads, call->scratch,
                 call->weights, parts);
    vpfi_ais_adapt(call->beta, betas, beta, n, parts, chains);
    call->states.rows = all;
  }
  vpfi_free(parts);
  vpfi_free(beta);
  return complete ? VPF_OK : VPF_ERR_MEMORY;
}

static vpf_status place_temperatures(ais_call *call) {
  const double *given = call->settings.temperatures;
  if (call->settings.adaptive) return place_adaptively(call);
  if (!given) vpfi_ais_uniform(call->beta, call->settings.betas);
  for (size_t k = 0; given && k < call->settings.betas; k++) call->beta[k] = (float)given[k];
  return VPF_OK;
}

/* What log importance weights say. */
typedef struct estimate {
  double log_ratio, error, ess, spread;
} estimate;

/* Replaces the weights by w / max w. */
static estimate summarize(double *weights, size_t chains) {
  estimate e = {.spread = vpfi_deviation(weights, chains)};
  double peak = weights[0], sum = 0, sum2 = 0;
  for (size_t c = 1; c < chains; c++) peak = fmax(peak, weights[c]);
  for (size_t c = 0; c < chains; c++) {
    weights[c] = vpfi_exp(weights[c] - peak);
    sum += weights[c];
    sum2 += weights[c] * weights[c];
  }
  e.log_ratio = peak + vpfi_log(sum / (double)chains);
  e.error = vpfi_standard_error(weights, chains) / (sum / (double)chains); /* of a logarithm: the relative error */
  e.ess = sum * sum / sum2;
  return e;
}

static void run_forward(ais_call *call, vpf_ais_result *result) {
  vpfi_ais_start(&call->ais, VPFI_AIS_FORWARD, call->settings.seed, &call->states, call->threads, call->scratch);
  vpfi_ais_run(&call->ais, VPFI_AIS_FORWARD, call->beta, call->settings.betas, call->settings.seed, &call->states,
               call->threads, call->scratch, call->weights, NULL);
  const estimate e = summarize(call->weights, call->settings.chains);
  result->log_z = vpfi_ais_base_log_z(&call->ais) + e.log_ratio;
  result->log_z_stderr = e.error;
  result->ess = e.ess;
  result->spread = e.spread;
}

/* The states that the reverse run begins with: exact samples, or chains from the rows that were
 * given or from where the forward run ended. */
static vpf_status start_reverse(ais_call *call, vpf_ais_result *result) {
  vpfi_states *states = &call->states;
  if (is_cheap(call->model)) {
    result->reverse_start = VPF_AIS_START_EXACT;
    return vpfi_exact_sample(&call->machine, call->settings.seed, states, call->threads, call->scratch);
  }
  result->reverse_start = VPF_AIS_START_CHAINS;
  const vpf_data *rows = call->settings.reverse_from;
  if (rows) {
    for (size_t c = 0; c < states->rows; c++)
      memcpy(vpfi_states_row(states, 0, c), rows->bits + (c % rows->rows) * rows->words,
             rows->words * sizeof(uint64_t));
    vpfi_team team = {.threads = call->threads};
    vpfi_infer(&call->machine, &vpfi_estep_paper, vpfi_rng_stream(call->settings.seed, VPFI_PURPOSE_ESTEP, 0), states,
               &team, call->scratch);
  }
  vpfi_gibbs_sample(&call->machine, NULL, call->settings.reverse_sweeps, 0, call->settings.seed, states, NULL,
                    call->threads, call->scratch);
  return VPF_OK;
}

static vpf_status run_reverse(ais_call *call, vpf_ais_result *result) {
  const vpf_status status = start_reverse(call, result);
  if (status) return status;
  const size_t n = call->settings.betas;
  for (size_t k = 0; k < n / 2; k++) {
    const float kept = call->beta[k];
    call->beta[k] = call->beta[n - 1 - k];
    call->beta[n - 1 - k] = kept;
  }
  vpfi_ais_run(&call->ais, VPFI_AIS_REVERSE, call->beta, n, call->settings.seed, &call->states, call->threads,
               call->scratch, call->weights, NULL);
  const estimate e = summarize(call->weights, call->settings.chains);
  result->reverse_log_z = vpfi_ais_base_log_z(&call->ais) - e.log_ratio;
  result->reverse_stderr = e.error;
  result->reverse_ess = e.ess;
  result->reverse_spread = e.spread;
  const double error = sqrt(e.error * e.error + result->log_z_stderr * result->log_z_stderr);
  result->disagree = fabs(result->reverse_log_z - result->log_z) > 0.2 + 3 * error;
  return VPF_OK;
}

static vpf_status run_ais(const char *function, const vpf_model *model, const vpf_ais_settings *settings,
                          vpf_ais_result *result) {
  ais_call call;
  const double none = (double)NAN; /* a float in clang's headers */
  *result = (vpf_ais_result){
      .reverse_log_z = none, .reverse_stderr = none, .reverse_ess = none, .reverse_spread = none};
  vpf_status status = begin_ais(function, &call, model, settings);
  if (!status) status = place_temperatures(&call);
  if (!status) run_forward(&call, result);
  if (!status) status = check_finite(function, "log partition function", result->log_z);
  if (!status && call.settings.reverse) status = run_reverse(&call, result);
  if (!status && call.settings.reverse)
    status = check_finite(function, "reverse log partition function", result->reverse_log_z);
  end_ais(&call);
  return status;
}

vpf_status vpf_ais(const vpf_model *model, const vpf_ais_settings *settings, vpf_ais_result *out) {
  if (!model) return vpfi_null(__func__, "model");
  vpf_ais_result result;
  vpf_status status = vpfi_check_report(__func__, out, VPFI_SIZE_TO(vpf_ais_result, disagree));
  if (!status) status = run_ais(__func__, model, settings, &result);
  if (!status) vpfi_return_report(out, &result, sizeof result);
  return status;
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
  const vpf_status status = run_ais(__func__, model, &settings, &result);
  if (!status) *out_log_z = result.log_z;
  if (!status && out_stderr) *out_stderr = result.log_z_stderr;
  return status;
}

/* ---- Of data ---- */

/* log p(x) + log Z of every row. */
static vpf_status log_sums(const char *function, const vpf_model *model, const vpf_data *data, double **out) {
  vpf_status status = vpfi_check_has_energy(function, model);
  if (!status) status = vpfi_check_columns(data, model->shape.layer[0].size, "visible units");
  if (status) return status;
  double *each = vpfi_alloc(data->rows, sizeof *each);
  if (!each) return VPF_ERR_MEMORY;
  status = vpfi_exact_log_sums(&model->shape, &model->params, data->bits, data->rows, vpfi_thread_count(0), each);
  if (status)
    vpfi_free(each);
  else
    *out = each;
  return status;
}

vpf_status vpf_log_likelihood(const vpf_model *model, const vpf_data *data, double log_z, double *out_mean) {
  if (!model) return vpfi_null(__func__, "model");
  if (!data) return vpfi_null(__func__, "data");
  if (!out_mean) return vpfi_null(__func__, "out_mean");
  double *each = NULL;
  if (!isfinite(log_z)) return vpfi_fail(VPF_ERR_ARGUMENT, "%s: log_z is %g", __func__, log_z);
  const vpf_status status = log_sums(__func__, model, data, &each);
  if (!status) *out_mean = vpfi_mean(each, data->rows) - log_z;
  vpfi_free(each);
  return status;
}

/* For a model that has one energy. */
static vpf_status find_log_z(const char *function, const vpf_model *model, const vpf_data *data,
                             const vpf_ais_settings *settings, vpf_likelihood *found) {
  vpf_ais_settings checked;
  vpf_status status = read_settings(function, model, settings, &checked);
  if (status) return status;
  if (is_cheap(model)) {
    found->exact = 1;
    found->ess = (double)checked.chains;
    return vpfi_exact_log_partition(&model->shape, &model->params, vpfi_thread_count(0), &found->log_z);
  }
  vpf_ais_result ais;
  if (!checked.base) checked.base = data;
  if (!checked.reverse_from) checked.reverse_from = data;
  status = run_ais(function, model, &checked, &ais);
  found->log_z = ais.log_z;
  found->log_z_stderr = ais.log_z_stderr;
  found->ess = ais.ess;
  found->reverse_log_z = ais.reverse_log_z;
  found->disagree = ais.disagree;
  return status;
}

vpf_status vpf_estimate_likelihood(const vpf_model *model, const vpf_data *data, const vpf_ais_settings *settings,
                                   vpf_likelihood *out) {
  if (!model) return vpfi_null(__func__, "model");
  if (!data) return vpfi_null(__func__, "data");
  vpf_likelihood found = {.reverse_log_z = (double)NAN};
  double *each = NULL, *empty = NULL;
  vpf_data *zeros = NULL;
  vpf_status status = vpfi_check_report(__func__, out, VPFI_SIZE_TO(vpf_likelihood, disagree));
  if (!status) status = log_sums(__func__, model, data, &each);
  if (!status && !(zeros = vpfi_data_new(1, data->cols, 0))) status = VPF_ERR_MEMORY;
  if (!status) status = log_sums(__func__, model, zeros, &empty);
  if (!status) status = find_log_z(__func__, model, data, settings, &found);
  if (!status) {
    found.mean = vpfi_mean(each, data->rows) - found.log_z;
    found.mean_low = found.reverse_log_z > found.log_z ? found.mean + found.log_z - found.reverse_log_z : found.mean;
    found.rows_stderr = vpfi_standard_error(each, data->rows);
    found.empty = empty[0] - found.log_z;
    vpfi_return_report(out, &found, sizeof found);
  }
  vpf_data_destroy(zeros);
  vpfi_free(empty);
  vpfi_free(each);
  return status;
}

vpf_status vpf_pseudo_likelihood(const vpf_model *model, const vpf_data *data, double *out_mean) {
  if (!model) return vpfi_null(__func__, "model");
  if (!data) return vpfi_null(__func__, "data");
  if (!out_mean) return vpfi_null(__func__, "out_mean");
  if (model->shape.n_layers > 2 || (model->shape.n_layers == 2 && model->shape.layer[1].intra))
    return vpfi_fail(VPF_ERR_UNSUPPORTED, "%s: one layer, or two without intra-layer weights on the hidden one",
                     __func__);
  vpf_status status = vpfi_check_columns(data, model->shape.layer[0].size, "visible units");
  if (status) return status;
  const size_t threads = vpfi_thread_count(0);
  double *each = vpfi_alloc(data->rows, sizeof *each);
  vpfi_scratch *scratch = vpfi_scratch_create(&model->shape, threads);
  const bool complete = each && scratch;
  if (complete) {
    const vpfi_machine machine = vpfi_machine_of(model);
    vpfi_pseudo_likelihood(&machine, data->bits, data->rows, threads, scratch, each);
    const double found = vpfi_mean(each, data->rows);
    status = check_finite(__func__, "pseudo-likelihood", found);
    if (!status) *out_mean = found;
  } else {
    status = VPF_ERR_MEMORY;
  }
  vpfi_scratch_destroy(scratch, threads);
  vpfi_free(each);
  return status;
}
