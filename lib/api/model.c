/* SPDX-License-Identifier: MIT */
#include "api/handles.h"
#include "base/error.h"
#include "base/memory.h"
#include "bm/energy.h"
#include "bm/gibbs.h"
#include "bm/objective.h"
#include "bm/start.h"
#include "eval/exact.h"
#include "num/rng.h"
#include "store/model_file.h"

vpf_status vpf_model_create(vpf_model **out, const size_t *sizes, size_t layers, const uint8_t *intra,
                            vpf_coupling coupling) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  if (!sizes) return vpfi_null(__func__, "sizes");
  vpf_model *model = vpfi_alloc(1, sizeof *model);
  if (!model) return VPF_ERR_MEMORY;
  vpf_status status = vpfi_shape_init(&model->shape, sizes, layers, intra, coupling);
  if (!status) status = vpfi_params_init(&model->params, &model->shape);
  if (status) {
    vpf_model_destroy(model);
    return status;
  }
  *out = model;
  return VPF_OK;
}

vpf_status vpf_model_init(vpf_model *model, uint64_t seed) {
  if (!model) return vpfi_null(__func__, "model");
  vpfi_params_draw(&model->params, &model->shape, seed);
  return VPF_OK;
}

vpf_status vpf_model_init_biases(vpf_model *model, const vpf_data *data) {
  if (!model) return vpfi_null(__func__, "model");
  if (!data) return vpfi_null(__func__, "data");
  const vpf_status status = vpfi_check_visible(model, data);
  return status ? status : vpfi_start_biases(&model->params, &model->shape, &data->rows);
}

vpf_status vpfi_model_copy(vpf_model **out, const vpfi_shape *shape, const vpfi_params *params) {
  vpf_model *copy = vpfi_alloc(1, sizeof *copy);
  if (!copy) return VPF_ERR_MEMORY;
  vpf_status status = vpfi_shape_copy(&copy->shape, shape);
  if (!status) status = vpfi_params_copy(&copy->params, &copy->shape, params);
  if (status) {
    vpf_model_destroy(copy);
    return status;
  }
  *out = copy;
  return VPF_OK;
}

vpf_status vpf_model_clone(vpf_model **out, const vpf_model *model) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  if (!model) return vpfi_null(__func__, "model");
  return vpfi_model_copy(out, &model->shape, &model->params);
}

vpf_status vpf_model_pair(vpf_model **out, const vpf_model *model, size_t pair) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  if (!model) return vpfi_null(__func__, "model");
  const size_t layers = model->shape.n_layers;
  if (layers > 2 && model->shape.coupling == VPF_COUPLING_JOINT)
    return vpfi_fail(VPF_ERR_UNSUPPORTED, "%s: the pairs of a joint model of %zu layers are not machines of their own",
                     __func__, layers);
  if (pair >= model->shape.n_joins)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: pair %zu is not in a model of %zu layers", __func__, pair, layers);
  vpf_model *two = vpfi_alloc(1, sizeof *two);
  if (!two) return VPF_ERR_MEMORY;
  vpf_status status = vpfi_shape_pair(&two->shape, &model->shape, pair);
  if (!status) status = vpfi_params_copy_pair(&two->params, &two->shape, &model->params, &model->shape, pair);
  if (status) {
    vpf_model_destroy(two);
    return status;
  }
  *out = two;
  return VPF_OK;
}

void vpf_model_destroy(vpf_model *model) {
  if (!model) return;
  vpfi_params_clear(&model->params, &model->shape);
  vpfi_shape_clear(&model->shape);
  vpfi_free(model);
}

size_t vpf_model_layers(const vpf_model *model) {
  return model ? model->shape.n_layers : 0;
}

size_t vpf_model_layer_size(const vpf_model *model, size_t layer) {
  return model && layer < model->shape.n_layers ? model->shape.layer[layer].size : 0;
}

size_t vpf_model_units(const vpf_model *model) {
  return model ? model->shape.units : 0;
}

int vpf_model_has_intra(const vpf_model *model, size_t layer) {
  return model && layer < model->shape.n_layers && model->shape.layer[layer].intra;
}

