/* SPDX-License-Identifier: MIT */
/* Hopfield's memories, fully visible: each pattern and its negative are modes, whose depth grows with the strength. */
#include <math.h>
#include <stdlib.h>

#include "zoo/rows.h"
#include "zoo/spins.h"

/* The patterns [p x n] of spins, and with a twelfth of them turned, rows to anneal from. */
static zoo_rows noisy_patterns(const char *name, dice *d, const double *pattern, size_t p, size_t n) {
  const size_t count = 600;
  uint8_t *bits = zoo_allocate(count, n);
  for (size_t k = 0; k < count * n; k++)
    bits[k] = (pattern[k / n % p * n + k % n] > 0) ^ (dice_unit(d) < 1.0 / 12);
  return rows_of_bits(name, bits, count, 100, n);
}

/* J = strength / n sum over patterns of x x^T: the critical strength of one pattern is 1. */
static void add_memory(zoo *z, size_t n, size_t p, double strength, bool with_rows) {
  char name[64];
  snprintf(name, sizeof name, "hopfield-%zu-%zu-%g%s", n, p, strength, with_rows ? "-rows" : "");
  if (!zoo_wants(z, name)) return;
  dice d = {100 * n + p};
  double *pattern = zoo_allocate(p * n, sizeof *pattern), *j = zoo_allocate(n * n, sizeof *j), c;
  for (size_t k = 0; k < p * n; k++) pattern[k] = dice_unit(&d) < 0.5 ? -1 : 1;
  for (size_t k = 0; k < n * n; k++)
    for (size_t mu = 0; mu < p && k / n != k % n; mu++)
      j[k] += strength / (double)n * pattern[mu * n + k / n] * pattern[mu * n + k % n];
  zoo_rows rows = {0};
  if (with_rows) rows = noisy_patterns(name, &d, pattern, p, n);
  zoo_add(z, name, spins_visible(n, j, NULL, &c), NAN, with_rows ? &rows : NULL);
  rows_free(&rows);
  free(pattern);
  free(j);
}

void zoo_add_hopfield(zoo *z) {
  static const double strengths[] = {0.5, 1.5, 3, 6};
  if (z->quick) {
    for (size_t s = 0; s < 4; s++) add_memory(z, 16, 1 + s, strengths[s], s % 2 == 1);
    return;
  }
  for (size_t p = 1; p <= 5; p++)
    for (size_t s = 0; s < 4; s++) {
      add_memory(z, 16, p, strengths[s], false);
      add_memory(z, 20, p, strengths[s], true);
      if (p % 2 == 1) add_memory(z, 24, p, strengths[s], false);
    }
}
