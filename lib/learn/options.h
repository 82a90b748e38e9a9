/* SPDX-License-Identifier: MIT */
/* The table of vpf_optimizer's options. */
#ifndef VPFI_LEARN_OPTIONS_H
#define VPFI_LEARN_OPTIONS_H

#include <stdbool.h>
#include <vpf/optimizer.h>

typedef struct vpfi_option_info {
  vpf_option key;
  const char *name;
  double low, high, initial;
  bool integer;
} vpfi_option_info;

/* Positions in a vector of option values, in the order of the table. */
enum {
#define VPFI_OPTION_POSITION(suffix, number, name, low, high, initial, integer) VPFI_AT_##suffix,
  VPF_OPTION_LIST(VPFI_OPTION_POSITION)
#undef VPFI_OPTION_POSITION
      VPFI_N_OPTIONS
};

extern const vpfi_option_info vpfi_option_table[VPFI_N_OPTIONS];

/* The position of a key, or -1. */
int vpfi_option_find(vpf_option key);

/* VPF_ERR_ARGUMENT, with the bounds, if the option at this position must not have that value. */
vpf_status vpfi_option_check(int position, double value);

#endif
