/* SPDX-License-Identifier: MIT */
#include <vpf/version.h>

#define QUOTE(x) #x
#define QUOTE_VALUE(x) QUOTE(x)

const char *vpf_version_string(void) {
  return QUOTE_VALUE(VPF_VERSION_MAJOR) "." QUOTE_VALUE(VPF_VERSION_MINOR) "." QUOTE_VALUE(VPF_VERSION_PATCH);
}

unsigned vpf_version_number(void) {
  return VPF_VERSION_MAJOR * 10000u + VPF_VERSION_MINOR * 100u + VPF_VERSION_PATCH;
}
