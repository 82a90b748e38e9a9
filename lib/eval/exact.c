/* SPDX-License-Identifier: MIT */
#include "eval/exact.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "num/bits.h"
#include "num/elementary.h"

/* A walk over states in the order of a Gray code: each step flips one unit, which changes the
 * fields of its neighbours and, by its own field, the energy. */
typedef struct walker {
  const vpfi_shape *shape;
  const vpfi_params *params;
  const vpfi_split *split;
  double *field;   /* [units] local fields of all units for the state so far */
  bool *on;        /* [units] */
  double minus_energy;
} walker;

static void add_to_fields(double *field, const float *row, size_t n, double sign) {
  for (size_t j = 0; j < n; j++) field[j] += sign * (double)row[j];
}

static void flip(walker *w, size_t layer, size_t unit) {
  const vpfi_layer *l = &w->shape->layer[layer];
  const size_t at = l->first + unit;
  const double sign = w->on[at] ? -1 : 1;
  w->minus_energy += sign * w->field[at];
  w->on[at] = !w->on[at];
  if (layer > 0) {
    const vpfi_layer *below = l - 1;
    add_to_fields(w->field + below->first, w->params->weights_t[layer - 1] + unit * below->width, below->size, sign);
  }
  if (layer + 1 < w->shape->n_layers) {
    const vpfi_layer *above = l + 1;
    add_to_fields(w->field + above->first, w->params->weights[layer] + unit * above->width, above->size, sign);
  }
  if (l->intra) add_to_fields(w->field + l->first, w->params->intra[layer] + unit * l->width, l->size, sign);
}

/* All units off. */
static void reset(walker *w) {
  memset(w->on, 0, w->shape->units * sizeof *w->on);
  w->minus_energy = 0;
  for (size_t l = 0; l < w->shape->n_layers; l++)
    for (size_t j = 0; j < w->shape->layer[l].size; j++)
      w->field[w->shape->layer[l].first + j] = (double)w->params->bias[w->shape->layer[l].up][j];
}

/* sum_j log(1 + exp(z_j)): the part above 0 in a sum, the rest as a product of factors in (1, 2],
 * so that one logarithm serves 512 units. */
static double sum_softplus(const double *z, size_t n) {
  double sum = 0, product = 1;
  for (size_t j = 0; j < n; j++) {
    sum += z[j] > 0 ? z[j] : 0;
    product *= 1 + vpfi_exp(-fabs(z[j]));
    if (j % 512 == 511) {
      sum += vpfi_log(product);
      product = 1;
    }
  }
  return sum + vpfi_log(product);
}

/* log sum over the layers in closed form, for the explicit state the walker is in. */
static double log_weight(const walker *w) {
  double sum = w->minus_energy;
  for (size_t l = w->split->first; l < w->shape->n_layers; l++)
    if (vpfi_split_is_summed(w->split, l))
      sum += sum_softplus(w->field + w->shape->layer[l].first, w->shape->layer[l].size);
  return sum;
}

/* log(exp(a) + exp(b)) */
static double log_add(double a, double b) {
  if (a < b) {
    const double c = a;
    a = b;
    b = c;
  }
  return isinf(b) && b < 0 ? a : a + vpfi_log(1 + vpfi_exp(b - a));
}

/* Explicit unit number k, counted over the explicit layers. */
static void flip_explicit(walker *w, size_t k) {
  for (size_t l = w->split->first; l < w->shape->n_layers; l++) {
    if (!vpfi_split_is_explicit(w->split, l)) continue;
    if (k < w->shape->layer[l].size) {
      flip(w, l, k);
      return;
    }
    k -= w->shape->layer[l].size;
  }
}

/* Explicit states first .. first+count-1 of the Gray code, starting from all explicit units off. */
static double walk(walker *w, uint64_t first, uint64_t count) {
  const uint64_t start = first ^ first >> 1;
  for (size_t k = 0; k < w->split->explicit_units; k++)
    if (start >> k & 1) flip_explicit(w, k);
  double total = log_weight(w);
  for (uint64_t s = first + 1; s < first + count; s++) {
    flip_explicit(w, (size_t)__builtin_ctzll(s)); /* the bit in which the codes of s-1 and s differ */
    total = log_add(total, log_weight(w));
  }
  return total;
}

