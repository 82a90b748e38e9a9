/* SPDX-License-Identifier: MIT */
#include "eval/exact.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "bm/chain.h"
#include "num/bits.h"
#include "num/elementary.h"
#include "num/rng.h"

/* A walk through states in the order of a Gray code. Each step flips one unit, which changes the
 * fields of its neighbours and, by its own field, the energy. */
typedef struct walker {
  const vpfi_shape *shape;
  const vpfi_params *params;
  const vpfi_split *split;
  double *field;   /* [units], local fields of all units in the current state */
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

/* Turn all units off. */
static void reset(walker *w) {
  memset(w->on, 0, w->shape->units * sizeof *w->on);
  w->minus_energy = 0;
  for (size_t l = 0; l < w->shape->n_layers; l++)
    for (size_t j = 0; j < w->shape->layer[l].size; j++)
      w->field[w->shape->layer[l].first + j] = (double)w->params->bias[w->shape->layer[l].up][j];
}

/* The log of the sum over the summed layers, in closed form, for the walker's explicit units as they are. */
static double log_weight(const walker *w) {
  double sum = w->minus_energy;
  for (size_t l = w->split->first; l < w->shape->n_layers; l++)
    if (vpfi_split_is_summed(w->split, l))
      sum += vpfi_sum_softplus(w->field + w->shape->layer[l].first, w->shape->layer[l].size);
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

/* Flip explicit unit number k, counted through the explicit layers. */
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

/* The log of the sum over explicit states first .. first+count-1 of the Gray code. The walker must have all
 * explicit units off. so_far, unless NULL: [count], the log of the sum up to each state. */
static double walk(walker *w, uint64_t first, uint64_t count, double *so_far) {
  const uint64_t start = first ^ first >> 1;
  for (size_t k = 0; k < w->split->explicit_units; k++)
    if (start >> k & 1) flip_explicit(w, k);
  double total = log_weight(w);
  if (so_far) so_far[0] = total;
  for (uint64_t s = 1; s < count; s++) {
    flip_explicit(w, (size_t)__builtin_ctzll(first + s)); /* the bit in which this code differs from the last */
    total = log_add(total, log_weight(w));
    if (so_far) so_far[s] = total;
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

bool vpfi_hidden_can_be_summed(const vpfi_shape *shape) {
  return vpfi_split_choose(shape, 1).explicit_units <= VPFI_MOST_ENUMERATED;
}

static vpf_status check_limit(const vpfi_split *split) {
  if (split->explicit_units <= VPFI_MOST_ENUMERATED) return VPF_OK;
  return vpfi_fail(VPF_ERR_LIMIT, "%zu units would have to be enumerated; at most %d can be", split->explicit_units,
                   VPFI_MOST_ENUMERATED);
}

/* The sum over all explicit states, cut into chunks of the Gray code. */
typedef struct partition_job {
  vpfi_split split;
  walker *walkers; /* [threads] */
  uint64_t chunk;  /* states in each chunk */
  size_t chunks;
  double *sums;    /* [chunks], log sums */
} partition_job;

/* Each chunk starts afresh, which also keeps the rounding errors of a long walk from adding up. */
static void partition_range(void *context, size_t begin, size_t end, size_t thread) {
  const partition_job *job = context;
  for (size_t c = begin; c < end; c++) {
    reset(&job->walkers[thread]);
    job->sums[c] = walk(&job->walkers[thread], c * job->chunk, job->chunk, NULL);
  }
}

static void end_partition(partition_job *job, size_t threads) {
  vpfi_free(job->sums);
  destroy_walkers(job->walkers, threads);
}

/* The log sums of all chunks. VPF_ERR_LIMIT, VPF_ERR_MEMORY. */
static vpf_status begin_partition(partition_job *job, const vpfi_shape *shape, const vpfi_params *params,
                                  size_t threads) {
  *job = (partition_job){.split = vpfi_split_choose(shape, 0)};
  const vpf_status status = check_limit(&job->split);
  if (status) return status;
  const uint64_t states = (uint64_t)1 << job->split.explicit_units;
  job->chunk = states < 4096 ? states : 4096;
  job->chunks = (size_t)(states / job->chunk);
  job->walkers = create_walkers(shape, params, &job->split, threads);
  job->sums = vpfi_alloc(job->chunks, sizeof *job->sums);
  if (!job->walkers || !job->sums) {
    end_partition(job, threads);
    return VPF_ERR_MEMORY;
  }
  vpfi_parallel_for(job->chunks, threads, partition_range, job);
  return VPF_OK;
}

vpf_status vpfi_exact_log_partition(const vpfi_shape *shape, const vpfi_params *params, size_t threads,
                                    double *out_log_z) {
  partition_job job;
  const vpf_status status = begin_partition(&job, shape, params, threads);
  if (status) return status;
  double total = job.sums[0];
  for (size_t c = 1; c < job.chunks; c++) total = log_add(total, job.sums[c]);
  *out_log_z = total;
  end_partition(&job, threads);
  return VPF_OK;
}

typedef struct sample_job {
  const partition_job *partition;
  vpfi_workspace *work;
  uint64_t stream;
  double largest; /* the largest log sum of a chunk */
  double *below;  /* [chunks + 1]: sum of all chunks before this one, divided by exp(largest) */
  double *value;  /* [rows]: uniform in [0, below[chunks]) */
  size_t *first;  /* [chunks + 1]: position of the chunk's first row in `order` */
  size_t *order;  /* [rows]: the rows, chunk after chunk */
  double *so_far; /* [threads x states of a chunk]: by walk() */
} sample_job;

/* The last position k < count with list[k] <= x, or 0 if there is none. */
static size_t find_below(const double *list, size_t count, double x) {
  size_t low = 0, high = count;
  while (high - low > 1) {
    const size_t middle = low + (high - low) / 2;
    if (list[middle] <= x)
      low = middle;
    else
      high = middle;
  }
  return low;
}

/* Draw a value for each row, and sort the rows by the chunk that holds it (a counting sort). */
static void deal_rows(sample_job *job) {
  const size_t chunks = job->partition->chunks, rows = job->work->states.rows;
  const double *sums = job->partition->sums;
  job->largest = sums[0];
  for (size_t c = 1; c < chunks; c++) job->largest = fmax(job->largest, sums[c]);
  for (size_t c = 0; c < chunks; c++) job->below[c + 1] = job->below[c] + vpfi_exp(sums[c] - job->largest);
  for (size_t r = 0; r < rows; r++) {
    uint32_t word[4];
    vpfi_rng_block(job->stream, 1, r, 0, word);
    job->value[r] = vpfi_rng_unit(word[1], word[0]) * job->below[chunks];
    job->first[find_below(job->below, chunks, job->value[r]) + 1]++;
  }
  for (size_t c = 0; c < chunks; c++) job->first[c + 1] += job->first[c];
  for (size_t r = rows; r-- > 0;) job->order[--job->first[find_below(job->below, chunks, job->value[r]) + 1]] = r;
  for (size_t c = 0; c < chunks; c++) job->first[c] = job->first[c + 1]; /* now the start of chunk c */
  job->first[chunks] = rows;
}

/* Set the explicit units of a row: number k is bit k of the code. */
static void set_explicit(const sample_job *job, size_t row, uint64_t code) {
  const vpfi_shape *shape = job->work->machine.shape;
  for (size_t l = 0; l < shape->n_layers; l++) {
    uint64_t *bits = vpfi_states_edit(&job->work->states, l, row);
    memset(bits, 0, shape->layer[l].words * sizeof *bits);
    if (!vpfi_split_is_explicit(&job->partition->split, l)) continue;
    for (size_t j = 0; j < shape->layer[l].size; j++, code >>= 1)
      if (code & 1) vpfi_bits_flip(bits, j);
  }
}

/* Inversion: each row gets the explicit state at which the cumulative probability passes its value;
 * then the summed layers are drawn, whose units are independent given that state. */
static void sample_range(void *context, size_t begin, size_t end, size_t thread) {
  const sample_job *job = context;
  const partition_job *partition = job->partition;
  const vpfi_shape *shape = job->work->machine.shape;
  double *so_far = job->so_far + thread * partition->chunk;
  vpfi_scratch *scratch = &job->work->scratch[thread];
  for (size_t c = begin; c < end; c++) {
    if (job->first[c] == job->first[c + 1]) continue;
    reset(&partition->walkers[thread]);
    walk(&partition->walkers[thread], c * partition->chunk, partition->chunk, so_far);
    for (size_t k = job->first[c]; k < job->first[c + 1]; k++) {
      const size_t row = job->order[k];
      const double into = job->value[row] - job->below[c];
      const double log_into = into > 0 ? vpfi_log(into) + job->largest : -HUGE_VAL;
      size_t at = find_below(so_far, (size_t)partition->chunk, log_into);
      if (so_far[at] <= log_into && at + 1 < partition->chunk) at++;
      const uint64_t state = c * partition->chunk + at;
      set_explicit(job, row, state ^ state >> 1);
      vpfi_scratch_see(scratch, &job->work->states, row);
      vpfi_chain chain = {
          .machine = &job->work->machine, .states = &job->work->states, .row = row, .scratch = scratch, .stream = job->stream};
      for (size_t l = 0; l < shape->n_layers; l++) {
        chain.pass = 0;
        if (vpfi_split_is_summed(&partition->split, l)) vpfi_chain_resample(&chain, shape->layer[l].up, NULL);
      }
    }
  }
}

vpf_status vpfi_exact_sample(vpfi_workspace *work, uint64_t seed) {
  const size_t threads = work->team.threads, rows = work->states.rows;
  partition_job partition;
  const vpf_status status = begin_partition(&partition, work->machine.shape, work->machine.params, threads);
  if (status) return status;
  sample_job job = {.partition = &partition,
                    .work = work,
                    .stream = vpfi_rng_stream(seed, VPFI_PURPOSE_EXACT, 0),
                    .below = vpfi_alloc(partition.chunks + 1, sizeof(double)),
                    .value = vpfi_alloc(rows, sizeof(double)),
                    .first = vpfi_alloc(partition.chunks + 1, sizeof(size_t)),
                    .order = vpfi_alloc(rows, sizeof(size_t)),
                    .so_far = vpfi_alloc(threads, (size_t)partition.chunk * sizeof(double))};
  const bool complete = job.below && job.value && job.first && job.order && job.so_far;
  if (complete) {
    deal_rows(&job);
    vpfi_parallel_for(partition.chunks, threads, sample_range, &job);
  }
  vpfi_free(job.so_far);
  vpfi_free(job.order);
  vpfi_free(job.first);
  vpfi_free(job.value);
  vpfi_free(job.below);
  end_partition(&partition, threads);
  return complete ? VPF_OK : VPF_ERR_MEMORY;
}

typedef struct rows_job {
  walker *walkers;
  const vpfi_rows *visible;
  double *out;
} rows_job;

static void sum_range(void *context, size_t begin, size_t end, size_t thread) {
  const rows_job *job = context;
  walker *w = &job->walkers[thread];
  const vpfi_layer *visible = &w->shape->layer[0];
  for (size_t r = begin; r < end; r++) {
    reset(w);
    for (size_t i = 0; i < visible->size; i++)
      if (vpfi_bits_get(job->visible->bits + r * visible->words, i)) flip(w, 0, i);
    job->out[r] = walk(w, 0, (uint64_t)1 << w->split->explicit_units, NULL);
  }
}

vpf_status vpfi_exact_log_sums(const vpfi_shape *shape, const vpfi_params *params, const vpfi_rows *visible,
                               size_t threads, double *out) {
  const vpfi_split split = vpfi_split_choose(shape, 1);
  const vpf_status status = check_limit(&split);
  if (status) return status;
  walker *walkers = create_walkers(shape, params, &split, threads);
  if (!walkers) return VPF_ERR_MEMORY;
  rows_job job = {walkers, visible, out};
  vpfi_parallel_for(visible->rows, threads, sum_range, &job);
  destroy_walkers(walkers, threads);
  return VPF_OK;
}
