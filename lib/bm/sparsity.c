/* SPDX-License-Identifier: MIT */
#include "bm/sparsity.h"

#include <math.h>

void vpfi_sparsity(const vpfi_shape *shape, const vpfi_params *params, size_t lower, double *rho, double *w2) {
  const vpfi_layer *a = &shape->layer[lower], *b = &shape->layer[lower + 1];
  double participation = 0, total = 0;
  for (size_t j = 0; j < b->size; j++) { /* row j of W^T: the weights of unit j */
    const float *row = params->weights_t[lower] + j * a->width;
    double largest = 0, sum2 = 0, sum4 = 0;
    for (size_t i = 0; i < a->size; i++) { /* gcc 12 for AArch64 fails on fmax() of fabs() at -O3 */
      const double size = fabs((double)row[i]);
      if (size > largest) largest = size;
    }
    if (!(largest > 0)) continue;
    for (size_t i = 0; i < a->size; i++) { /* scaled, which leaves the ratio as it is, so that w^4 cannot underflow */
      const double square = ((double)row[i] / largest) * ((double)row[i] / largest);
      sum2 += square;
      sum4 += square * square;
    }
    participation += sum2 * sum2 / sum4;
    total += sum2 * largest * largest;
  }
  *rho = participation / ((double)a->size * (double)b->size);
  *w2 = total / (double)b->size;
}
