/* SPDX-License-Identifier: MIT */
#include "api/report.h"

#include <string.h>

#include "api/handles.h"
#include "base/error.h"

static size_t room(const void *out) {
  size_t struct_size;
  memcpy(&struct_size, out, sizeof struct_size);
  return struct_size;
}

vpf_status vpfi_check_report(const char *function, const void *out, size_t least) {
  if (!out) return vpfi_null(function, "out");
  if (room(out) >= least) return VPF_OK;
  return vpfi_fail(VPF_ERR_ARGUMENT, "%s: struct_size is %zu, less than %zu", function, room(out), least);
}

void vpfi_return_report(void *out, const void *report, size_t size) {
  const size_t begin = sizeof(size_t), end = room(out) < size ? room(out) : size;
  memcpy((char *)out + begin, (const char *)report + begin, end - begin);
}
