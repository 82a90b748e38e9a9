/* SPDX-License-Identifier: MIT */
#include "eval/exact.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "bm/chain.h"
#include "eval/walker.h"
#include "num/bits.h"
#include "num/elementary.h"
#include "num/rng.h"

/* Certified rounding errors of the fast arithmetic that are let pass: of log Z, for max(1, |log Z|) = 1; and of the log of a
 * probability by which samples are drawn. */
static const double RELATIVE_ERROR = 1e-9, SAMPLE_ERROR = 1e-7;

/* The same of log p, which is a difference of sums: absolute, however large these are. */
static const double DIFFERENCE_ERROR = 1e-6;

static bool may_pass(double error, double sum, bool for_difference) {
  return error <= RELATIVE_ERROR * fmax(1, fabs(sum)) && (!for_difference || error <= DIFFERENCE_ERROR);
}

bool vpfi_hidden_can_be_summed(const vpfi_shape *shape) {
  return vpfi_split_choose(shape, 1).explicit_units <= VPFI_MOST_ENUMERATED_A_ROW;
}

static vpf_status check_limit(const vpfi_split *split) {
  if (split->explicit_units <= VPFI_MOST_ENUMERATED) return VPF_OK;
  return vpfi_fail(VPF_ERR_LIMIT, "%zu units would have to be enumerated; at most %d can be", split->explicit_units,
                   VPFI_MOST_ENUMERATED);
}

/* The sum over all explicit states, cut into chunks of the Gray code. */
typedef struct partition_job {
  vpfi_split split;
  vpfi_walker *walkers; /* [threads] */
  size_t threads;
  uint64_t chunk; /* states in each chunk */
  size_t chunks;
  double *sums;   /* [chunks], log sums, relative to the origin */
  vpfi_accumulator *largest; /* [chunks], careful only */
  vpfi_accumulator origin;   /* the largest of them; fast: 0 */
} partition_job;

static void end_partition(partition_job *job) {
  vpfi_free(job->sums);
  vpfi_free(job->largest);
  vpfi_walkers_destroy(job->walkers, job->threads);
  job->sums = NULL, job->largest = NULL, job->walkers = NULL;
}

static void largest_range(void *context, size_t begin, size_t end, size_t thread) {
  const partition_job *job = context;
  for (size_t c = begin; c < end; c++) {
    vpfi_walker_reset(&job->walkers[thread]);
    job->largest[c] = vpfi_walker_largest(&job->walkers[thread], c * job->chunk, job->chunk);
  }
}

/* Let logarithms be relative to the largest term, so that none of those that count is lost. */
static void find_origin(partition_job *job) {
  vpfi_parallel_for(job->chunks, job->threads, largest_range, job);
  job->origin = job->largest[0];
  for (size_t c = 1; c < job->chunks; c++) {
    vpfi_accumulator above = job->largest[c];
    vpfi_accumulator_add_sum(&above, &job->origin, true);
    vpfi_accumulator_carry(&above);
    if (!vpfi_accumulator_is_negative(&above)) job->origin = job->largest[c];
  }
  for (size_t t = 0; t < job->threads; t++) job->walkers[t].origin = job->origin;
}

/* Each chunk starts afresh, which keeps the rounding errors of a long walk from adding up. */
static void partition_range(void *context, size_t begin, size_t end, size_t thread) {
  const partition_job *job = context;
  for (size_t c = begin; c < end; c++) {
    vpfi_walker_reset(&job->walkers[thread]);
    job->sums[c] = vpfi_walker_sum(&job->walkers[thread], c * job->chunk, job->chunk, NULL);
  }
}

/* The log sums of all chunks. VPF_ERR_MEMORY; end_partition() must be called even then. */
static vpf_status add_partition(partition_job *job, const vpfi_machine *machine, bool careful) {
  job->walkers = vpfi_walkers_create(machine, &job->split, job->threads, careful);
  job->sums = vpfi_alloc(job->chunks, sizeof *job->sums);
  job->largest = careful ? vpfi_alloc(job->chunks, sizeof *job->largest) : NULL;
  if (!job->walkers || !job->sums || (careful && !job->largest)) return VPF_ERR_MEMORY;
  if (careful) find_origin(job);
  vpfi_parallel_for(job->chunks, job->threads, partition_range, job);
  return VPF_OK;
}

