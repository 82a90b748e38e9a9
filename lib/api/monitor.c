/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "api/handles.h"
#include "api/structs.h"
#include "base/error.h"
#include "base/memory.h"

typedef struct monitor_check {
  size_t epoch;
  vpf_likelihood likelihood;
} monitor_check;

struct vpf_monitor {
  vpf_ais_settings settings;
  double *temperatures; /* a copy, or NULL */
  size_t patience;
  size_t count, room;
  monitor_check *checks; /* [room] */
  size_t best;           /* of checks, once there is one */
  vpf_model *model;      /* the best one */
};

enum { DEFAULT_BETAS = 300 };

static vpf_status copy_settings(const char *function, vpf_monitor *monitor, const vpf_ais_settings *given) {
  const vpf_status status = vpfi_read_ais_settings(function, given, DEFAULT_BETAS, &monitor->settings);
  const double *temperatures = monitor->settings.temperatures;
  monitor->settings.base = monitor->settings.reverse_from = NULL;
  monitor->settings.temperatures = NULL;
  if (status || !temperatures) return status;
  monitor->temperatures = vpfi_alloc(monitor->settings.betas, sizeof *temperatures);
  if (!monitor->temperatures) return VPF_ERR_MEMORY;
  memcpy(monitor->temperatures, temperatures, monitor->settings.betas * sizeof *temperatures);
  monitor->settings.temperatures = monitor->temperatures;
  return VPF_OK;
}

vpf_status vpf_monitor_create(vpf_monitor **out, const vpf_ais_settings *settings, size_t patience) {
  if (!out) return vpfi_null(__func__, "out");
  *out = NULL;
  vpf_monitor *monitor = vpfi_alloc(1, sizeof *monitor);
  if (!monitor) return VPF_ERR_MEMORY;
  monitor->patience = patience;
  const vpf_status status = copy_settings(__func__, monitor, settings);
  if (status)
    vpf_monitor_destroy(monitor);
  else
    *out = monitor;
  return status;
}

void vpf_monitor_destroy(vpf_monitor *monitor) {
  if (!monitor) return;
  vpf_model_destroy(monitor->model);
  vpfi_free(monitor->checks);
  vpfi_free(monitor->temperatures);
  vpfi_free(monitor);
}

static vpf_status make_room(vpf_monitor *monitor) {
  if (monitor->count < monitor->room) return VPF_OK;
  const size_t room = 2 * monitor->room + 16;
  monitor_check *checks = vpfi_alloc(room, sizeof *checks);
  if (!checks) return VPF_ERR_MEMORY;
  if (monitor->count > 0) memcpy(checks, monitor->checks, monitor->count * sizeof *checks);
  vpfi_free(monitor->checks);
  monitor->checks = checks;
  monitor->room = room;
  return VPF_OK;
}

vpf_status vpf_monitor_check(vpf_monitor *monitor, const vpf_model *model, const vpf_data *validation, size_t epoch,
                             int *out_stop) {
  if (!monitor) return vpfi_null(__func__, "monitor");
  if (!model) return vpfi_null(__func__, "model");
  if (!validation) return vpfi_null(__func__, "validation");
  vpf_likelihood found = {.struct_size = sizeof found};
  vpf_model *copy = NULL;
  vpf_status status = vpf_estimate_likelihood(model, validation, &monitor->settings, &found);
  if (!status) status = make_room(monitor);
  const bool better = !status && (monitor->count == 0 || found.mean_low > monitor->checks[monitor->best].likelihood.mean_low);
  if (better) status = vpf_model_clone(&copy, model);
  if (status) return status;

  monitor->checks[monitor->count] = (monitor_check){epoch, found};
  if (better) {
    monitor->best = monitor->count;
    vpf_model_destroy(monitor->model);
    monitor->model = copy;
  }
  monitor->count++;
  if (out_stop) *out_stop = monitor->patience > 0 && monitor->count - 1 - monitor->best >= monitor->patience;
  return VPF_OK;
}

size_t vpf_monitor_checks(const vpf_monitor *monitor) {
  return monitor ? monitor->count : 0;
}

vpf_status vpf_monitor_get(const vpf_monitor *monitor, size_t index, size_t *out_epoch,
                           vpf_likelihood *out_likelihood) {
  if (!monitor) return vpfi_null(__func__, "monitor");
  if (index >= monitor->count)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: check %zu of %zu", __func__, index, monitor->count);
  const monitor_check *check = &monitor->checks[index];
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
  if (monitor->count == 0) return vpfi_fail(VPF_ERR_STATE, "%s: nothing has been checked yet", __func__);
  const vpf_status status = out_model ? vpf_model_clone(out_model, monitor->model) : VPF_OK;
  if (!status && out_index) *out_index = monitor->best;
  return status;
}