vpf_coupling vpf_model_get_coupling(const vpf_model *model) {
  return model ? model->shape.coupling : VPF_COUPLING_PAIRWISE;
}

size_t vpf_model_param_count(const vpf_model *model) {
  return model ? model->shape.param_count : 0;
}

static vpf_status check_weights(const char *function, const vpf_model *model, size_t lower, const void *array) {
  if (!model) return vpfi_null(function, "model");
  if (!array) return vpfi_null(function, "the array");
  return vpfi_check_weights(function, model, lower);
}

static vpf_status check_layer(const char *function, const vpf_model *model, size_t layer, const void *array) {
  if (!model) return vpfi_null(function, "model");
  if (!array) return vpfi_null(function, "the array");
  return vpfi_check_layer(function, model, layer);
}

static vpf_status check_intra(const char *function, const vpf_model *model, size_t layer, const void *array) {
  const vpf_status status = check_layer(function, model, layer, array);
  if (status) return status;
  if (!model->shape.layer[layer].intra)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: layer %zu has no intra-layer weights", function, layer);
  return VPF_OK;
}

static vpf_status check_role(const char *function, vpf_bias role) {
  if (role == VPF_BIAS_UP || role == VPF_BIAS_DOWN) return VPF_OK;
  return vpfi_fail(VPF_ERR_ARGUMENT, "%s: role %d is neither up (0) nor down (1)", function, (int)role);
}

static size_t role_of(const vpf_model *model, size_t layer, vpf_bias role) {
  return role == VPF_BIAS_UP ? model->shape.layer[layer].up : model->shape.layer[layer].down;
}

vpf_status vpf_model_get_weights(const vpf_model *model, size_t lower, float *out) {
  const vpf_status status = check_weights(__func__, model, lower, out);
  if (!status) vpfi_params_get_weights(&model->params, &model->shape, lower, out);
  return status;
}

vpf_status vpf_model_set_weights(vpf_model *model, size_t lower, const float *w) {
  vpf_status status = check_weights(__func__, model, lower, w);
  if (!status)
    status = vpfi_check_finite(w, model->shape.layer[lower].size, model->shape.layer[lower + 1].size, "w");
  if (!status) vpfi_params_set_weights(&model->params, &model->shape, lower, w);
  return status;
}

vpf_status vpf_model_get_intra(const vpf_model *model, size_t layer, float *out) {
  const vpf_status status = check_intra(__func__, model, layer, out);
  if (!status) vpfi_params_get_intra(&model->params, &model->shape, layer, out);
  return status;
}

vpf_status vpf_model_set_intra(vpf_model *model, size_t layer, const float *u) {
  vpf_status status = check_intra(__func__, model, layer, u);
  if (!status) status = vpfi_check_intra(u, model->shape.layer[layer].size, "u");
  if (!status) vpfi_params_set_intra(&model->params, &model->shape, layer, u);
  return status;
}

vpf_status vpf_model_get_bias(const vpf_model *model, size_t layer, vpf_bias role, float *out) {
  vpf_status status = check_layer(__func__, model, layer, out);
  if (!status) status = check_role(__func__, role);
  if (!status) vpfi_params_get_bias(&model->params, &model->shape, role_of(model, layer, role), out);
  return status;
}

vpf_status vpf_model_set_bias(vpf_model *model, size_t layer, vpf_bias role, const float *b) {
  vpf_status status = check_layer(__func__, model, layer, b);
  if (!status) status = check_role(__func__, role);
  if (!status) status = vpfi_check_finite(b, 1, model->shape.layer[layer].size, "b");
  if (!status) vpfi_params_set_bias(&model->params, &model->shape, role_of(model, layer, role), b);
  return status;
}

vpf_status vpf_model_get_params(const vpf_model *model, float *out) {
  if (!model) return vpfi_null(__func__, "model");
  if (!out) return vpfi_null(__func__, "out");
  vpfi_params_get_flat(&model->params, &model->shape, out);
  return VPF_OK;
}

vpf_status vpf_model_set_params(vpf_model *model, const float *theta) {
  if (!model) return vpfi_null(__func__, "model");
  if (!theta) return vpfi_null(__func__, "theta");
  const vpf_status status = vpfi_check_finite(theta, 1, model->shape.param_count, "theta");
  if (!status) vpfi_params_set_flat(&model->params, &model->shape, theta);
  return status;
}

