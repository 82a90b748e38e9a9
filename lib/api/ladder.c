/* SPDX-License-Identifier: MIT */
#include "ladder/extend.h"

#include <math.h>

#include "api/handles.h"
#include "api/structs.h"
#include "base/error.h"
#include "base/memory.h"
#include "eval/diagnostics.h"
#include "eval/doubts.h"
#include "eval/modes.h"
#include "ladder/tempering.h"
#include "learn/rungs_kept.h"
#include "store/ladder_file.h"

/* ---- Build ---- */

static vpf_status check_plan(const char *function, const vpfi_ladder_plan *plan) {
  const size_t most = (size_t)1 << 24;
  if (plan->chains < 2 || plan->chains > most)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: chains %zu is outside [2, %zu]", function, plan->chains, most);
  if (plan->pool < plan->chains || plan->pool > most)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: reservoir %zu is outside [chains = %zu, %zu]", function, plan->pool,
                     plan->chains, most);
  if (!(plan->acceptance >= 0.01 && plan->acceptance <= 0.99))
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: acceptance %s is outside [0.01, 0.99]", function,
                     vpfi_number_of(plan->acceptance).text);
  if (plan->most < 2 || plan->most > VPFI_MOST_RUNGS)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: most_rungs %zu is outside [2, %d]", function, plan->most, VPFI_MOST_RUNGS);
  return VPF_OK;
}

static vpf_status read_plan(const char *function, const vpf_ladder_settings *given, vpfi_ladder_plan *plan) {
  vpf_ladder_settings s = {.struct_size = sizeof s};
  const vpf_status status =
      given ? vpfi_read_settings(function, &s, sizeof s, given, VPFI_SIZE_TO(vpf_ladder_settings, seed)) : VPF_OK;
  if (status) return status;
  plan->chains = s.chains ? s.chains : 100;
  plan->pool = s.reservoir ? s.reservoir : 10 * plan->chains;
  plan->acceptance = s.acceptance > 0 || s.acceptance < 0 || isnan(s.acceptance) ? s.acceptance : 0.3;
  plan->most = s.most_rungs ? s.most_rungs : 1000;
  plan->seed = s.seed;
  return check_plan(function, plan);
}

static vpf_status check_supported(const char *function, const vpf_model *model) {
  if (vpfi_ladder_supports(&model->shape)) return VPF_OK;
  char text[160];
  return vpfi_fail(VPF_ERR_UNSUPPORTED, "%s: ladders are for two layers without intra-layer weights, not for %s", function,
                   vpfi_shape_describe(&model->shape, text, sizeof text));
}

static vpf_status begin(vpfi_ladder *ladder, const vpf_model *model, const vpf_data *base) {
  const vpfi_layer *layer = model->shape.layer;
  float *bias = vpfi_alloc(layer[0].size + layer[1].size, sizeof *bias);
  vpfi_scratch *scratch = vpfi_scratch_create(&model->shape, 1);
  const vpf_status status = bias && scratch ? vpfi_ladder_grow(ladder) : VPF_ERR_MEMORY;
  if (!status) {
    vpfi_ladder_base(&model->shape, &model->params, base ? base->rows.bits : NULL, base ? base->rows.rows : 0, bias,
                     bias + layer[0].size);
    vpfi_ladder_begin(ladder, bias, bias + layer[0].size, scratch);
  }
  vpfi_scratch_destroy(scratch, 1);
  vpfi_free(bias);
  return status;
}

vpf_status vpf_ladder_create(vpf_ladder **out, const vpf_model *model, const vpf_data *base,
                             const vpf_ladder_settings *settings) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  if (!model) return vpfi_null(__func__, "model");
  vpfi_ladder_plan plan;
  vpf_status status = read_plan(__func__, settings, &plan);
  if (!status) status = check_supported(__func__, model);
  if (!status && base) status = vpfi_check_visible(model, base);
  if (status) return status;
  vpf_ladder *ladder = vpfi_alloc(1, sizeof *ladder);
  if (!ladder) return VPF_ERR_MEMORY;
  status = vpfi_ladder_init(&ladder->ladder, &model->shape, &plan);
  if (!status) status = begin(&ladder->ladder, model, base);
  if (!status) status = vpfi_ladder_extend(&ladder->ladder, &model->params, true);
  if (status)
    vpf_ladder_destroy(ladder);
  else
    *out = ladder;
  return status;
}

