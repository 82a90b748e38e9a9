/* SPDX-License-Identifier: MIT */
/* The table of methods: X(suffix of VPF_METHOD_, its vpfi_method), in the order of their numbers. */
#ifndef VPFI_LEARN_METHODS_H
#define VPFI_LEARN_METHODS_H

#define VPFI_METHOD_LIST(X)                                                                        \
  X(VPF, vpfi_method_vpf)                                                                          \
  X(CD, vpfi_method_cd)                                                                            \
  X(PCD, vpfi_method_pcd)                                                                          \
  X(PTT, vpfi_method_ptt)

enum {
#define VPFI_METHOD_COUNT(suffix, method) VPFI_METHOD_AT_##suffix,
  VPFI_METHOD_LIST(VPFI_METHOD_COUNT)
#undef VPFI_METHOD_COUNT
      VPFI_N_METHODS
};

#endif