vpf_status vpf_model_save(const vpf_model *model, const char *path) {
  if (!model) return vpfi_null(__func__, "model");
  if (!path) return vpfi_null(__func__, "path");
  vpfi_model_parts parts;
  vpf_status status = vpfi_model_parts_init(&parts, &model->shape, &model->params, "model", 0);
  if (status) return status;
  status = vpfi_safetensors_write(path, parts.metadata, parts.n_metadata, parts.tensors, parts.n_tensors);
  vpfi_model_parts_clear(&parts);
  return status;
}

vpf_status vpf_model_load(vpf_model **out, const char *path) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  if (!path) return vpfi_null(__func__, "path");
  vpfi_safetensors *file = NULL;
  vpf_status status = vpfi_safetensors_open(&file, path);
  if (status) return status;
  vpf_model *model = vpfi_alloc(1, sizeof *model);
  size_t tensors;
  status = model ? vpfi_model_parts_read(file, "model", &model->shape, &model->params, &tensors) : VPF_ERR_MEMORY;
  vpfi_safetensors_close(file);
  if (status) {
    vpfi_free(model); /* shape and params are empty if the reader fails */
    return status;
  }
  *out = model;
  return VPF_OK;
}

/* ---- The mathematics, open to tests and research ---- */

static vpf_status check_call(const char *function, const vpf_model *model, const vpf_data *data, const void *out) {
  if (!model) return vpfi_null(function, "model");
  if (!data) return vpfi_null(function, "the data");
  if (!out) return vpfi_null(function, "the output");
  return VPF_OK;
}

vpf_status vpf_model_energy(const vpf_model *model, const vpf_data *states, double *out_energy) {
  vpf_status status = check_call(__func__, model, states, out_energy);
  if (!status) status = vpfi_check_has_energy(__func__, model);
  if (!status) status = vpfi_check_states(model, states);
  if (status) return status;
  vpfi_workspace work;
  status = vpfi_begin(&work, model, 0, 0);
  if (!status) vpfi_energies(&work, &states->rows, out_energy);
  vpfi_workspace_end(&work);
  return status;
}

static vpf_status closed_free_energy(const vpf_model *model, const vpfi_rows *visible, double *out) {
  vpfi_workspace work;
  const vpf_status status = vpfi_begin(&work, model, 0, 0);
  if (!status) vpfi_free_energies(&work, visible, out);
  vpfi_workspace_end(&work);
  return status;
}

static vpf_status enumerated_free_energy(const vpf_model *model, const vpfi_rows *visible, double *out) {
  const vpf_status status =
      vpfi_exact_log_sums(&model->shape, &model->params, visible, vpfi_thread_count(0), NULL, out);
  for (size_t r = 0; !status && r < visible->rows; r++) out[r] = -out[r];
  return status;
}

vpf_status vpf_model_free_energy(const vpf_model *model, const vpf_data *visible, double *out_free) {
  vpf_status status = check_call(__func__, model, visible, out_free);
  if (!status) status = vpfi_check_has_energy(__func__, model);
  if (!status) status = vpfi_check_visible(model, visible);
  if (status) return status;
  return vpfi_free_energy_is_closed(&model->shape) ? closed_free_energy(model, &visible->rows, out_free)
                                                   : enumerated_free_energy(model, &visible->rows, out_free);
}

static vpf_status objective(const char *function, const vpf_model *model, const vpf_data *states, double *out_flow,
                            float *out_gradient) {
  vpf_status status = check_call(function, model, states, out_flow ? (void *)out_flow : out_gradient);
  if (!status) status = vpfi_check_states(model, states);
  if (status) return status;
  const vpfi_machine machine = {.kernels = vpfi_kernels_best(), .shape = &model->shape, .params = &model->params};
  return vpfi_objective(&machine, &states->rows, out_flow, out_gradient);
}

vpf_status vpf_model_flow(const vpf_model *model, const vpf_data *states, double *out_flow) {
  return objective(__func__, model, states, out_flow, NULL);
}

