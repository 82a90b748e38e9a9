/* SPDX-License-Identifier: MIT */
#include "refusal.h"

#include <stdio.h>

#include "../../common/complain.h"

bool is_refusal(vpf_status s) {
  return s == VPF_ERR_LIMIT || s == VPF_ERR_UNSUPPORTED || s == VPF_ERR_OVERFLOW;
}

vpf_status unless_refused(vpf_status s, char *reason, size_t size) {
  if (!is_refusal(s)) return complain(s);
  if (reason) snprintf(reason, size, "%s", vpf_error_message());
  return VPF_OK;
}
