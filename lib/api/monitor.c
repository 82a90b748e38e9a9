/* SPDX-License-Identifier: MIT */
#include "api/handles.h"
#include "api/structs.h"
#include "base/error.h"
#include "base/memory.h"

/* A check then takes less than a tenth of five epochs of RBM(196) on MNIST (docs/evaluation.md). */
static const vpf_ais_settings defaults = {.chains = 50, .betas = 300};

vpf_status vpf_monitor_create(vpf_monitor **out, const vpf_ais_settings *settings, size_t patience) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  vpfi_annealing annealing;
  vpf_status status = vpfi_read_annealing(__func__, settings, &defaults, &annealing);
  if (status) return status;
  vpf_monitor *monitor = vpfi_alloc(1, sizeof *monitor);
  if (!monitor) return VPF_ERR_MEMORY;
  status = vpfi_watch_init(&monitor->watch, &annealing, patience);
  if (status)
    vpf_monitor_destroy(monitor);
  else
    *out = monitor;
  return status;
}

void vpf_monitor_destroy(vpf_monitor *monitor) {
  if (!monitor) return;
  vpfi_watch_clear(&monitor->watch);
  vpfi_free(monitor);
}

vpf_status vpf_monitor_check(vpf_monitor *monitor, const vpf_model *model, const vpf_data *validation, size_t epoch,
                             int *out_stop) {
  if (!monitor) return vpfi_null(__func__, "monitor");
  if (!model) return vpfi_null(__func__, "model");
  if (!validation) return vpfi_null(__func__, "validation");
  vpf_status status = vpfi_check_has_energy(__func__, model);
  if (!status) status = vpfi_check_visible(model, validation);
  if (!status)
    status = vpfi_watch_check(&monitor->watch, __func__, &model->shape, &model->params, &validation->rows, epoch);
  if (!status && out_stop) *out_stop = vpfi_watch_is_over(&monitor->watch);
  return status;
}

size_t vpf_monitor_checks(const vpf_monitor *monitor) {
  return monitor ? monitor->watch.count : 0;
}

vpf_status vpf_monitor_get(const vpf_monitor *monitor, size_t index, size_t *out_epoch,
                           vpf_likelihood *out_likelihood) {
  if (!monitor) return vpfi_null(__func__, "monitor");
  if (index >= monitor->watch.count)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: check %zu of %zu", __func__, index, monitor->watch.count);
  const vpfi_check *check = &monitor->watch.checks[index];
  if (out_likelihood) {
    const vpf_status status = vpfi_check_report(__func__, out_likelihood, VPFI_SIZE_TO(vpf_likelihood, disagree));
    if (status) return status;
    vpfi_return_report(out_likelihood, &check->likelihood, sizeof check->likelihood);
  }
  if (out_epoch) *out_epoch = check->epoch;
  return VPF_OK;
}

vpf_status vpf_monitor_best(const vpf_monitor *monitor, size_t *out_index, vpf_model **out_model) {
  if (out_model) *out_model = NULL;
  if (!monitor) return vpfi_null(__func__, "monitor");
  if (monitor->watch.count == 0) return vpfi_fail(VPF_ERR_STATE, "%s: nothing has been checked yet", __func__);
  const vpf_status status =
      out_model ? vpfi_model_copy(out_model, &monitor->watch.shape, &monitor->watch.params) : VPF_OK;
  if (!status && out_index) *out_index = monitor->watch.best;
  return status;
}