static vpf_status check_shape(const vpf_ladder *ladder, const vpf_model *model) {
  const vpfi_layer *a = ladder->ladder.shape.layer, *b = model->shape.layer;
  if (vpfi_ladder_supports(&model->shape) && a[0].size == b[0].size && a[1].size == b[1].size) return VPF_OK;
  char mine[160], its[160];
  return vpfi_fail(VPF_ERR_SHAPE, "the ladder is for %s, the model is %s",
                   vpfi_shape_describe(&ladder->ladder.shape, mine, sizeof mine),
                   vpfi_shape_describe(&model->shape, its, sizeof its));
}

vpf_status vpf_ladder_append(vpf_ladder *ladder, const vpf_model *model, int itself, size_t *out_added) {
  if (!ladder) return vpfi_null(__func__, "ladder");
  if (!model) return vpfi_null(__func__, "model");
  const size_t before = ladder->ladder.count;
  vpf_status status = check_shape(ladder, model);
  if (!status) status = vpfi_ladder_extend(&ladder->ladder, &model->params, itself != 0);
  if (!status && out_added) *out_added = ladder->ladder.count - before;
  return status;
}

vpf_status vpf_ladder_of_optimizer(vpf_ladder **out, const vpf_optimizer *optimizer) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  if (!optimizer) return vpfi_null(__func__, "optimizer");
  const vpfi_ladder *kept = vpfi_rungs_kept(&optimizer->learner);
  if (!kept) return vpfi_fail(VPF_ERR_STATE, "%s: the optimizer has not trained by tempering (VPF_METHOD_PTT)", __func__);
  vpf_ladder *ladder = vpfi_alloc(1, sizeof *ladder);
  vpfi_scratch *scratch = vpfi_scratch_create(&kept->shape, 1);
  vpf_status status = ladder && scratch ? vpfi_ladder_copy(&ladder->ladder, kept) : VPF_ERR_MEMORY;
  if (!status) vpfi_ladder_complete(&ladder->ladder, scratch);
  vpfi_scratch_destroy(scratch, 1);
  if (status)
    vpf_ladder_destroy(ladder);
  else
    *out = ladder;
  return status;
}

void vpf_ladder_destroy(vpf_ladder *ladder) {
  if (!ladder) return;
  vpfi_ladder_clear(&ladder->ladder);
  vpfi_free(ladder);
}

/* ---- Look ---- */

size_t vpf_ladder_rungs(const vpf_ladder *ladder) {
  return ladder ? ladder->ladder.count : 0;
}

static vpf_status check_rung(const char *function, const vpf_ladder *ladder, size_t rung) {
  if (!ladder) return vpfi_null(function, "ladder");
  if (rung < ladder->ladder.count) return VPF_OK;
  return vpfi_fail(VPF_ERR_ARGUMENT, "%s: rung %zu of %zu", function, rung, ladder->ladder.count);
}

vpf_status vpf_ladder_rung(const vpf_ladder *ladder, size_t rung, vpf_ladder_rung_report *out) {
  vpf_status status = check_rung(__func__, ladder, rung);
  if (!status)
    status = vpfi_check_report(__func__, out, VPFI_SIZE_TO(vpf_ladder_rung_report, autocorrelation_time));
  if (status) return status;
  const double *numbers = ladder->ladder.rung[rung].numbers;
  const vpf_ladder_rung_report report = {.log_z = numbers[VPFI_RUNG_LOG_Z],
                                         .log_z_stderr = numbers[VPFI_RUNG_LOG_Z_ERROR],
                                         .acceptance = numbers[VPFI_RUNG_ACCEPTANCE],
                                         .autocorrelation_time = numbers[VPFI_RUNG_TIME]};
  vpfi_return_report(out, &report, sizeof report);
  return VPF_OK;
}

vpf_status vpf_ladder_model(const vpf_ladder *ladder, size_t rung, vpf_model **out) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  const vpf_status status = check_rung(__func__, ladder, rung);
  return status ? status : vpfi_model_copy(out, &ladder->ladder.shape, &ladder->ladder.rung[rung].params);
}

/* ---- Sample ---- */

