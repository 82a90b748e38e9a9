/* SPDX-License-Identifier: MIT */
#include "learn/options.h"

#include <math.h>

#include "base/error.h"

const vpfi_option_info vpfi_option_table[VPFI_N_OPTIONS] = {
#define VPFI_OPTION_ROW(suffix, number, name, low, high, initial, integer)                         \
  {VPF_OPTION_##suffix, name, low, high, initial, integer},
    VPF_OPTION_LIST(VPFI_OPTION_ROW)
#undef VPFI_OPTION_ROW
};

#define VPFI_OPTION_NUMBER(suffix, number, name, low, high, initial, integer)                      \
  _Static_assert((int)VPF_OPTION_##suffix == (number), "the list and the enum must agree");
VPF_OPTION_LIST(VPFI_OPTION_NUMBER)
#undef VPFI_OPTION_NUMBER

int vpfi_option_find(vpf_option key) {
  for (int k = 0; k < VPFI_N_OPTIONS; k++)
    if (vpfi_option_table[k].key == key) return k;
  return -1;
}

vpf_status vpfi_option_check(int position, double value) {
  const vpfi_option_info *info = &vpfi_option_table[position];
  if (!(value >= info->low && value <= info->high))
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s %s is outside [%.10g, %.10g]", info->name, vpfi_number_of(value).text,
                     info->low, info->high);
  if (info->integer && floor(value) < value)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s %s is not a whole number in [%.10g, %.10g]", info->name,
                     vpfi_number_of(value).text, info->low, info->high);
  return VPF_OK;
}
