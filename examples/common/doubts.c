/* SPDX-License-Identifier: MIT */
#include "doubts.h"

vpf_doubt take_doubt(unsigned *doubts) {
  const unsigned lowest = *doubts & (~*doubts + 1);
  *doubts -= lowest;
  return (vpf_doubt)lowest;
}

const char *doubt_name(vpf_doubt doubt) {
  switch (doubt) {
    case VPF_DOUBT_BOUND: return "bound";
    case VPF_DOUBT_REVERSE: return "reverse";
    case VPF_DOUBT_ESS: return "ess";
    case VPF_DOUBT_SPREAD: return "spread";
  }
  return "other";
}