/* VPF_ERR_LIMIT. */
static vpf_status begin_partition(partition_job *job, const vpfi_shape *shape, size_t threads) {
  *job = (partition_job){.split = vpfi_split_choose(shape, 0), .threads = threads};
  const vpf_status status = check_limit(&job->split);
  if (status) return status;
  const uint64_t states = (uint64_t)1 << job->split.explicit_units;
  job->chunk = states < VPFI_WALK ? states : VPFI_WALK;
  job->chunks = (size_t)(states / job->chunk);
  return VPF_OK;
}

/* What the fast arithmetic can be off by in a chunk. */
static double error_of_walks(const vpfi_machine *machine, const vpfi_split *split) {
  const vpfi_magnitudes magnitudes = vpfi_walker_magnitudes(machine, split);
  return vpfi_walker_error(&magnitudes, VPFI_WALK + split->explicit_units);
}

/* Relative to the origin. */
static double total_of(const partition_job *job) {
  double total = job->sums[0];
  for (size_t c = 1; c < job->chunks; c++) total = vpfi_log_add(total, job->sums[c]);
  return total;
}

vpf_status vpfi_exact_log_partition(const vpfi_shape *shape, const vpfi_params *params, size_t threads,
                                    vpfi_accumulator *origin, double *out_log_z) {
  const vpfi_machine machine = {.kernels = vpfi_kernels_best(), .shape = shape, .params = params};
  partition_job job;
  vpf_status status = begin_partition(&job, shape, threads);
  if (status) return status;
  const double error = error_of_walks(&machine, &job.split);
  bool done = false;
  for (int careful = 0; !status && !done && careful < 2; careful++) {
    status = add_partition(&job, &machine, careful);
    const double total = status ? 0 : total_of(&job);
    done = careful || may_pass(error, total, origin != NULL);
    if (!status && done) *out_log_z = origin ? total : total + vpfi_accumulator_value(&job.origin);
    if (!status && done && origin) *origin = job.origin;
    end_partition(&job);
  }
  return status;
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
  double *so_far; /* [threads x states of a chunk]: by vpfi_walker_sum() */
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

/* The number in its chunk of the explicit state at which the cumulative probability passes a row's value. */
static uint64_t state_of(const sample_job *job, size_t c, size_t row, const double *so_far) {
  const double into = job->value[row] - job->below[c];
  const double log_into = into > 0 ? vpfi_log(into) + job->largest : -HUGE_VAL;
  const size_t at = find_below(so_far, (size_t)job->partition->chunk, log_into);
  return so_far[at] <= log_into && at + 1 < job->partition->chunk ? at + 1 : at;
}

/* Each row gets the explicit state of its value, then the summed layers, whose units are independent given that state. */
static void draw_row(const sample_job *job, size_t row, uint64_t state, vpfi_scratch *scratch) {
  const vpfi_shape *shape = job->work->machine.shape;
  vpfi_chain chain = {.machine = &job->work->machine,
                      .states = &job->work->states,
                      .row = row,
                      .scratch = scratch,
                      .stream = job->stream};
  set_explicit(job, row, state ^ state >> 1);
  vpfi_scratch_see(scratch, chain.states, row);
  for (size_t l = 0; l < shape->n_layers; l++) {
    chain.pass = 0;
    if (vpfi_split_is_summed(&job->partition->split, l)) vpfi_chain_resample(&chain, shape->layer[l].up, NULL);
  }
}

static void sample_range(void *context, size_t begin, size_t end, size_t thread) {
  const sample_job *job = context;
  const partition_job *partition = job->partition;
  double *so_far = job->so_far + thread * partition->chunk;
  vpfi_walker *walker = &partition->walkers[thread];
  for (size_t c = begin; c < end; c++) {
    if (job->first[c] == job->first[c + 1]) continue;
    vpfi_walker_reset(walker);
    vpfi_walker_sum(walker, c * partition->chunk, partition->chunk, so_far);
    for (size_t k = job->first[c]; k < job->first[c + 1]; k++) {
      const size_t row = job->order[k];
      draw_row(job, row, c * partition->chunk + state_of(job, c, row, so_far), &job->work->scratch[thread]);
    }
  }
}

vpf_status vpfi_exact_sample(vpfi_workspace *work, uint64_t seed) {
  const size_t threads = work->team.threads, rows = work->states.rows;
  partition_job partition;
  vpf_status status = begin_partition(&partition, work->machine.shape, threads);
  if (status) return status;
  const bool careful = error_of_walks(&work->machine, &partition.split) > SAMPLE_ERROR;
  work->machine.careful = work->machine.careful || careful;
  status = add_partition(&partition, &work->machine, careful);
  if (status) {
    end_partition(&partition);
    return status;
  }
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
  end_partition(&partition);
  return complete ? VPF_OK : VPF_ERR_MEMORY;
}

typedef struct rows_job {
  vpfi_walker *fast, *careful; /* [threads] */
  const vpfi_rows *visible;
  vpfi_magnitudes magnitudes;
  vpfi_accumulator origin; /* of what is wanted */
  bool for_difference, relative; /* it is given; it is not 0: nothing may be rounded before it is taken away */
  double *out;
} rows_job;

/* Turn on the units of a row, all others being off. */
static void go_to_row(vpfi_walker *w, const uint64_t *bits) {
  const vpfi_layer *visible = &w->machine->shape->layer[0];
  vpfi_walker_reset(w);
  for (size_t word = 0; word < visible->words; word++)
    for (uint64_t left = bits[word]; left; left &= left - 1)
      vpfi_walker_flip(w, 0, 64 * word + (size_t)__builtin_ctzll(left));
}

/* The log of the sum over the hidden units of a row, less the origin if the walker is careful. */
static double sum_row(vpfi_walker *w, const uint64_t *bits, const vpfi_accumulator *origin) {
  const uint64_t states = (uint64_t)1 << w->split->explicit_units, chunk = states < VPFI_WALK ? states : VPFI_WALK;
  double total = -HUGE_VAL;
  if (w->exact) {
    go_to_row(w, bits);
    w->origin = vpfi_walker_largest(w, 0, states);
  }
  for (uint64_t first = 0; first < states; first += chunk) { /* each afresh, as above */
    go_to_row(w, bits);
    total = vpfi_log_add(total, vpfi_walker_sum(w, first, chunk, NULL));
  }
  vpfi_accumulator above = w->origin;
  if (w->exact) vpfi_accumulator_add_sum(&above, origin, true);
  return total + vpfi_accumulator_value(&above);
}

/* Rows whose sum may be off are summed again, without rounding. */
static void sum_range(void *context, size_t begin, size_t end, size_t thread) {
  const rows_job *job = context;
  const size_t explicit_units = job->fast->split->explicit_units, states = (size_t)1 << explicit_units;
  const size_t walked = (states < VPFI_WALK ? states : VPFI_WALK) + explicit_units;
  for (size_t r = begin; r < end; r++) {
    const uint64_t *bits = job->visible->bits + r * job->visible->words;
    const double error = vpfi_walker_error(&job->magnitudes, vpfi_bits_count(bits, job->visible->words) + walked);
    double sum = job->relative ? 0 : sum_row(&job->fast[thread], bits, &job->origin);
    if (job->relative || !may_pass(error, sum, job->for_difference))
      sum = sum_row(&job->careful[thread], bits, &job->origin);
    job->out[r] = sum;
  }
}

vpf_status vpfi_exact_log_sums(const vpfi_shape *shape, const vpfi_params *params, const vpfi_rows *visible,
                               size_t threads, const vpfi_accumulator *origin, double *out) {
  const vpfi_machine machine = {.kernels = vpfi_kernels_best(), .shape = shape, .params = params};
  const vpfi_split split = vpfi_split_choose(shape, 1);
  const vpf_status status = check_limit(&split);
  if (status) return status;
  rows_job job = {.fast = vpfi_walkers_create(&machine, &split, threads, false),
                  .careful = vpfi_walkers_create(&machine, &split, threads, true),
                  .visible = visible,
                  .magnitudes = vpfi_walker_magnitudes(&machine, &split),
                  .origin = origin ? *origin : (vpfi_accumulator){{0}},
                  .for_difference = origin != NULL,
                  .out = out};
  for (int k = 0; k < VPFI_DIGITS; k++) job.relative = job.relative || job.origin.digit[k] != 0;
  const bool complete = job.fast && job.careful;
  if (complete) vpfi_parallel_for(visible->rows, threads, sum_range, &job);
  vpfi_walkers_destroy(job.careful, threads);
  vpfi_walkers_destroy(job.fast, threads);
  return complete ? VPF_OK : VPF_ERR_MEMORY;
}
