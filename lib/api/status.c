/* SPDX-License-Identifier: MIT */
#include <vpf/status.h>

#include "api/handles.h"
#include "api/structs.h"
#include "base/error.h"
#include "base/memory.h"

const char *vpf_status_string(vpf_status status) {
  switch (status) {
#define STATUS_CASE(name, number, text)                                                            \
  case name: return text;
    VPF_STATUS_LIST(STATUS_CASE)
#undef STATUS_CASE
  }
  return "unknown status";
}

const char *vpf_status_name(vpf_status status) {
  switch (status) {
#define STATUS_CASE(name, number, text)                                                            \
  case name: return #name;
    VPF_STATUS_LIST(STATUS_CASE)
#undef STATUS_CASE
  }
  return "";
}

const char *vpf_error_message(void) {
  return vpfi_error_text();
}

vpf_status vpf_set_allocator(const vpf_allocator *a) {
  if (!a) return vpfi_null(__func__, "a");
  const size_t least = VPFI_SIZE_TO(vpf_allocator, user);
  if (a->struct_size < least)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: struct_size is %zu, less than %zu", __func__, a->struct_size, least);
  if (!a->allocate) return vpfi_null(__func__, "a->allocate");
  if (!a->release) return vpfi_null(__func__, "a->release");
  return vpfi_set_allocator(a);
}
