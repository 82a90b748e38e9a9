/* SPDX-License-Identifier: MIT */
#include "eval/walker.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "num/elementary.h"
#include "sample/meanfield.h"

/* Fields of padding: summing over a unit with such a field is a factor of 1. */
static const double NO_UNIT = -1e300;

void vpfi_walkers_destroy(vpfi_walker *walkers, size_t threads) {
  for (size_t t = 0; walkers && t < threads; t++) {
    vpfi_free(walkers[t].on);
    vpfi_free(walkers[t].field);
    vpfi_free(walkers[t].exact);
  }
  vpfi_free(walkers);
}

vpfi_walker *vpfi_walkers_create(const vpfi_machine *machine, const vpfi_split *split, size_t threads, bool careful) {
  const size_t length = vpfi_means_length(machine->shape);
  vpfi_walker *walkers = vpfi_alloc(threads, sizeof *walkers);
  for (size_t t = 0; walkers && t < threads; t++) {
    vpfi_walker *w = &walkers[t];
    *w = (vpfi_walker){.machine = machine, .split = split, .length = length};
    w->on = vpfi_alloc(length, sizeof *w->on);
    w->field = vpfi_alloc(length, sizeof *w->field);
    w->exact = careful ? vpfi_alloc(length, sizeof *w->exact) : NULL;
    if (!w->on || !w->field || (careful && !w->exact)) {
      vpfi_walkers_destroy(walkers, threads);
      return NULL;
    }
    vpfi_walker_reset(w);
  }
  return walkers;
}

void vpfi_walker_reset(vpfi_walker *w) {
  const vpfi_shape *shape = w->machine->shape;
  memset(w->on, 0, w->length * sizeof *w->on);
  w->minus_energy = 0;
  w->minus_exact_energy = (vpfi_accumulator){{0}};
  if (w->exact) memset(w->exact, 0, w->length * sizeof *w->exact);
  for (size_t j = 0; j < w->length; j++) w->field[j] = NO_UNIT;
  for (size_t l = 0; l < shape->n_layers; l++)
    for (size_t j = 0; j < shape->layer[l].size; j++) {
      const float bias = w->machine->params->bias[shape->layer[l].up][j];
      w->field[shape->layer[l].first_draw + j] = (double)bias;
      if (w->exact) vpfi_accumulator_add(&w->exact[shape->layer[l].first_draw + j], bias, false);
    }
}

/* The fields of a layer get or lose a row of weights. */
static void add_row(vpfi_walker *w, const vpfi_layer *layer, const float *row, bool on) {
  if (!w->exact) {
    w->machine->kernels->add_row_to_doubles(w->field + layer->first_draw, row, on, layer->width);
    return;
  }
  for (size_t j = 0; j < layer->size; j++) vpfi_accumulator_add(&w->exact[layer->first_draw + j], row[j], !on);
}

void vpfi_walker_flip(vpfi_walker *w, size_t layer, size_t unit) {
  const vpfi_params *params = w->machine->params;
  const vpfi_layer *l = &w->machine->shape->layer[layer];
  const size_t at = l->first_draw + unit;
  const bool on = w->on[at] = !w->on[at];
  if (w->exact) {
    vpfi_accumulator_carry(&w->exact[at]);
    vpfi_accumulator_add_sum(&w->minus_exact_energy, &w->exact[at], !on);
  } else {
    w->minus_energy += on ? w->field[at] : -w->field[at];
  }
  if (layer > 0) add_row(w, &l[-1], params->weights_t[layer - 1] + unit * l[-1].width, on);
  if (layer + 1 < w->machine->shape->n_layers) add_row(w, &l[1], params->weights[layer] + unit * l[1].width, on);
  if (l->intra) add_row(w, l, params->intra[layer] + unit * l->width, on);
}

/* Flip explicit unit number k, counted through the explicit layers. */
static void flip_explicit(vpfi_walker *w, size_t k) {
  for (size_t l = w->split->first; l < w->machine->shape->n_layers; l++) {
    if (!vpfi_split_is_explicit(w->split, l)) continue;
    if (k < w->machine->shape->layer[l].size) {
      vpfi_walker_flip(w, l, k);
      return;
    }
    k -= w->machine->shape->layer[l].size;
  }
}

/* To state number `first` of the code. */
static void go_to(vpfi_walker *w, uint64_t first) {
  for (uint64_t on = first ^ first >> 1, k = 0; on; on >>= 1, k++)
    if (on & 1) flip_explicit(w, k);
}

