/* SPDX-License-Identifier: MIT */
/* The chain in continuous time, and the asymmetric rule, Eq. (38) (the paper's Eq. 6). */
#include <vpf/experimental/stdp.h>

#include "api/handles.h"
#include "base/error.h"
#include "bm/jump.h"
#include "num/rng.h"

static vpf_status check_call(const char *function, const vpf_model *model, const uint8_t *start, double duration,
                             size_t max_flips, const vpf_flip *out_flips, const size_t *out_count) {
  if (!model) return vpfi_null(function, "model");
  if (!start) return vpfi_null(function, "the start");
  if (!out_flips || !out_count) return vpfi_null(function, "the output");
  if (!(duration > 0))
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: the duration %g is not above 0", function, duration);
  if (!max_flips) return vpfi_fail(VPF_ERR_ARGUMENT, "%s: max_flips is 0, must be at least 1", function);
  return vpfi_check_has_energy(function, model);
}

vpf_status vpf_simulate_flips(const vpf_model *model, const uint8_t *start, double duration, size_t max_flips,
                              uint64_t seed, vpf_flip *out_flips, size_t *out_count) {
  vpf_status status = check_call(__func__, model, start, duration, max_flips, out_flips, out_count);
  if (status) return status;
  vpfi_jump jump;
  status = vpfi_jump_init(&jump, &model->shape, &model->params, start, vpfi_rng_stream(seed, VPFI_PURPOSE_JUMP, 0));
  if (status) return status;
  size_t count;
  status = vpfi_jump_record(&jump, duration, max_flips, out_flips, &count);
  vpfi_jump_clear(&jump);
  if (!status) *out_count = count;
  return status;
}

vpf_status vpf_stdp_changes(const vpf_flip *flips, size_t count, int pre_at_start, size_t pre, size_t post,
                            double *out_changes) {
  if (!flips) return vpfi_null(__func__, "the flips");
  if (!out_changes) return vpfi_null(__func__, "the output");
  if (pre == post)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: unit %zu is on both sides of the synapse", __func__, pre);
  for (size_t k = 0; k < count; k++)
    if (flips[k].state != 0 && flips[k].state != 1)
      return vpfi_fail(VPF_ERR_ARGUMENT, "%s: the state after flip %zu is %d, must be 0 or 1", __func__, k,
                       flips[k].state);

  bool state = pre_at_start != 0;
  for (size_t k = 0; k < count; k++) {
    if (flips[k].unit == pre) state = flips[k].state == 1;
    out_changes[k] = flips[k].unit == post ? vpfi_stdp_change(&flips[k], state) : 0;
  }
  return VPF_OK;
}
