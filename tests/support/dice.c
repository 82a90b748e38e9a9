/* SPDX-License-Identifier: MIT */
#include "support/dice.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t dice_bits(dice *d) {
  uint64_t z = d->state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

double dice_unit(dice *d) {
  return (double)(dice_bits(d) >> 11) * 0x1p-53;
}

size_t dice_below(dice *d, size_t bound) {
  return (size_t)(dice_unit(d) * (double)bound);
}

double dice_normal(dice *d) {
  const double u = 1.0 - dice_unit(d); /* in (0, 1] */
  return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * dice_unit(d));
}

dice_table dice_table_new(const long double *p, size_t count) {
  dice_table table = {count, calloc(count + 1, sizeof(double))};
  if (!table.below) {
    fprintf(stderr, "dice_table_new: no memory\n");
    abort();
  }
  long double total = 0, sum = 0;
  for (size_t k = 0; k < count; k++) total += p[k];
  for (size_t k = 0; k < count; k++) {
    table.below[k] = (double)(sum / total);
    sum += p[k];
  }
  table.below[count] = 1;
  return table;
}

void dice_table_free(dice_table *table) {
  free(table->below);
  *table = (dice_table){0};
}

size_t dice_draw(dice *d, const dice_table *table) {
  const double u = dice_unit(d);
  size_t low = 0, high = table->count; /* below[low] <= u < below[high] */
  while (high - low > 1) {
    const size_t middle = low + (high - low) / 2;
    if (table->below[middle] <= u)
      low = middle;
    else
      high = middle;
  }
  return low;
}
