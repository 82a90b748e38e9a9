/* SPDX-License-Identifier: MIT */
#include "eval/watch.h"

#include <string.h>

#include "base/memory.h"

vpf_status vpfi_watch_init(vpfi_watch *watch, const vpfi_annealing *annealing, size_t patience) {
  *watch = (vpfi_watch){.annealing = *annealing, .patience = patience};
  watch->annealing.base = watch->annealing.reverse_from = NULL;
  if (!annealing->temperatures) return VPF_OK;
  const size_t size = annealing->betas * sizeof *watch->temperatures;
  watch->annealing.temperatures = watch->temperatures = vpfi_alloc(1, size);
  if (!watch->temperatures) return VPF_ERR_MEMORY;
  memcpy(watch->temperatures, annealing->temperatures, size);
  return VPF_OK;
}

static void clear_best(vpfi_watch *watch) {
  vpfi_params_clear(&watch->params, &watch->shape);
  vpfi_shape_clear(&watch->shape);
}

void vpfi_watch_clear(vpfi_watch *watch) {
  clear_best(watch);
  vpfi_free(watch->checks);
  vpfi_free(watch->temperatures);
  *watch = (vpfi_watch){0};
}

static vpf_status make_room(vpfi_watch *watch) {
  if (watch->count < watch->room) return VPF_OK;
  const size_t room = 2 * watch->room + 16;
  vpfi_check *checks = vpfi_alloc(room, sizeof *checks);
  if (!checks) return VPF_ERR_MEMORY;
  if (watch->count > 0) memcpy(checks, watch->checks, watch->count * sizeof *checks);
  vpfi_free(watch->checks);
  watch->checks = checks;
  watch->room = room;
  return VPF_OK;
}

/* Replace the best machine by a copy of this one. */
static vpf_status keep_machine(vpfi_watch *watch, const vpfi_shape *shape, const vpfi_params *params) {
  vpfi_shape shape_copy;
  vpfi_params params_copy;
  vpf_status status = vpfi_shape_copy(&shape_copy, shape);
  if (status) return status;
  status = vpfi_params_copy(&params_copy, &shape_copy, params);
  if (status) {
    vpfi_shape_clear(&shape_copy);
    return status;
  }
  clear_best(watch);
  watch->shape = shape_copy;
  watch->params = params_copy;
  return VPF_OK;
}

vpf_status vpfi_watch_check(vpfi_watch *watch, const char *function, const vpfi_shape *shape, const vpfi_params *params,
                            const vpfi_rows *validation, size_t epoch) {
  vpfi_check check = {.epoch = epoch};
  vpf_status status =
      vpfi_estimate_likelihood(function, shape, params, validation, &watch->annealing, &check.likelihood);
  if (!status) status = make_room(watch);
  const bool better = !status && (watch->count == 0 || check.likelihood.mean_low >
                                                           watch->checks[watch->best].likelihood.mean_low);
  if (better) status = keep_machine(watch, shape, params);
  if (status) return status;
  watch->checks[watch->count] = check;
  if (better) watch->best = watch->count;
  watch->count++;
  return VPF_OK;
}

bool vpfi_watch_is_over(const vpfi_watch *watch) {
  return watch->patience > 0 && watch->count - 1 - watch->best >= watch->patience;
}