/* On to state number `number`, which differs from the last one by a bit. */
static void step_to(vpfi_walker *w, uint64_t number) {
  flip_explicit(w, (size_t)__builtin_ctzll(number));
}

/* -E with each summed unit on if its field is above 0; *logs, unless NULL: what the other states of these units add to the
 * logarithm. */
static vpfi_accumulator best_of_summed(const vpfi_walker *w, double *logs) {
  vpfi_accumulator sum = w->minus_exact_energy;
  double factors = 1;
  if (logs) *logs = 0;
  for (size_t l = w->split->first; l < w->machine->shape->n_layers; l++) {
    const vpfi_layer *layer = &w->machine->shape->layer[l];
    for (size_t j = 0; vpfi_split_is_summed(w->split, l) && j < layer->size; j++) {
      vpfi_accumulator *z = &w->exact[layer->first_draw + j];
      vpfi_accumulator_carry(z);
      if (!vpfi_accumulator_is_negative(z)) vpfi_accumulator_add_sum(&sum, z, false);
      if (!logs || !vpfi_accumulator_is_small(z)) continue; /* exp(-2048) adds nothing */
      factors *= 1 + vpfi_exp_minus(fabs(vpfi_accumulator_value(z)));
      if (factors < 0x1p500) continue;
      *logs += vpfi_log(factors);
      factors = 1;
    }
  }
  if (logs) *logs += vpfi_log(factors);
  vpfi_accumulator_carry(&sum);
  return sum;
}

/* The log of the sum over the summed layers, in closed form, for the explicit units as they are. */
static double log_weight(const vpfi_walker *w) {
  if (w->exact) {
    double logs;
    vpfi_accumulator best = best_of_summed(w, &logs);
    vpfi_accumulator_add_sum(&best, &w->origin, true);
    return vpfi_accumulator_value(&best) + logs;
  }
  double sum = w->minus_energy;
  for (size_t l = w->split->first; l < w->machine->shape->n_layers; l++) {
    const vpfi_layer *layer = &w->machine->shape->layer[l];
    if (vpfi_split_is_summed(w->split, l))
      sum += w->machine->kernels->softplus_sum(w->field + layer->first_draw, layer->width);
  }
  return sum;
}

double vpfi_log_add(double a, double b) {
  const double high = fmax(a, b), low = fmin(a, b);
  return isinf(low) && low < 0 ? high : high + vpfi_softplus(low - high);
}

double vpfi_walker_sum(vpfi_walker *w, uint64_t first, uint64_t count, double *so_far) {
  go_to(w, first);
  double total = log_weight(w);
  if (so_far) so_far[0] = total;
  for (uint64_t s = 1; s < count; s++) {
    step_to(w, first + s);
    total = vpfi_log_add(total, log_weight(w));
    if (so_far) so_far[s] = total;
  }
  return total;
}

vpfi_accumulator vpfi_walker_largest(vpfi_walker *w, uint64_t first, uint64_t count) {
  go_to(w, first);
  vpfi_accumulator largest = best_of_summed(w, NULL);
  for (uint64_t s = 1; s < count; s++) {
    step_to(w, first + s);
    const vpfi_accumulator now = best_of_summed(w, NULL);
    vpfi_accumulator above = now;
    vpfi_accumulator_add_sum(&above, &largest, true);
    vpfi_accumulator_carry(&above);
    if (!vpfi_accumulator_is_negative(&above)) largest = now;
  }
  return largest;
}

vpfi_magnitudes vpfi_walker_magnitudes(const vpfi_machine *machine, const vpfi_split *split) {
  vpfi_magnitudes m = {0, 0, 0};
  for (size_t l = 0; l < machine->shape->n_layers; l++)
    for (size_t j = 0; j < machine->shape->layer[l].size; j++) {
      const double field = vpfi_largest_field(machine, l, j);
      m.all += field;
      if (vpfi_split_is_summed(split, l)) continue;
      m.largest = fmax(m.largest, field);
      m.flipped += field;
    }
  return m;
}

/* A field has the errors of all additions so far, and so has the energy, to which fields are added; an addition is off by
 * 2^-53 of what its result can be at the most. */
double vpfi_walker_error(const vpfi_magnitudes *m, size_t flips) {
  const double n = (double)flips, logarithms = 64;
  return 0x1p-53 * (n * n * m->largest + n * m->flipped + (n + logarithms) * m->all);
}