static void destroy_walkers(walker *walkers, size_t threads) {
  for (size_t t = 0; walkers && t < threads; t++) {
    vpfi_free(walkers[t].field);
    vpfi_free(walkers[t].on);
  }
  vpfi_free(walkers);
}

static walker *create_walkers(const vpfi_shape *shape, const vpfi_params *params, const vpfi_split *split,
                              size_t threads) {
  walker *walkers = vpfi_alloc(threads, sizeof *walkers);
  for (size_t t = 0; walkers && t < threads; t++) {
    walkers[t] = (walker){.shape = shape,
                          .params = params,
                          .split = split,
                          .field = vpfi_alloc(shape->units, sizeof(double)),
                          .on = vpfi_alloc(shape->units, sizeof(bool))};
    if (walkers[t].field && walkers[t].on) continue;
    destroy_walkers(walkers, threads);
    return NULL;
  }
  return walkers;
}

static vpf_status check_limit(const vpfi_split *split) {
  if (split->explicit_units <= VPFI_MOST_ENUMERATED) return VPF_OK;
  return vpfi_fail(VPF_ERR_LIMIT, "%zu units would have to be enumerated; at most %d can be", split->explicit_units,
                   VPFI_MOST_ENUMERATED);
}

typedef struct partition_job {
  walker *walkers;
  uint64_t chunk;
  double *sums; /* [chunks] */
} partition_job;

/* Each chunk starts afresh, which also keeps rounding errors of long walks from adding up. */
static void partition_range(void *context, size_t begin, size_t end, size_t thread) {
  const partition_job *job = context;
  for (size_t c = begin; c < end; c++) {
    reset(&job->walkers[thread]);
    job->sums[c] = walk(&job->walkers[thread], c * job->chunk, job->chunk);
  }
}

vpf_status vpfi_exact_log_partition(const vpfi_shape *shape, const vpfi_params *params, size_t threads,
                                    double *out_log_z) {
  const vpfi_split split = vpfi_split_choose(shape, 0);
  const vpf_status status = check_limit(&split);
  if (status) return status;
  const uint64_t states = (uint64_t)1 << split.explicit_units, chunk = states < 4096 ? states : 4096;
  const size_t chunks = (size_t)(states / chunk);
  walker *walkers = create_walkers(shape, params, &split, threads);
  double *sums = vpfi_alloc(chunks, sizeof *sums);
  if (walkers && sums) {
    partition_job job = {walkers, chunk, sums};
    vpfi_parallel_for(chunks, threads, partition_range, &job);
    double total = sums[0];
    for (size_t c = 1; c < chunks; c++) total = log_add(total, sums[c]);
    *out_log_z = total;
  }
  const bool complete = walkers && sums;
  vpfi_free(sums);
  destroy_walkers(walkers, threads);
  return complete ? VPF_OK : VPF_ERR_MEMORY;
}

typedef struct rows_job {
  walker *walkers;
  const uint64_t *bits;
  double *out;
} rows_job;

static void sum_range(void *context, size_t begin, size_t end, size_t thread) {
  const rows_job *job = context;
  walker *w = &job->walkers[thread];
  const vpfi_layer *visible = &w->shape->layer[0];
  for (size_t r = begin; r < end; r++) {
    reset(w);
    for (size_t i = 0; i < visible->size; i++)
      if (vpfi_bits_get(job->bits + r * visible->words, i)) flip(w, 0, i);
    job->out[r] = walk(w, 0, (uint64_t)1 << w->split->explicit_units);
  }
}

vpf_status vpfi_exact_log_sums(const vpfi_shape *shape, const vpfi_params *params, const uint64_t *bits, size_t rows,
                               size_t threads, double *out) {
  const vpfi_split split = vpfi_split_choose(shape, 1);
  const vpf_status status = check_limit(&split);
  if (status) return status;
  walker *walkers = create_walkers(shape, params, &split, threads);
  if (!walkers) return VPF_ERR_MEMORY;
  rows_job job = {walkers, bits, out};
  vpfi_parallel_for(rows, threads, sum_range, &job);
  destroy_walkers(walkers, threads);
  return VPF_OK;
}
