/* SPDX-License-Identifier: MIT */
/* RBMs of spins without fields: what is up may as well be down. All weights equal, each hidden unit a pattern of signs,
 * or Gaussian. */
#include <math.h>
#include <stdlib.h>

#include "zoo/rows.h"
#include "zoo/spins.h"

typedef enum kind { EQUAL, SIGNS, GAUSS, KINDS } kind;

static const char *const kinds[KINDS] = {"equal", "signs", "gauss"};

static void add_spins(zoo *z, kind what, size_t n, size_t m, double w, bool half) {
  char name[64];
  snprintf(name, sizeof name, "%s-%zux%zu-%g%s", kinds[what], n, m, w, half ? "-half" : "");
  if (!zoo_wants(z, name)) return;
  dice d = {1000 * n + m};
  double *weights = zoo_allocate(n * m, sizeof *weights);
  for (size_t k = 0; k < n * m; k++)
    weights[k] = what == EQUAL ? w : what == GAUSS ? w * dice_normal(&d) : dice_unit(&d) < 0.5 ? -w : w;
  zoo_rows rows = {0};
  if (half) rows = rows_half(name, n);
  zoo_add(z, name, spins_rbm(n, m, weights, NULL), NAN, half ? &rows : NULL);
  rows_free(&rows);
  free(weights);
}

void zoo_add_spin_rbm(zoo *z) {
  static const double weights[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6};
  const size_t count = sizeof weights / sizeof *weights;
  if (z->quick) {
    for (kind what = EQUAL; what < KINDS; what++)
      for (size_t k = 0; k < count; k += 3) {
        add_spins(z, what, 50, 10, weights[k], k > 0);
        add_spins(z, what, 100, 17, weights[k], k > 0);
      }
    return;
  }
  for (kind what = EQUAL; what < KINDS; what++)
    for (size_t k = 0; k < count; k++) {
      add_spins(z, what, 50, 10, weights[k], false);
      add_spins(z, what, 100, 16, weights[k], k % 2 == 1);
      add_spins(z, what, 200, 20, weights[k], k % 2 == 0);
    }
}