vpf_status vpf_model_flow_rows(const vpf_model *model, const vpf_data *states, double *out_flow) {
  vpf_status status = check_call(__func__, model, states, out_flow);
  if (!status) status = vpfi_check_states(model, states);
  if (status) return status;
  vpfi_workspace work;
  status = vpfi_begin(&work, model, VPFI_FLOW_ROWS, states->rows.rows);
  if (!status) status = vpfi_flow_rows(__func__, &work, &states->rows, out_flow);
  vpfi_workspace_end(&work);
  return status;
}

vpf_status vpf_model_flow_gradient(const vpf_model *model, const vpf_data *states, float *out_gradient) {
  return objective(__func__, model, states, NULL, out_gradient);
}

vpf_status vpf_model_infer(const vpf_model *model, const vpf_data *visible, uint64_t seed, vpf_data **out_states) {
  if (out_states) *out_states = NULL;
  vpf_status status = check_call(__func__, model, visible, out_states);
  if (!status) status = vpfi_check_visible(model, visible);
  if (status) return status;
  const vpfi_rows *rows = &visible->rows;
  vpfi_workspace work;
  status = vpfi_begin(&work, model, rows->rows, rows->rows);
  if (!status) {
    vpfi_workspace_load_visible(&work, rows);
    vpfi_infer(&work.machine, &vpfi_estep_paper, vpfi_rng_stream(seed, VPFI_PURPOSE_ESTEP, 0), &work.states,
               &work.team, work.scratch);
    status = vpfi_return_states(&work, rows->first_row, out_states);
  }
  vpfi_workspace_end(&work);
  return status;
}

static vpf_status check_chains(const char *function, const vpf_model *model, const vpf_data *states, const void *out) {
  vpf_status status = check_call(function, model, states, out);
  if (!status) status = vpfi_check_has_energy(function, model);
  return status ? status : vpfi_check_states(model, states);
}

/* clamped: [units] or NULL, from which plan->clamped is set. out_states may be NULL. */
static vpf_status run_chains(const vpf_model *model, const vpf_data *states, const uint8_t *clamped,
                             vpfi_gibbs_plan *plan, vpf_data **out_states) {
  const vpfi_rows *rows = &states->rows;
  vpfi_states mask = {0};
  vpfi_workspace work;
  vpf_status status = vpfi_begin(&work, model, rows->rows, rows->rows * plan->sweeps);
  if (!status) status = vpfi_states_init_mask(&mask, &model->shape, clamped, model->shape.n_layers);
  if (!status) {
    plan->clamped = mask.bits;
    vpfi_workspace_load_states(&work, rows);
    vpfi_gibbs_sample(&work, plan);
    if (out_states) status = vpfi_return_states(&work, rows->first_row, out_states);
  }
  vpfi_states_clear(&mask);
  vpfi_workspace_end(&work);
  return status;
}

vpf_status vpf_gibbs(const vpf_model *model, const vpf_data *states, const uint8_t *clamped, size_t sweeps,
                     uint64_t seed, vpf_data **out_states) {
  if (out_states) *out_states = NULL;
  const vpf_status status = check_chains(__func__, model, states, out_states);
  vpfi_gibbs_plan plan = {.sweeps = sweeps, .seed = seed};
  return status ? status : run_chains(model, states, clamped, &plan, out_states);
}

vpf_status vpf_gibbs_trace(const vpf_model *model, const vpf_data *states, const uint8_t *clamped, size_t draws,
                           size_t thin, uint64_t seed, double *out_energy, vpf_data **out_states) {
  if (out_states) *out_states = NULL;
  const vpf_status status = check_chains(__func__, model, states, out_energy);
  if (status) return status;
  if (draws == 0 || thin == 0)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: %zu draws, every %zu sweeps; both must be at least 1", __func__, draws,
                     thin);
  vpfi_gibbs_plan plan = {.thin = thin, .seed = seed, .energy = out_energy};
  if (!vpfi_size_mul(draws, thin, &plan.sweeps))
    return vpfi_fail(VPF_ERR_LIMIT, "%s: %zu draws of %zu sweeps are too many", __func__, draws, thin);
  return run_chains(model, states, clamped, &plan, out_states);
}
