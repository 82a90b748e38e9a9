/* SPDX-License-Identifier: MIT */
#include "api/structs.h"

#include <string.h>

#include "api/handles.h"
#include "base/error.h"

static size_t size_of(const void *given) {
  size_t struct_size;
  memcpy(&struct_size, given, sizeof struct_size);
  return struct_size;
}

static vpf_status check_size(const char *function, size_t size, size_t least) {
  if (size >= least) return VPF_OK;
  return vpfi_fail(VPF_ERR_ARGUMENT, "%s: struct_size is %zu, less than %zu; set it to the sizeof", function, size,
                   least);
}

vpf_status vpfi_check_report(const char *function, const void *out, size_t least) {
  return out ? check_size(function, size_of(out), least) : vpfi_null(function, "out");
}

void vpfi_return_report(void *out, const void *report, size_t size) {
  const size_t begin = sizeof(size_t), end = size_of(out) < size ? size_of(out) : size;
  memcpy((char *)out + begin, (const char *)report + begin, end - begin);
}

vpf_status vpfi_read_settings(const char *function, void *settings, size_t size, const void *given, size_t least) {
  const size_t begin = sizeof(size_t), theirs = size_of(given), end = theirs < size ? theirs : size;
  const vpf_status status = check_size(function, theirs, least);
  if (status) return status;
  for (size_t k = size; k < theirs; k++)
    if (((const unsigned char *)given)[k])
      return vpfi_fail(VPF_ERR_ARGUMENT, "%s: the settings have a field at byte %zu that this libvpf does not know",
                       function, k);
  memcpy((char *)settings + begin, (const char *)given + begin, end - begin);
  return VPF_OK;
}
