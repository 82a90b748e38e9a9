/* SPDX-License-Identifier: MIT */
/* What users bring: RBMs after some epochs of each method of learning, on images, small digits and sparse rows. They are
 * small enough to be enumerated, and have the modes of large ones: far from the data, early in training above all. */
#include <stddef.h>

#include "zoo/rows.h"
#include "zoo/training.h"

/* As a user finds them (the paper preset), faster, and with the decay that the likelihood wants. */
static const recipe recipes[] = {
    {"vpf", VPF_METHOD_VPF, 1, 1e-3, 5e-3},  {"vpf", VPF_METHOD_VPF, 1, 1e-2, 5e-3},
    {"cd1", VPF_METHOD_CD, 1, 1e-3, 5e-3},   {"cd1", VPF_METHOD_CD, 1, 1e-2, 1e-4},
    {"cd10", VPF_METHOD_CD, 10, 1e-3, 1e-4}, {"cd10", VPF_METHOD_CD, 10, 1e-2, 1e-4},
    {"pcd1", VPF_METHOD_PCD, 1, 1e-3, 5e-3}, {"pcd1", VPF_METHOD_PCD, 1, 1e-2, 1e-4},
};
enum { recipe_count = sizeof recipes / sizeof *recipes };

/* Half of them are beyond 16 hidden units, up to which the library begins its reverse run with exact samples. Wide sets get
 * fewer, for the sake of enumeration. */
static const size_t wide_sizes[] = {8, 17, 12, 18, 16, 20}, narrow_sizes[] = {10, 18, 12, 20, 17, 22};

/* One hidden size for each recipe; the turn makes all sizes meet all methods over the sets. */
static void add_runs(zoo *z, const zoo_rows *rows, size_t turn) {
  static const size_t epochs[] = {1, 2, 5, 10, 20, 40};
  const size_t *sizes = vpf_data_cols(rows->train) > 100 ? wide_sizes : narrow_sizes;
  for (size_t k = 0; k < recipe_count; k++) training_run(z, rows, sizes[(turn + k) % 6], &recipes[k], epochs, 6);
}

static void add_quick(zoo *z, const zoo_rows *images) {
  static const size_t epochs[] = {1, 5};
  zoo_rows small = rows_small("digits8", images), sparse = rows_sparse("sparse300", 300, 1000, 200);
  training_run(z, images, 10, &recipes[0], epochs, 2);
  training_run(z, images, 10, &recipes[3], epochs, 2);
  training_run(z, images, 17, &recipes[2], epochs, 1);
  training_run(z, &small, 8, &recipes[0], epochs, 2);
  training_run(z, &small, 12, &recipes[7], epochs, 2);
  training_run(z, &sparse, 8, &recipes[5], epochs, 2);
  rows_free(&small);
  rows_free(&sparse);
}

void zoo_add_trained(zoo *z) {
  const size_t train = z->quick ? 1000 : 5000, test = z->quick ? 200 : 1000;
  zoo_rows fashion = rows_of_images("fashion", z->fashion, train, test), mnist = {0};
  if (z->mnist) mnist = rows_of_images("mnist", z->mnist, train, test);
  const zoo_rows *digits = z->mnist ? &mnist : &fashion;
  if (z->quick) {
    add_quick(z, &fashion);
  } else {
    zoo_rows inverted = rows_inverted("inverted", digits), small = rows_small("digits8", digits);
    zoo_rows sparse = rows_sparse("sparse300", 300, train, test), wide = rows_sparse("sparse1000", 1000, train, test);
    if (z->mnist) add_runs(z, &mnist, 0);
    const zoo_rows *const sets[] = {&fashion, &inverted, &small, &sparse, &wide};
    for (size_t k = 0; k < 5; k++) add_runs(z, sets[k], k + 1);
    rows_free(&inverted);
    rows_free(&small);
    rows_free(&sparse);
    rows_free(&wide);
  }
  rows_free(&fashion);
  rows_free(&mnist);
}
