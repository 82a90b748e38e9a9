/* SPDX-License-Identifier: MIT */
#include "learn/method.h"

#define DECLARE(suffix, method) extern const vpfi_method method;
VPFI_METHOD_LIST(DECLARE)
#undef DECLARE

#define SAME_NUMBER(suffix, method)                                                                \
  _Static_assert((int)VPF_METHOD_##suffix == (int)VPFI_METHOD_AT_##suffix, "numbers of vpf_method, in order");
VPFI_METHOD_LIST(SAME_NUMBER)
#undef SAME_NUMBER

const vpfi_method *vpfi_method_at(size_t k) {
  static const vpfi_method *const table[VPFI_N_METHODS] = {
#define POINTER(suffix, method) &method,
      VPFI_METHOD_LIST(POINTER)
#undef POINTER
  };
  return table[k];
}

vpf_method vpfi_method_now(const vpfi_learner *learner) {
  return learner->inside ? learner->method : (vpf_method)learner->option[VPFI_AT_METHOD];
}

vpfi_estep_plan vpfi_plan_now(const vpfi_learner *learner, vpfi_estep_plan of_options) {
  return learner->inside ? learner->plan : of_options;
}
