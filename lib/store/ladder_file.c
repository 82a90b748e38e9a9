/* SPDX-License-Identifier: MIT */
#include "store/ladder_file.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "store/model_file.h"

enum { AT_RUNGS, AT_CHAINS, AT_POOL, AT_MOST, AT_SEED, AT_TIME, N_STATE };

/* Beside the rungs' tensors: state and acceptance. */
enum { N_OWN = 2 };

static vpfi_tensor vector(const char *name, vpfi_dtype dtype, size_t count, const void *data) {
  vpfi_tensor tensor = {.dtype = dtype, .rank = 1, .rows = 1, .cols = count, .stride = count, .data = data};
  snprintf(tensor.name, sizeof tensor.name, "%s", name);
  return tensor;
}

vpf_status vpfi_ladder_write(const char *path, const vpfi_ladder *ladder) {
  const vpfi_ladder_plan *plan = &ladder->plan;
  const uint64_t state[N_STATE] = {ladder->count, plan->chains, plan->pool, plan->most, plan->seed, ladder->time};
  vpfi_ladder listed = *ladder; /* only read, through tensors that could also be filled */
  vpfi_model_parts parts;
  vpf_status status = vpfi_model_parts_init(&parts, &ladder->shape, &ladder->rung[ladder->count - 1].params, "ladder",
                                            N_OWN + VPFI_RUNG_TENSORS * ladder->count);
  if (status) return status;
  parts.tensors[parts.n_tensors++] = vector("ladder.state", VPFI_DTYPE_U64, N_STATE, state);
  parts.tensors[parts.n_tensors++] = vector("ladder.acceptance", VPFI_DTYPE_F64, 1, &plan->acceptance);
  parts.n_tensors += vpfi_ladder_list(&listed, "ladder", parts.tensors + parts.n_tensors);
  status = vpfi_safetensors_write(path, parts.metadata, parts.n_metadata, parts.tensors, parts.n_tensors);
  vpfi_model_parts_clear(&parts);
  return status;
}

/* ---- Reading ---- */

static vpf_status read_plan(const vpfi_safetensors *file, uint64_t state[N_STATE], vpfi_ladder_plan *plan) {
  vpf_status status = vpfi_safetensors_read(file, "ladder.state", VPFI_DTYPE_U64, 1, 1, N_STATE, N_STATE, state);
  if (!status)
    status = vpfi_safetensors_read(file, "ladder.acceptance", VPFI_DTYPE_F64, 1, 1, 1, 1, &plan->acceptance);
  if (status) return status;
  plan->chains = (size_t)state[AT_CHAINS];
  plan->pool = (size_t)state[AT_POOL];
  plan->most = (size_t)state[AT_MOST];
  plan->seed = state[AT_SEED];
  if (state[AT_RUNGS] == 0 || state[AT_RUNGS] > state[AT_MOST] || state[AT_MOST] > VPFI_MOST_RUNGS ||
      state[AT_CHAINS] == 0 || state[AT_CHAINS] > state[AT_POOL] || state[AT_POOL] > (uint64_t)1 << 31 ||
      !(plan->acceptance > 0 && plan->acceptance < 1))
    return vpfi_safetensors_refuse(file, "ladder.state contradicts itself");
  return VPF_OK;
}

/* The tensors must be there in the right sizes before memory is allocated for them. */
static vpf_status check_sizes(const vpfi_safetensors *file, const vpfi_tensor *list, size_t count, size_t others) {
  if (vpfi_safetensors_count(file) != count + others)
    return vpfi_safetensors_refuse(file, "%zu tensors, where %zu are expected", vpfi_safetensors_count(file),
                                   count + others);
  for (size_t k = 0; k < count; k++) {
    size_t rows, cols;
    const vpf_status status = vpfi_safetensors_shape(file, list[k].name, list[k].dtype, list[k].rank, &rows, &cols);
    if (status) return status;
    if (rows != list[k].rows || cols != list[k].cols)
      return vpfi_safetensors_refuse(file, "tensor \"%s\" is %zu x %zu, where %zu x %zu is expected", list[k].name,
                                     rows, cols, list[k].rows, list[k].cols);
  }
  return VPF_OK;
}

static vpf_status read_rungs(const vpfi_safetensors *file, vpfi_ladder *ladder, vpfi_tensor *list, size_t rungs) {
  vpf_status status = VPF_OK;
  for (size_t k = 0; !status && k < rungs; k++) {
    status = vpfi_ladder_grow(ladder);
    if (!status) ladder->count++;
  }
  const size_t count = vpfi_ladder_list(ladder, "ladder", list);
  for (size_t k = 0; !status && k < count; k++)
    status = vpfi_safetensors_read(file, list[k].name, list[k].dtype, list[k].rank, list[k].rows, list[k].cols,
                                   list[k].stride, list[k].into);
  return status;
}

static vpf_status complete(const vpfi_safetensors *file, vpfi_ladder *ladder, const vpfi_params *last) {
  vpfi_scratch *scratch = vpfi_scratch_create(&ladder->shape, 1);
  if (!scratch) return VPF_ERR_MEMORY;
  vpf_status status = VPF_OK;
  if (!vpfi_ladder_is_sound(ladder))
    status = vpfi_safetensors_refuse(file, "a rung has a number that is impossible, or units beyond the end of a layer");
  else if (!vpfi_ladder_ends_with(ladder, last))
    status = vpfi_safetensors_refuse(file, "the model is not that of the last rung");
  else
    vpfi_ladder_complete(ladder, scratch);
  vpfi_scratch_destroy(scratch, 1);
  return status;
}

static vpf_status read_ladder(const vpfi_safetensors *file, const vpfi_shape *shape, const vpfi_params *params,
                              size_t model_tensors, vpfi_ladder *ladder) {
  vpfi_ladder_plan plan;
  uint64_t state[N_STATE];
  if (!vpfi_ladder_supports(shape)) return vpfi_safetensors_refuse(file, "ladders have two layers, without intra");
  vpf_status status = read_plan(file, state, &plan);
  if (status) return status;
  const size_t rungs = (size_t)state[AT_RUNGS];
  vpfi_tensor *list = vpfi_alloc(VPFI_RUNG_TENSORS * rungs, sizeof *list);
  if (!list) return VPF_ERR_MEMORY;
  const size_t count = vpfi_ladder_list_sizes(shape, &plan, rungs, "ladder", list);
  status = check_sizes(file, list, count, model_tensors + N_OWN);
  if (!status) status = vpfi_ladder_init(ladder, shape, &plan);
  if (!status) status = read_rungs(file, ladder, list, rungs);
  if (!status) status = complete(file, ladder, params);
  ladder->time = state[AT_TIME];
  vpfi_free(list);
  return status;
}

vpf_status vpfi_ladder_read(const char *path, vpfi_ladder *ladder) {
  vpfi_shape shape = {0};
  vpfi_params params = {0};
  vpfi_safetensors *file = NULL;
  size_t tensors = 0;
  *ladder = (vpfi_ladder){0};
  vpf_status status = vpfi_safetensors_open(&file, path);
  if (!status) status = vpfi_model_parts_read(file, "ladder", &shape, &params, &tensors);
  if (!status) status = read_ladder(file, &shape, &params, tensors, ladder);
  vpfi_safetensors_close(file);
  vpfi_params_clear(&params, &shape);
  vpfi_shape_clear(&shape);
  if (status) vpfi_ladder_clear(ladder);
  return status;
}
