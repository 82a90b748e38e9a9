/* SPDX-License-Identifier: MIT */
#include "api/handles.h"
#include "base/error.h"
#include "eval/activity.h"
#include "sample/encode.h"
#include "sample/generate.h"
#include "sample/meanfield.h"
#include "sample/reconstruct.h"

/* ---- Generation ---- */

/* each: steps for each pair, or NULL: `steps` for all. Either output may be NULL. */
static vpf_status generate(const char *function, const vpf_model *model, size_t count, const size_t *each, size_t steps,
                           const float *prior, uint64_t seed, float *out_probs, vpf_data **out_states) {
  vpfi_generation generation;
  vpf_status status = vpfi_generation_begin(function, &generation, model, count, each, steps, prior);
  if (!status) {
    vpfi_workspace work;
    status = vpfi_begin(&work, model, count, count * generation.most);
    if (!status) vpfi_generate(&work, generation.steps, generation.prior_field, seed, out_probs);
    if (!status && out_states) status = vpfi_return_states(&work, 0, out_states);
    vpfi_workspace_end(&work);
  }
  vpfi_generation_end(&generation);
  return status;
}

vpf_status vpf_generate(const vpf_model *model, size_t count, size_t steps, const float *prior, uint64_t seed,
                        float *out_probs) {
  if (!model) return vpfi_null(__func__, "model");
  if (!out_probs) return vpfi_null(__func__, "out_probs");
  return generate(__func__, model, count, NULL, steps, prior, seed, out_probs, NULL);
}

vpf_status vpf_generate_by_pair(const vpf_model *model, size_t count, const size_t *steps, const float *prior,
                                uint64_t seed, float *out_probs) {
  if (!model) return vpfi_null(__func__, "model");
  if (!steps) return vpfi_null(__func__, "steps");
  if (!out_probs) return vpfi_null(__func__, "out_probs");
  return generate(__func__, model, count, steps, 0, prior, seed, out_probs, NULL);
}

vpf_status vpf_generate_states(const vpf_model *model, size_t count, size_t steps, const float *prior, uint64_t seed,
                               vpf_data **out_states) {
  if (!out_states) return vpfi_null(__func__, "out_states");
  *out_states = NULL;
  if (!model) return vpfi_null(__func__, "model");
  return generate(__func__, model, count, NULL, steps, prior, seed, NULL, out_states);
}

vpf_status vpf_generate_states_by_pair(const vpf_model *model, size_t count, const size_t *steps, const float *prior,
                                       uint64_t seed, vpf_data **out_states) {
  if (!out_states) return vpfi_null(__func__, "out_states");
  *out_states = NULL;
  if (!model) return vpfi_null(__func__, "model");
  if (!steps) return vpfi_null(__func__, "steps");
  return generate(__func__, model, count, steps, 0, prior, seed, NULL, out_states);
}

/* ---- Features ---- */

static vpf_status check_features(const char *function, const vpf_model *model, const vpf_data *data, size_t layer,
                                 const float *out) {
  if (!model) return vpfi_null(function, "model");
  if (!data) return vpfi_null(function, "data");
  vpf_status status = vpfi_check_layer(function, model, layer);
  if (!status) status = vpfi_check_visible(model, data);
  if (!status && !out) status = vpfi_null(function, "out");
  return status;
}

vpf_status vpf_encode(const vpf_model *model, const vpf_data *data, size_t layer, float *out) {
  vpf_status status = check_features(__func__, model, data, layer, out);
  if (status) return status;
  vpfi_workspace work;
  status = vpfi_begin(&work, model, 0, 0);
  if (!status) vpfi_encode(&work, &data->rows, 0, data->rows.rows, layer, out);
  vpfi_workspace_end(&work);
  return status;
}

vpf_status vpf_mean_activations(const vpf_model *model, const vpf_data *data, size_t layer, float *out) {
  vpf_status status = check_features(__func__, model, data, layer, out);
  if (status) return status;
  vpfi_workspace work;
  status = vpfi_begin(&work, model, 0, 0);
  if (!status) status = vpfi_mean_activations(&work, &data->rows, layer, out);
  vpfi_workspace_end(&work);
  return status;
}

/* ---- Filling in ---- */

static vpf_status check_filling(const char *function, const vpf_model *model, const vpf_data *corrupted, size_t steps,
                                const float *out_probs) {
  if (!model) return vpfi_null(function, "model");
  if (!corrupted) return vpfi_null(function, "corrupted");
  if (!out_probs) return vpfi_null(function, "out_probs");
  const vpf_status status = vpfi_check_visible(model, corrupted);
  return status ? status : vpfi_check_steps(function, steps);
}

vpf_status vpf_reconstruct(const vpf_model *model, const vpf_data *corrupted, const uint8_t *known, size_t steps,
                           size_t average_last, uint64_t seed, float *out_probs) {
  vpf_status status = check_filling(__func__, model, corrupted, steps, out_probs);
  if (status) return status;
  if (average_last == 0 || average_last > steps)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: average_last %zu is outside [1, %zu]", __func__, average_last, steps);
  const vpfi_rows *rows = &corrupted->rows;
  vpfi_states held = {0};
  vpfi_workspace work;
  status = vpfi_begin(&work, model, rows->rows, rows->rows * steps);
  if (!status) status = vpfi_states_init_mask(&held, &model->shape, known, 1);
  if (!status) {
    const vpfi_filling filling = {held.bits, steps, average_last, seed};
    vpfi_workspace_load_visible(&work, rows);
    vpfi_reconstruct(&work, &filling, out_probs);
  }
  vpfi_states_clear(&held);
  vpfi_workspace_end(&work);
  return status;
}

vpf_status vpf_reconstruct_mean_field(const vpf_model *model, const vpf_data *corrupted, const uint8_t *known,
                                      size_t steps, float *out_probs) {
  vpf_status status = check_filling(__func__, model, corrupted, steps, out_probs);
  if (status) return status;
  vpfi_states held = {0};
  vpfi_workspace work;
  status = vpfi_begin(&work, model, 0, 0);
  if (!status) status = vpfi_states_init_mask(&held, &model->shape, known, 1);
  if (!status) status = vpfi_mean_field(&work, &corrupted->rows, known ? held.bits[0] : NULL, steps, out_probs);
  vpfi_states_clear(&held);
  vpfi_workspace_end(&work);
  return status;
}
