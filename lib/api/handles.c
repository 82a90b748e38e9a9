/* SPDX-License-Identifier: MIT */
#include "api/handles.h"

#include "api/structs.h"
#include "base/error.h"
#include "base/memory.h"
#include "sample/generate.h"

/* ---- Rows behind handles ---- */

vpf_status vpfi_data_wrap(vpf_data **out, vpfi_rows *rows) {
  vpf_data *data = vpfi_alloc(1, sizeof *data);
  if (data) {
    *data = (vpf_data){.rows = *rows, .checksum = vpfi_alloc(1, sizeof *data->checksum)};
    *rows = (vpfi_rows){0};
    if (data->checksum) {
      *out = data;
      return VPF_OK;
    }
  }
  vpfi_rows_clear(rows);
  vpf_data_destroy(data);
  return VPF_ERR_MEMORY;
}

vpf_status vpfi_return_states(const vpfi_workspace *work, uint64_t first_row, vpf_data **out) {
  vpfi_rows rows;
  const vpf_status status = vpfi_rows_init(&rows, work->states.rows, work->machine.shape->units, first_row);
  if (status) return status;
  vpfi_states_join(&work->states, work->machine.shape, rows.bits, rows.words);
  return vpfi_data_wrap(out, &rows);
}

uint64_t vpfi_data_checksum(const vpf_data *data) {
  uint64_t checksum = atomic_load_explicit(data->checksum, memory_order_relaxed);
  if (checksum == 0) { /* if two threads get here at once, both find the same */
    checksum = vpfi_rows_checksum(&data->rows);
    atomic_store_explicit(data->checksum, checksum, memory_order_relaxed);
  }
  return checksum;
}

vpf_status vpfi_begin(vpfi_workspace *work, const vpf_model *model, size_t rows, size_t draws) {
  return vpfi_workspace_begin(work, &model->shape, &model->params, rows, draws);
}

/* ---- Checks ---- */

vpf_status vpfi_null(const char *function, const char *name) {
  return vpfi_fail(VPF_ERR_ARGUMENT, "%s: %s is NULL", function, name);
}

vpf_status vpfi_check_columns(const vpf_data *data, size_t wanted, const char *what) {
  if (data->rows.cols == wanted) return VPF_OK;
  return vpfi_fail(VPF_ERR_SHAPE, "the data has %zu x %zu values; the model has %zu %s, so %zu columns are needed",
                   data->rows.rows, data->rows.cols, wanted, what, wanted);
}

vpf_status vpfi_check_visible(const vpf_model *model, const vpf_data *data) {
  return vpfi_check_columns(data, model->shape.layer[0].size, "visible units");
}

vpf_status vpfi_check_states(const vpf_model *model, const vpf_data *states) {
  return vpfi_check_columns(states, model->shape.units, "units in all");
}

vpf_status vpfi_check_layer(const char *function, const vpf_model *model, size_t layer) {
  if (layer < model->shape.n_layers) return VPF_OK;
  return vpfi_fail(VPF_ERR_ARGUMENT, "%s: layer %zu is not in a model of %zu layers", function, layer,
                   model->shape.n_layers);
}

vpf_status vpfi_check_weights(const char *function, const vpf_model *model, size_t lower) {
  if (lower < model->shape.n_joins) return VPF_OK;
  return vpfi_fail(VPF_ERR_ARGUMENT, "%s: there are no weights above layer %zu in a model of %zu layers", function,
                   lower, model->shape.n_layers);
}

vpf_status vpfi_check_has_energy(const char *function, const vpf_model *model) {
  if (vpfi_shape_has_energy(&model->shape)) return VPF_OK;
  return vpfi_fail(VPF_ERR_UNSUPPORTED,
                   "%s: a pairwise model of %zu layers has no single energy and defines no density; use one of its "
                   "pairs (vpf_model_pair), or joint coupling",
                   function, model->shape.n_layers);
}

vpf_status vpfi_check_bound(const vpfi_learner *learner, const vpf_model *model) {
  if (!learner->bound || vpfi_shape_equal(&learner->shape, &model->shape)) return VPF_OK;
  char mine[160], its[160];
  return vpfi_fail(VPF_ERR_SHAPE, "the optimizer is bound to %s, the model is %s",
                   vpfi_shape_describe(&learner->shape, mine, sizeof mine),
                   vpfi_shape_describe(&model->shape, its, sizeof its));
}

vpf_status vpfi_check_steps(const char *function, size_t steps) {
  if (steps > 0 && steps <= UINT32_MAX / 16) return VPF_OK;
  return vpfi_fail(VPF_ERR_ARGUMENT, "%s: steps %zu is outside [1, %u]", function, steps, UINT32_MAX / 16);
}

