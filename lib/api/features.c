/* SPDX-License-Identifier: MIT */
/* Mean-field features, and what they say about the units. */
#include "api/handles.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "eval/activity.h"
#include "eval/encode.h"

static vpf_status check_layer(const char *function, const vpf_model *model, const vpf_data *data, size_t layer) {
  if (!model) return vpfi_null(function, "model");
  if (!data) return vpfi_null(function, "data");
  if (layer >= model->shape.n_layers)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: layer %zu is not in a model of %zu layers", function, layer,
                     model->shape.n_layers);
  return vpfi_check_columns(data, model->shape.layer[0].size, "visible units");
}

vpf_status vpf_encode(const vpf_model *model, const vpf_data *data, size_t layer, float *out) {
  const vpf_status status = check_layer(__func__, model, data, layer);
  if (status) return status;
  if (!out) return vpfi_null(__func__, "out");
  const size_t threads = vpfi_thread_count(0);
  vpfi_scratch *scratch = vpfi_scratch_create(&model->shape, threads);
  if (!scratch) return VPF_ERR_MEMORY;
  const vpfi_machine machine = vpfi_machine_of(model);
  vpfi_encode(&machine, data->bits, data->words, data->rows, layer, out, threads, scratch);
  vpfi_scratch_destroy(scratch, threads);
  return VPF_OK;
}

static vpf_status mean_activations(const vpf_model *model, const vpf_data *data, size_t layer, float *out) {
  const size_t n = model->shape.layer[layer].size;
  double *sum = vpfi_alloc(n, sizeof *sum);
  if (!sum) return VPF_ERR_MEMORY;
  const vpfi_machine machine = vpfi_machine_of(model);
  const vpf_status status = vpfi_activity(&machine, data->bits, data->words, data->rows, layer, vpfi_thread_count(0),
                                          sum, NULL, NULL);
  for (size_t j = 0; !status && j < n; j++) out[j] = (float)(sum[j] / (double)data->rows);
  vpfi_free(sum);
  return status;
}

vpf_status vpf_mean_activations(const vpf_model *model, const vpf_data *data, size_t layer, float *out) {
  const vpf_status status = check_layer(__func__, model, data, layer);
  if (status) return status;
  if (!out) return vpfi_null(__func__, "out");
  return mean_activations(model, data, layer, out);
}
