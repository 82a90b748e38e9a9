/* SPDX-License-Identifier: MIT */
/* Checks and steps that several entry points share. */
#include "api/handles.h"
#include "base/error.h"
#include "base/memory.h"
#include "num/bits.h"

vpf_data *vpfi_data_new(size_t rows, size_t cols, uint64_t first_row) {
  vpf_data *data = vpfi_alloc(1, sizeof *data);
  if (!data) return NULL;
  *data = (vpf_data){.rows = rows, .cols = cols, .words = vpfi_bits_words(cols), .first_row = first_row};
  data->bits = vpfi_alloc(rows, data->words * sizeof *data->bits);
  if (data->bits) return data;
  vpfi_free(data);
  return NULL;
}

vpf_status vpfi_null(const char *function, const char *name) {
  return vpfi_fail(VPF_ERR_ARGUMENT, "%s: %s is NULL", function, name);
}

vpf_status vpfi_check_columns(const vpf_data *data, size_t wanted, const char *what) {
  if (data->cols == wanted) return VPF_OK;
  return vpfi_fail(VPF_ERR_SHAPE, "the data has %zu x %zu values; the model has %zu %s, so %zu columns are needed",
                   data->rows, data->cols, wanted, what, wanted);
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

size_t vpfi_step_counts(const vpf_model *model) {
  return model->shape.n_layers > 1 ? model->shape.n_layers - 1 : 1;
}

size_t *vpfi_even_steps(const vpf_model *model, size_t steps) {
  const size_t count = vpfi_step_counts(model);
  size_t *each = vpfi_alloc(count, sizeof *each);
  for (size_t pair = 0; each && pair < count; pair++) each[pair] = steps;
  return each;
}

vpfi_machine vpfi_machine_of(const vpf_model *model) {
  return (vpfi_machine){vpfi_kernels_best(), &model->shape, &model->params, NULL};
}

vpf_status vpfi_machine_for(vpfi_machine *machine, vpfi_tables *tables, const vpf_model *model, size_t draws) {
  *machine = vpfi_machine_of(model);
  *tables = (vpfi_tables){0};
  if (!vpfi_tables_pay(&model->shape, draws)) return VPF_OK;
  const vpf_status status = vpfi_tables_init(tables, &model->shape, true);
  if (status) return status;
  vpfi_team team = {.threads = vpfi_thread_count(0)};
  vpfi_tables_fill(tables, machine->kernels, machine->shape, machine->params, &team);
  machine->tables = tables;
  return VPF_OK;
}

vpf_status vpfi_check_bound(const vpfi_learner *learner, const vpf_model *model) {
  if (!learner->bound || vpfi_shape_equal(&learner->shape, &model->shape)) return VPF_OK;
  char mine[160], its[160];
  return vpfi_fail(VPF_ERR_SHAPE, "the optimizer is bound to %s, the model is %s",
                   vpfi_shape_describe(&learner->shape, mine, sizeof mine),
                   vpfi_shape_describe(&model->shape, its, sizeof its));
}

vpf_status vpfi_return_states(const vpf_model *model, const vpfi_states *states, uint64_t first_row,
                              vpf_data **out_states) {
  vpf_data *result = vpfi_data_new(states->rows, model->shape.units, first_row);
  if (!result) return VPF_ERR_MEMORY;
  vpfi_states_join(states, &model->shape, result->bits, result->words);
  *out_states = result;
  return VPF_OK;
}

vpf_status vpfi_clamp_init(vpfi_states *mask, const vpf_model *model, const uint8_t *clamped, size_t layers) {
  *mask = (vpfi_states){0};
  if (!clamped) return VPF_OK;
  const vpf_status status = vpfi_states_init(mask, &model->shape, VPFI_ORDER_SWEPT, 1, 1, NULL);
  for (size_t l = 0; !status && l < layers; l++)
    vpfi_bits_pack(mask->bits[l], clamped + model->shape.layer[l].first, model->shape.layer[l].size, 0);
  return status;
}

vpf_status vpfi_check_has_energy(const char *function, const vpf_model *model) {
  if (vpfi_shape_has_energy(&model->shape)) return VPF_OK;
  return vpfi_fail(VPF_ERR_UNSUPPORTED,
                   "%s: a pairwise model of %zu layers has no single energy; at most 2 layers, or joint coupling",
                   function, model->shape.n_layers);
}