vpf_status vpfi_check_chains(const char *function, size_t count, size_t steps) {
  if (count == 0) return vpfi_fail(VPF_ERR_ARGUMENT, "%s: count is 0; at least 1 is needed", function);
  if ((uint64_t)count >> 47) return vpfi_fail(VPF_ERR_LIMIT, "%s: %zu chains are too many", function, count);
  return vpfi_check_steps(function, steps);
}

vpf_status vpfi_check_unit_interval(const char *function, const char *name, const float *values, size_t rows,
                                    size_t cols) {
  for (size_t k = 0; k < rows * cols; k++) {
    if (values[k] >= 0 && values[k] <= 1) continue;
    if (rows == 1)
      return vpfi_fail(VPF_ERR_ARGUMENT, "%s: %s[%zu] is %s, outside [0, 1]", function, name, k,
                       vpfi_number_of_float(values[k]).text);
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: %s[%zu][%zu] is %s, outside [0, 1]", function, name, k / cols, k % cols,
                     vpfi_number_of_float(values[k]).text);
  }
  return VPF_OK;
}

/* ---- What several entry points accept ---- */

vpf_status vpfi_generation_begin(const char *function, vpfi_generation *generation, const vpf_model *model,
                                 size_t count, const size_t *each, size_t steps, const float *prior) {
  const size_t pairs = model->shape.pairs;
  *generation = (vpfi_generation){.steps = vpfi_alloc(pairs, sizeof *generation->steps)};
  vpf_status status = generation->steps ? VPF_OK : VPF_ERR_MEMORY;
  for (size_t pair = 0; !status && pair < pairs; pair++) {
    generation->steps[pair] = each ? each[pair] : steps;
    if (generation->steps[pair] > generation->most) generation->most = generation->steps[pair];
    status = vpfi_check_chains(function, count, generation->steps[pair]);
  }
  if (!status && prior)
    status = vpfi_check_unit_interval(function, "prior", prior, 1, model->shape.layer[model->shape.n_layers - 1].size);
  if (status) return status;
  generation->prior_field = vpfi_prior_field(&model->shape, prior);
  return generation->prior_field ? VPF_OK : VPF_ERR_MEMORY;
}

void vpfi_generation_end(vpfi_generation *generation) {
  vpfi_free(generation->prior_field);
  vpfi_free(generation->steps);
}

static vpf_status check_temperatures(const char *function, const double *beta, size_t n) {
  for (size_t k = 0; beta && k < n; k++) {
    const double least = k == 0 ? 0 : beta[k - 1], most = k == 0 ? 0 : 1;
    if (!(beta[k] >= least && beta[k] <= most))
      return vpfi_fail(VPF_ERR_ARGUMENT, "%s: temperatures[%zu] is %s, outside [%s, %s]; they ascend from 0 to 1", function, k,
                       vpfi_number_of(beta[k]).text, vpfi_number_of(least).text, vpfi_number_of(most).text);
  }
  if (beta && beta[n - 1] < 1)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: the last temperature is %s, not 1", function, vpfi_number_of(beta[n - 1]).text);
  return VPF_OK;
}

const vpf_ais_settings vpfi_ais_defaults = {.chains = 100, .betas = 1000};

vpf_status vpfi_read_annealing(const char *function, const vpf_ais_settings *given, const vpf_ais_settings *without,
                               vpfi_annealing *annealing) {
  const vpf_ais_settings *unset = given ? &vpfi_ais_defaults : without;
  vpf_ais_settings s = {.struct_size = sizeof s};
  const size_t least = VPFI_SIZE_TO(vpf_ais_settings, reverse_sweeps), most = (size_t)1 << 31;
  const vpf_status status = given ? vpfi_read_settings(function, &s, sizeof s, given, least) : VPF_OK;
  if (status) return status;
  if (s.temperatures && s.betas == 0)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: temperatures are given, so betas, their number, must be too", function);
  *annealing = (vpfi_annealing){.chains = s.chains ? s.chains : unset->chains,
                                .betas = s.betas ? s.betas : unset->betas,
                                .seed = s.seed,
                                .adaptive = s.adaptive != 0,
                                .temperatures = s.temperatures,
                                .base = s.base ? &s.base->rows : NULL,
                                .reverse = s.reverse != 0,
                                .reverse_from = s.reverse_from ? &s.reverse_from->rows : NULL,
                                .reverse_sweeps = s.reverse_sweeps ? s.reverse_sweeps : 1000};
  if (annealing->chains < 2 || annealing->chains > most || annealing->betas < 2 || annealing->betas > most)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: %zu chains and %zu betas are outside [2, %zu]", function,
                     annealing->chains, annealing->betas, most);
  if (s.adaptive && s.temperatures)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: temperatures are given, so they cannot be adaptive too", function);
  return check_temperatures(function, s.temperatures, annealing->betas);
}
