/* SPDX-License-Identifier: MIT */
/* Ising's magnets on the torus, fully visible. Ordered ones (K above 0.44) have two modes that mirror each other, of
 * which annealing from a biased start finds one: log 2 is missing. Mirrored sublattices (antiferromagnets) or single
 * spins (Mattis 1976) have the same log Z. */
#include <math.h>
#include <stdlib.h>

#include "zoo/rows.h"
#include "zoo/spins.h"

typedef enum gauge { FERRO, ANTI, MATTIS, GAUGES } gauge;
typedef enum start { NONE, HALF, WOLFF } start; /* what there is for base: nothing, half up, configurations */

static const char *const gauges[GAUGES] = {"ferro", "anti", "mattis"};
static const char *const starts[] = {"", "-half", "-rows"};

/* The sign of each spin after which the couplings are those of the ferromagnet. */
static double *signs(gauge g, size_t side) {
  double *sign = zoo_allocate(side * side, sizeof *sign);
  dice d = {side};
  for (size_t i = 0; i < side * side; i++) {
    const bool odd = (i / side + i % side) % 2 == 1;
    sign[i] = (g == ANTI && odd) || (g == MATTIS && dice_unit(&d) < 0.5) ? -1 : 1;
  }
  return sign;
}

static zoo_rows mirrored_rows(const char *name, size_t side, double k, const double *sign) {
  const size_t n = side * side, count = 1200;
  dice d = {side};
  uint8_t *bits = spins_wolff(&d, side, k, count);
  for (size_t i = 0; i < count * n; i++) bits[i] ^= sign[i % n] < 0;
  return rows_of_bits(name, bits, count, 200, n);
}

static void add_magnet(zoo *z, gauge g, size_t side, double k, start from) {
  char name[64];
  snprintf(name, sizeof name, "%s-%zu-%g%s", gauges[g], side, k, starts[from]);
  if (!zoo_wants(z, name)) return;
  const size_t n = side * side;
  double *j = zoo_allocate(n * n, sizeof *j), *sign = signs(g, side), c;
  const double exact_k = (float)k; /* the formula is for the very coupling that the machine has */
  spins_torus(side, exact_k, j);
  for (size_t i = 0; i < n * n; i++) j[i] *= sign[i / n] * sign[i % n];
  vpf_model *model = spins_visible(n, j, NULL, &c);
  zoo_rows rows = {0};
  if (from == HALF) rows = rows_half(name, n);
  if (from == WOLFF) rows = mirrored_rows(name, side, exact_k, sign);
  zoo_add(z, name, model, spins_kaufman(side, exact_k) + c, from == NONE ? NULL : &rows);
  rows_free(&rows);
  free(j);
  free(sign);
}

/* The formula and the change to units, against enumeration. */
static void check_formula(void) {
  const double couplings[] = {0.1, 0.44, 0.6, 1.2};
  for (size_t t = 0; t < sizeof couplings / sizeof *couplings; t++) {
    const double k = (float)couplings[t], truth = spins_enumerate(4, k);
    double j[256] = {0}, c, log_z;
    spins_torus(4, k, j);
    vpf_model *model = spins_visible(16, j, NULL, &c);
    zoo_check(vpf_exact_log_partition(model, &log_z));
    vpf_model_destroy(model);
    if (fabs(spins_kaufman(4, k) - truth) > 1e-10) zoo_fail("the formula and enumeration differ");
    if (fabs(log_z - c - truth) > 1e-6) zoo_fail("spins and units differ");
  }
}

void zoo_add_ising(zoo *z) {
  static const double couplings[] = {0.2, 0.3, 0.35, 0.4, 0.4407, 0.48, 0.55, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2};
  static const double few[] = {0.3, 0.4407, 0.6, 1.0};
  const size_t all = sizeof couplings / sizeof *couplings, some = sizeof few / sizeof *few;
  check_formula();
  if (z->quick) {
    for (size_t t = 0; t < some; t++) add_magnet(z, FERRO, 8, few[t], NONE);
    for (size_t side = 8; side <= 12; side += 2) add_magnet(z, FERRO, side, 0.48, NONE);
    add_magnet(z, FERRO, 8, 0.6, HALF);
    add_magnet(z, ANTI, 8, 0.6, NONE);
    add_magnet(z, MATTIS, 8, 0.6, WOLFF);
    return;
  }
  for (size_t side = 8; side <= 12; side += 2)
    for (size_t t = 0; t < all; t++) add_magnet(z, FERRO, side, couplings[t], NONE);
  for (size_t t = 0; t < some; t++) add_magnet(z, FERRO, 16, few[t], NONE);
  for (gauge g = FERRO; g < GAUGES; g++)
    for (size_t side = 8; side <= 12; side += 4)
      for (size_t t = 0; t < some; t++)
        for (start from = g == FERRO ? HALF : NONE; from <= WOLFF; from++) add_magnet(z, g, side, few[t], from);
}
