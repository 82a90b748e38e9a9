/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "api/handles.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "eval/encode.h"
#include "eval/generate.h"
#include "num/bits.h"
#include "num/elementary.h"

/* The log-odds of the prior: a unit with field z is on with probability sigmoid(z). */
static vpf_status prior_fields(const char *function, const vpf_model *model, const float *prior, float **out_field) {
  const vpfi_layer *top = &model->shape.layer[model->shape.n_layers - 1];
  for (size_t j = 0; prior && j < top->size; j++)
    if (!(prior[j] >= 0 && prior[j] <= 1))
      return vpfi_fail(VPF_ERR_ARGUMENT, "%s: prior[%zu] is %g, outside [0, 1]", function, j, (double)prior[j]);
  float *field = vpfi_alloc(top->width, sizeof *field);
  if (!field) return VPF_ERR_MEMORY;
  for (size_t j = 0; prior && j < top->size; j++)
    field[j] = prior[j] <= 0   ? -INFINITY
               : prior[j] >= 1 ? INFINITY
                               : (float)(vpfi_log((double)prior[j]) - vpfi_log(1.0 - (double)prior[j]));
  *out_field = field;
  return VPF_OK;
}

static vpf_status generate(const char *function, const vpf_model *model, size_t count, size_t steps,
                           const float *prior, uint64_t seed, float *out_probs, vpf_data **out_states) {
  vpf_status status = vpfi_check_chains(function, count, steps);
  float *field = NULL;
  if (!status) status = prior_fields(function, model, prior, &field);
  if (status) return status;
  const size_t threads = vpfi_thread_count(0);
  vpfi_states states = {0};
  vpfi_scratch *scratch = vpfi_scratch_create(&model->shape, threads);
  status = scratch ? vpfi_states_init(&states, &model->shape, VPFI_ORDER_SWEPT, count, 1, NULL) : VPF_ERR_MEMORY;
  if (!status) {
    const vpfi_machine machine = vpfi_machine_of(model);
    vpfi_generate(&machine, steps, field, seed, &states, out_probs, threads, scratch);
    if (out_states) status = vpfi_return_states(model, &states, 0, out_states);
  }
  vpfi_states_clear(&states);
  vpfi_scratch_destroy(scratch, threads);
  vpfi_free(field);
  return status;
}

vpf_status vpf_generate(const vpf_model *model, size_t count, size_t steps, const float *prior, uint64_t seed,
                        float *out_probs) {
  if (!model) return vpfi_null(__func__, "model");
  if (!out_probs) return vpfi_null(__func__, "out_probs");
  return generate(__func__, model, count, steps, prior, seed, out_probs, NULL);
}

vpf_status vpf_generate_states(const vpf_model *model, size_t count, size_t steps, const float *prior, uint64_t seed,
                               vpf_data **out_states) {
  if (!out_states) return vpfi_null(__func__, "out_states");
  *out_states = NULL;
  if (!model) return vpfi_null(__func__, "model");
  return generate(__func__, model, count, steps, prior, seed, NULL, out_states);
}

static vpf_status check_encode(const char *function, const vpf_model *model, const vpf_data *data, size_t layer,
                               const float *out) {
  if (!model) return vpfi_null(function, "model");
  if (!data) return vpfi_null(function, "data");
  if (!out) return vpfi_null(function, "out");
  if (layer >= model->shape.n_layers)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: layer %zu is not in a model of %zu layers", function, layer,
                     model->shape.n_layers);
  return vpfi_check_columns(data, model->shape.layer[0].size, "visible units");
}

/* Rows first .. first+count-1 of vpf_encode(). */
static void encode_rows(const vpf_model *model, const vpf_data *data, size_t first, size_t count, size_t layer,
                        float *out, size_t threads, vpfi_scratch *scratch) {
  const uint64_t *bits = data->bits + first * data->words;
  if (layer > 0) {
    const vpfi_machine machine = vpfi_machine_of(model);
    vpfi_encode(&machine, bits, data->words, count, layer, out, threads, scratch);
    return;
  }
  for (size_t r = 0; r < count; r++)
    for (size_t j = 0; j < data->cols; j++)
      out[r * data->cols + j] = (float)vpfi_bits_get(bits + r * data->words, j);
}

vpf_status vpf_encode(const vpf_model *model, const vpf_data *data, size_t layer, float *out) {
  const vpf_status status = check_encode(__func__, model, data, layer, out);
  if (status) return status;
  const size_t threads = vpfi_thread_count(0);
  vpfi_scratch *scratch = vpfi_scratch_create(&model->shape, threads);
  if (!scratch) return VPF_ERR_MEMORY;
  encode_rows(model, data, 0, data->rows, layer, out, threads, scratch);
  vpfi_scratch_destroy(scratch, threads);
  return VPF_OK;
}

vpf_status vpf_mean_activations(const vpf_model *model, const vpf_data *data, size_t layer, float *out) {
  vpf_status status = check_encode(__func__, model, data, layer, out);
  if (status) return status;
  enum { CHUNK = 1024 }; /* rows at a time */
  const size_t n = model->shape.layer[layer].size, threads = vpfi_thread_count(0);
  const size_t chunk = data->rows < CHUNK ? data->rows : CHUNK;
  vpfi_scratch *scratch = vpfi_scratch_create(&model->shape, threads);
  float *means = vpfi_alloc(chunk, n * sizeof *means);
  double *sum = vpfi_alloc(n, sizeof *sum);
  if (scratch && means && sum) {
    for (size_t first = 0; first < data->rows; first += chunk) {
      const size_t count = data->rows - first < chunk ? data->rows - first : chunk;
      encode_rows(model, data, first, count, layer, means, threads, scratch);
      for (size_t k = 0; k < count * n; k++) sum[k % n] += (double)means[k];
    }
    for (size_t j = 0; j < n; j++) out[j] = (float)(sum[j] / (double)data->rows);
  } else {
    status = VPF_ERR_MEMORY;
  }
  vpfi_free(sum);
  vpfi_free(means);
  vpfi_scratch_destroy(scratch, threads);
  return status;
}
