/* SPDX-License-Identifier: MIT */
/* RBMs that have learnt the configurations of an Ising magnet: a standard problem of physicists, with two modes. */
#include <stddef.h>

#include "zoo/rows.h"
#include "zoo/training.h"

void zoo_add_ising_rbm(zoo *z) {
  static const recipe recipes[] = {{"cd10", VPF_METHOD_CD, 10, 1e-2, 1e-4}, {"pcd10", VPF_METHOD_PCD, 10, 1e-2, 1e-4}};
  static const size_t epochs[] = {5, 20, 40};
  static const double couplings[] = {0.44, 0.5};
  const size_t rows = z->quick ? 1000 : 4000, most = z->quick ? 1 : 3;
  for (size_t k = 0; k < 2; k++)
    for (size_t side = 8; side <= (z->quick ? 8 : 10); side += 2) {
      char name[40];
      snprintf(name, sizeof name, "ising%zu-%g", side, couplings[k]);
      zoo_rows set = rows_ising(name, side, couplings[k], rows, 200);
      for (size_t r = 0; r < 2; r++) {
        training_run(z, &set, 10, &recipes[r], epochs, most);
        if (!z->quick) training_run(z, &set, 20, &recipes[r], epochs, most);
      }
      rows_free(&set);
    }
}
