/* SPDX-License-Identifier: MIT */
/* Hopfield's memories, fully visible: each pattern and its negative are modes, whose depth grows with the strength. Small
 * ones are enumerated; of large ones with few patterns spins_patterns() has the truth. */
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

/* [p x n] of fair signs, and the couplings J = w sum over patterns of x x^T. */
static double *random_patterns(dice *d, size_t p, size_t n) {
  double *pattern = zoo_allocate(p * n, sizeof *pattern);
  for (size_t k = 0; k < p * n; k++) pattern[k] = dice_unit(d) < 0.5 ? -1 : 1;
  return pattern;
}

static double *couplings_of(const double *pattern, size_t p, size_t n, double w) {
  double *j = zoo_allocate(n * n, sizeof *j);
  for (size_t mu = 0; mu < p; mu++)
    for (size_t k = 0; k < n * n; k++)
      if (k / n != k % n) j[k] += w * pattern[mu * n + k / n] * pattern[mu * n + k % n];
  return j;
}

/* w = strength / n: the critical strength of one pattern is 1. */
static void add_memory(zoo *z, size_t n, size_t p, double strength, bool with_rows) {
  char name[64];
  snprintf(name, sizeof name, "hopfield-%zu-%zu-%g%s", n, p, strength, with_rows ? "-rows" : "");
  if (!zoo_wants(z, name)) return;
  dice d = {100 * n + p};
  const double w = (float)(strength / (double)n);
  double *pattern = random_patterns(&d, p, n), *j = couplings_of(pattern, p, n, w), c;
  zoo_rows rows = {0};
  if (with_rows) rows = noisy_patterns(name, &d, pattern, p, n);
  vpf_model *model = spins_visible(n, j, NULL, &c);
  zoo_add(z, name, model, n > 24 ? spins_patterns(n, p, pattern, w) + c : NAN, with_rows ? &rows : NULL);
  rows_free(&rows);
  free(pattern);
  free(j);
}

/* The formula for few patterns, against enumeration. */
static void check_counting(void) {
  const size_t n = 12;
  const double w = 0.25;
  dice d = {1};
  for (size_t p = 1; p <= 3; p++) {
    double *pattern = random_patterns(&d, p, n), *j = couplings_of(pattern, p, n, w), c, log_z;
    vpf_model *model = spins_visible(n, j, NULL, &c);
    zoo_check(vpf_exact_log_partition(model, &log_z));
    if (fabs(log_z - c - spins_patterns(n, p, pattern, w)) > 1e-6) zoo_fail("counting and enumeration differ");
    vpf_model_destroy(model);
    free(pattern);
    free(j);
  }
}

void zoo_add_hopfield(zoo *z) {
  static const double strengths[] = {0.5, 1.5, 3, 6};
  check_counting();
  if (z->quick) {
    for (size_t s = 0; s < 4; s++) add_memory(z, 16, 1 + s, strengths[s], s % 2 == 1);
    add_memory(z, 20, 5, 3, true);
    add_memory(z, 100, 2, 1.5, false);
    add_memory(z, 100, 3, 3, true);
    return;
  }
  for (size_t p = 1; p <= 5; p++)
    for (size_t s = 0; s < 4; s++) {
      add_memory(z, 16, p, strengths[s], false);
      add_memory(z, 20, p, strengths[s], true);
      if (p % 2 == 1) add_memory(z, 24, p, strengths[s], false);
      if (p <= 3 && s < 3) add_memory(z, 100, p, strengths[s], false);
      if (p <= 3 && s < 3) add_memory(z, 100, p, strengths[s], true);
    }
}
