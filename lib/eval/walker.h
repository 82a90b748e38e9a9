/* SPDX-License-Identifier: MIT */
/* A walk through the explicit states of a machine (vpfi_split) in the order of a Gray code: each step flips one unit, which
 * changes the fields of its neighbours and, by its own field, the energy.
 *
 * There are two kinds of arithmetic. The fast one keeps fields and energy in double, and its rounding errors add up along
 * the walk. Where weights are so large that they could matter (vpfi_walker_error()), the careful one keeps all sums without
 * any rounding (num/accumulator.h), and tells logarithms relative to an origin, so that states which differ little at
 * enormous energies keep their ratio. */
#ifndef VPFI_EVAL_WALKER_H
#define VPFI_EVAL_WALKER_H

#include "bm/field.h"
#include "eval/split.h"
#include "num/accumulator.h"

/* States that are walked through in one go; errors of the fast arithmetic add up no longer. */
enum { VPFI_WALK = 128 };

typedef struct vpfi_walker {
  const vpfi_machine *machine;
  const vpfi_split *split;
  size_t length;             /* of fields, layer l from its first_draw on */
  bool *on;                  /* [length] */
  double *field;             /* [length] fast: local fields of all units in the current state */
  double minus_energy;       /* fast */
  vpfi_accumulator *exact;   /* [length] careful: fields; NULL: this walker is fast */
  vpfi_accumulator minus_exact_energy;
  vpfi_accumulator origin;   /* careful: what log weights are relative to */
} vpfi_walker;

/* Or NULL: out of memory. With all units off, and origin 0. */
vpfi_walker *vpfi_walkers_create(const vpfi_machine *machine, const vpfi_split *split, size_t threads, bool careful);
void vpfi_walkers_destroy(vpfi_walker *walkers, size_t threads);

void vpfi_walker_reset(vpfi_walker *w); /* turn all units off */
void vpfi_walker_flip(vpfi_walker *w, size_t layer, size_t unit);

/* Of `count` states from number `first` of the code on, the log of the sum of their weights exp(-E), where the summed
 * layers are summed in closed form. All explicit units must be off. so_far, unless NULL: [count], the log of the sum up to
 * each state. Careful: relative to the origin. */
double vpfi_walker_sum(vpfi_walker *w, uint64_t first, uint64_t count, double *so_far);

/* Careful: the largest of their -E, with each summed unit as is best. */
vpfi_accumulator vpfi_walker_largest(vpfi_walker *w, uint64_t first, uint64_t count);

/* Sums of the largest |field| that units can have. */
typedef struct vpfi_magnitudes {
  double largest; /* of a unit that is flipped */
  double flipped; /* of all these */
  double all;
} vpfi_magnitudes;

vpfi_magnitudes vpfi_walker_magnitudes(const vpfi_machine *machine, const vpfi_split *split);

/* The worst that rounding can do to the log of a weight after so many flips, if fast. */
double vpfi_walker_error(const vpfi_magnitudes *magnitudes, size_t flips);

/* log(exp(a) + exp(b)) */
double vpfi_log_add(double a, double b);

#endif