static vpf_status check_sampling(const char *function, const vpf_ladder *ladder, const vpf_model *model, size_t count,
                                 size_t sweeps, const vpf_ladder_report *out) {
  if (!ladder) return vpfi_null(function, "ladder");
  vpf_status status = model ? check_shape(ladder, model) : VPF_OK;
  if (!status) status = vpfi_check_chains(function, count, sweeps);
  if (!status && sweeps < 4) return vpfi_fail(VPF_ERR_ARGUMENT, "%s: %zu sweeps are fewer than 4", function, sweeps);
  if (!status && out) status = vpfi_check_report(function, out, VPFI_SIZE_TO(vpf_ladder_report, autocorrelation_time));
  return status;
}

static vpf_status make_report(const char *function, const vpfi_tempered *tempered, const vpfi_tempering *plan,
                              const vpfi_ladder *ladder, vpf_ladder_report *report) {
  enum { CLIMB_FROM = 16 };
  const size_t rungs = ladder->count;
  const vpfi_params *top = plan->top ? plan->top : &ladder->rung[rungs - 1].params;
  vpf_chain_report chains;
  double bound;
  if (!isfinite(tempered->log_z)) return vpfi_fail_overflow(function, "log partition function", tempered->log_z);
  for (size_t k = 0; k < plan->columns * plan->sweeps; k++)
    if (!(fabs(tempered->energy[k]) <= 1e150)) return vpfi_fail_overflow(function, "energy", tempered->energy[k]);
  vpf_status status = vpfi_diagnose(tempered->energy, plan->columns, plan->sweeps, &chains);
  if (!status) status = vpfi_log_z_bound(&ladder->shape, top, &tempered->states, CLIMB_FROM, &bound);
  if (status) return status;
  *report = (vpf_ladder_report){.rungs = rungs + (plan->top != NULL),
                                .log_z = tempered->log_z,
                                .log_z_stderr = tempered->log_z_stderr,
                                .acceptance_mean = tempered->acceptance_mean,
                                .acceptance_least = tempered->acceptance_least,
                                .acceptance_rung = tempered->narrow,
                                .arrivals = tempered->arrivals,
                                .round_trips = tempered->round_trips,
                                .split_rhat = chains.split_rhat,
                                .autocorrelation_time = chains.autocorrelation_time,
                                .log_z_bound = bound,
                                .disagree = vpfi_is_below_bound(tempered->log_z, bound)};
  return VPF_OK;
}

static vpf_status return_states(const vpfi_ladder *ladder, const vpfi_states *states, vpf_data **out) {
  vpfi_rows rows;
  const vpf_status status = vpfi_rows_init(&rows, states->rows, ladder->shape.units, 0);
  if (status) return status;
  vpfi_states_join(states, &ladder->shape, rows.bits, rows.words);
  return vpfi_data_wrap(out, &rows);
}

vpf_status vpf_ladder_sample(const vpf_ladder *ladder, const vpf_model *model, size_t count, size_t sweeps, uint64_t seed,
                             vpf_data **out_states, vpf_ladder_report *out) {
  if (out_states) *out_states = NULL;
  vpf_status status = check_sampling(__func__, ladder, model, count, sweeps, out);
  if (status) return status;
  const vpfi_tempering plan = {
      .columns = count, .sweeps = sweeps, .seed = seed, .top = model ? &model->params : NULL};
  vpfi_tempered tempered;
  vpf_ladder_report report;
  status = vpfi_temper(&ladder->ladder, &plan, &tempered);
  if (!status) status = make_report(__func__, &tempered, &plan, &ladder->ladder, &report);
  if (!status && out_states) status = return_states(&ladder->ladder, &tempered.states, out_states);
  if (!status && out) vpfi_return_report(out, &report, sizeof report);
  vpfi_tempered_clear(&tempered);
  return status;
}

/* ---- Files ---- */

vpf_status vpf_ladder_save(const vpf_ladder *ladder, const char *path) {
  if (!ladder) return vpfi_null(__func__, "ladder");
  if (!path) return vpfi_null(__func__, "path");
  return vpfi_ladder_write(path, &ladder->ladder);
}

vpf_status vpf_ladder_load(vpf_ladder **out, const char *path) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  if (!path) return vpfi_null(__func__, "path");
  vpf_ladder *ladder = vpfi_alloc(1, sizeof *ladder);
  if (!ladder) return VPF_ERR_MEMORY;
  const vpf_status status = vpfi_ladder_read(path, &ladder->ladder);
  if (status)
    vpfi_free(ladder);
  else
    *out = ladder;
  return status;
}
