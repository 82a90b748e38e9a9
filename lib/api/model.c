/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "api/handles.h"
#include "base/error.h"
#include "base/memory.h"
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

vpf_status vpf_model_clone(vpf_model **out, const vpf_model *model) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  if (!model) return vpfi_null(__func__, "model");
  vpf_model *copy = vpfi_alloc(1, sizeof *copy);
  if (!copy) return VPF_ERR_MEMORY;
  vpf_status status = vpfi_shape_copy(&copy->shape, &model->shape);
  if (!status) status = vpfi_params_copy(&copy->params, &copy->shape, &model->params);
  if (status) {
    vpf_model_destroy(copy);
    return status;
  }
  *out = copy;
  return VPF_OK;
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
  if (lower >= model->shape.n_joins)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: there are no weights above layer %zu in a model of %zu layers", function,
                     lower, model->shape.n_layers);
  return VPF_OK;
}

static vpf_status check_layer(const char *function, const vpf_model *model, size_t layer, const void *array) {
  if (!model) return vpfi_null(function, "model");
  if (!array) return vpfi_null(function, "the array");
  if (layer >= model->shape.n_layers)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: layer %zu is not in a model of %zu layers", function, layer,
                     model->shape.n_layers);
  return VPF_OK;
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
    vpfi_free(model); /* shape and params are empty when the reader fails */
    return status;
  }
  *out = model;
  return VPF_OK;
}
