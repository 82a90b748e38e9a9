/* SPDX-License-Identifier: MIT */
#include "api/handles.h"
#include "api/structs.h"
#include "base/error.h"
#include "base/memory.h"
#include "learn/method.h"

vpf_status vpf_optimizer_create(vpf_optimizer **out) {
  if (!out) return vpfi_null(__func__, "out");
  *out = vpfi_alloc(1, sizeof **out);
  if (!*out) return VPF_ERR_MEMORY;
  vpfi_learner_init(&(*out)->learner);
  return VPF_OK;
}

void vpf_optimizer_destroy(vpf_optimizer *optimizer) {
  if (!optimizer) return;
  vpfi_learner_clear(&optimizer->learner);
  vpfi_free(optimizer);
}

vpf_status vpf_optimizer_set_seed(vpf_optimizer *optimizer, uint64_t seed) {
  if (!optimizer) return vpfi_null(__func__, "optimizer");
  optimizer->learner.seed = seed;
  return VPF_OK;
}

uint64_t vpf_optimizer_get_seed(const vpf_optimizer *optimizer) {
  return optimizer ? optimizer->learner.seed : 0;
}

vpf_status vpf_optimizer_average(const vpf_optimizer *optimizer, vpf_model **out) {
  if (out) *out = NULL;
  if (!optimizer) return vpfi_null(__func__, "optimizer");
  if (!out) return vpfi_null(__func__, "out");
  const vpfi_learner *learner = &optimizer->learner;
  if (learner->average_steps == 0)
    return vpfi_fail(VPF_ERR_STATE, "%s: there is no average; VPF_OPTION_AVERAGE has to be above 0 while training",
                     __func__);
  return vpfi_model_copy(out, &learner->shape, &learner->average);
}

static vpf_status find_option(const char *function, vpf_option option, int *position) {
  *position = vpfi_option_find(option);
  if (*position >= 0) return VPF_OK;
  return vpfi_fail(VPF_ERR_ARGUMENT, "%s: there is no option %d", function, (int)option);
}

vpf_status vpf_optimizer_set(vpf_optimizer *optimizer, vpf_option option, double value) {
  if (!optimizer) return vpfi_null(__func__, "optimizer");
  int position;
  vpf_status status = find_option(__func__, option, &position);
  if (!status) status = vpfi_option_check(position, value);
  if (status) return status;
  double *current = &optimizer->learner.option[position];
  const bool changed = *current < value || *current > value;
  *current = value;
  if (option == VPF_OPTION_RULE && changed) vpfi_learner_reset_moments(&optimizer->learner);
  return VPF_OK;
}

vpf_status vpf_optimizer_get(const vpf_optimizer *optimizer, vpf_option option, double *out_value) {
  if (!optimizer) return vpfi_null(__func__, "optimizer");
  if (!out_value) return vpfi_null(__func__, "out_value");
  int position;
  const vpf_status status = find_option(__func__, option, &position);
  if (!status) *out_value = optimizer->learner.option[position];
  return status;
}

vpf_status vpf_option_bounds(vpf_option option, double *out_low, double *out_high, const char **out_name) {
  int position;
  const vpf_status status = find_option(__func__, option, &position);
  if (status) return status;
  if (out_low) *out_low = vpfi_option_table[position].low;
  if (out_high) *out_high = vpfi_option_table[position].high;
  if (out_name) *out_name = vpfi_option_table[position].name;
  return VPF_OK;
}

const char *vpf_option_value_name(vpf_option option, int value) {
  static const char *const rules[] = {[VPF_RULE_ADAM] = "adam", [VPF_RULE_SGD] = "sgd"};
  if (value < 0) return NULL;
  if (option == VPF_OPTION_METHOD) return value < VPFI_N_METHODS ? vpfi_method_at((size_t)value)->name : NULL;
  if (option == VPF_OPTION_RULE) return value < (int)(sizeof rules / sizeof *rules) ? rules[value] : NULL;
  return NULL;
}

size_t vpf_option_count(void) {
  return VPFI_N_OPTIONS;
}

vpf_status vpf_option_describe(size_t index, vpf_option_info *out) {
  vpf_status status = vpfi_check_report(__func__, out, VPFI_SIZE_TO(vpf_option_info, initial));
  if (!status && index >= VPFI_N_OPTIONS)
    status = vpfi_fail(VPF_ERR_ARGUMENT, "%s: index %zu is outside 0 .. %d", __func__, index, VPFI_N_OPTIONS - 1);
  if (status) return status;
  const vpfi_option_info *row = &vpfi_option_table[index];
  const vpf_option_info found = {.option = row->key, .integer = row->integer, .name = row->name, .low = row->low,
                                 .high = row->high, .initial = row->initial};
  vpfi_return_report(out, &found, sizeof found);
  return VPF_OK;
}

vpf_status vpf_optimizer_position(const vpf_optimizer *optimizer, size_t *out_epochs, size_t *out_rows) {
  if (!optimizer) return vpfi_null(__func__, "optimizer");
  const vpfi_learner *learner = &optimizer->learner;
  if (out_epochs) *out_epochs = (size_t)learner->epochs;
  if (out_rows) *out_rows = learner->inside ? learner->cursor : 0;
  return VPF_OK;
}

vpf_stop vpf_optimizer_last_stop(const vpf_optimizer *optimizer) {
  return optimizer ? optimizer->learner.last_stop : VPF_STOP_NONE;
}
