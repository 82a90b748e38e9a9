/* SPDX-License-Identifier: MIT */
#include "eval/split.h"

vpfi_split vpfi_split_choose(const vpfi_shape *shape, size_t first) {
  vpfi_split best = {first, 2, 0};
  for (size_t l = first; l < shape->n_layers; l++) best.explicit_units += shape->layer[l].size;
  for (size_t parity = 0; parity < 2; parity++) {
    vpfi_split split = {first, parity, 0};
    bool has_intra = false;
    for (size_t l = first; l < shape->n_layers; l++) {
      if (vpfi_split_is_explicit(&split, l))
        split.explicit_units += shape->layer[l].size;
      else
        has_intra = has_intra || shape->layer[l].intra;
    }
    if (!has_intra && split.explicit_units < best.explicit_units) best = split;
  }
  return best;
}
