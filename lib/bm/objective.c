/* SPDX-License-Identifier: MIT */
#include "bm/objective.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

enum { CHUNK_ROWS = 256 }; /* sums over at most this many rows are float; those over chunks, double */

/* Put the rows of the data from `first` on into the batch and compute their rates. */
static vpf_status load_chunk(vpfi_batch *batch, const vpfi_machine *machine, const vpfi_rows *data, size_t first) {
  batch->rows = data->rows - first < CHUNK_ROWS ? data->rows - first : CHUNK_ROWS;
  batch->states.rows = batch->rows;
  for (size_t p = 0; p < batch->states.n_planes; p++)
    memset(batch->states.bits[p], 0, batch->rows * batch->states.words[p] * sizeof(uint64_t));
  vpfi_states_split(&batch->states, machine->shape, data->bits + first * data->words, data->words);
  vpfi_overflow where;
  if (vpfi_batch_rates(batch, machine, &where)) return VPF_OK;
  return vpfi_fail(VPF_ERR_OVERFLOW, "row %zu, layer %zu, unit %zu: the local field is %g; |z|/2 must not exceed %g",
                   first + where.row, where.layer, where.unit, (double)where.field, (double)VPFI_FIELD_LIMIT / 2);
}

/* The index of parameter (i, j) of a tile's matrix in the flat vector; VPFI_NONE for padding and
 * for the lower triangle of U. */
static size_t flat_position(const vpfi_shape *shape, const vpfi_tile *tile, size_t offset, size_t i, size_t j) {
  if (tile->kind == VPFI_BLOCK_WEIGHTS) {
    const size_t cols = shape->layer[tile->index + 1].size;
    return i < shape->layer[tile->index].size && j < cols ? offset + i * cols + j : VPFI_NONE;
  }
  const size_t n = shape->layer[tile->index].size;
  return i < j && j < n ? offset + i * (2 * n - i - 1) / 2 + (j - i - 1) : VPFI_NONE;
}

static size_t flat_offset(const vpfi_shape *shape, vpfi_block_kind kind, size_t index) {
  for (size_t b = 0; b < shape->n_blocks; b++)
    if (shape->block[b].kind == kind && shape->block[b].index == index) return shape->block[b].offset;
  return VPFI_NONE;
}

typedef struct gradient_job {
  const vpfi_batch *batch;
  const vpfi_machine *machine;
  double *sum; /* flat */
} gradient_job;

static void add_bias_tile(const gradient_job *job, const vpfi_tile *tile, vpfi_scratch *scratch) {
  const vpfi_shape *shape = job->machine->shape;
  vpfi_batch_bias_gradient(job->batch, job->machine, tile->index, scratch->z);
  double *to = job->sum + flat_offset(shape, VPFI_BLOCK_BIAS, tile->index);
  for (size_t j = 0; j < shape->layer[shape->role[tile->index].layer].size; j++) to[j] += (double)scratch->z[j];
}

static void add_tiles(void *context, size_t begin, size_t end, size_t thread) {
  const gradient_job *job = context;
  const vpfi_shape *shape = job->machine->shape;
  for (size_t t = begin; t < end; t++) {
    const vpfi_tile *tile = &job->batch->tiles[t];
    if (tile->kind == VPFI_BLOCK_BIAS) {
      add_bias_tile(job, tile, &job->batch->scratch[thread]);
      continue;
    }
    const size_t width = vpfi_tile_width(shape, tile), offset = flat_offset(shape, tile->kind, tile->index);
    for (size_t j0 = 0; j0 < width; j0 += VPFI_TILE_UPPER) {
      const size_t cols = width - j0 < VPFI_TILE_UPPER ? width - j0 : VPFI_TILE_UPPER;
      const float *strip = vpfi_batch_gradient(job->batch, job->machine, tile, j0, cols, thread, NULL);
      for (size_t i = 0; i < tile->count; i++)
        for (size_t j = 0; j < cols; j++) {
          const size_t at = flat_position(shape, tile, offset, tile->first + i, j0 + j);
          if (at != VPFI_NONE) job->sum[at] += (double)strip[i * VPFI_TILE_UPPER + j];
        }
    }
  }
}

typedef struct rows_job {
  const vpfi_batch *batch;
  const vpfi_machine *machine;
  double *flow; /* [rows of the batch] */
} rows_job;

/* Gains are alpha_j delta_j, and alpha_j is 1/2 or -1/2: twice their absolute value is the rate, exactly. */
static void sum_row_flows(void *context, size_t begin, size_t end, size_t thread) {
  (void)thread;
  const rows_job *job = context;
  const vpfi_shape *shape = job->machine->shape;
  for (size_t row = begin; row < end; row++) {
    double sum = 0;
    for (size_t r = 0; r < shape->n_roles; r++) {
      const vpfi_layer *layer = &shape->layer[shape->role[r].layer];
      const float *gain = job->batch->gain[r] + row * layer->width;
      for (size_t j = 0; j < layer->size; j++) sum += fabs((double)gain[j]);
    }
    job->flow[row] = 2 * sum;
  }
}

/* Sums over units, and over all rows but for `rows`. */
typedef struct sums {
  double flow;
  double *rows;     /* [rows] the flow of each, or NULL */
  double *gradient; /* in flat order, or NULL */
} sums;

/* Chunk by chunk. */
static vpf_status add_chunks(vpfi_batch *batch, const vpfi_machine *machine, const vpfi_rows *states, sums *sum) {
  for (size_t first = 0; first < states->rows; first += CHUNK_ROWS) {
    const vpf_status status = load_chunk(batch, machine, states, first);
    if (status) return status;
    for (size_t r = 0; r < machine->shape->n_roles; r++) sum->flow += batch->flow[r];
    rows_job of_rows = {batch, machine, sum->rows ? sum->rows + first : NULL};
    if (sum->rows) vpfi_team_for(&batch->team, batch->rows, sum_row_flows, &of_rows);
    gradient_job of_tiles = {batch, machine, sum->gradient};
    if (sum->gradient) vpfi_team_for(&batch->team, batch->n_tiles, add_tiles, &of_tiles);
  }
  return VPF_OK;
}

vpf_status vpfi_objective(const vpfi_machine *machine, const vpfi_rows *states, size_t threads, double *flow,
                          double *flow_rows, float *gradient) {
  const size_t capacity = states->rows < CHUNK_ROWS ? states->rows : CHUNK_ROWS, count = machine->shape->param_count;
  vpfi_batch batch;
  vpf_status status = vpfi_batch_init(&batch, machine->shape, VPFI_ORDER_SWEPT, capacity, threads);
  if (status) return status;
  sums sum = {0};
  if (flow_rows && !(sum.rows = vpfi_alloc(states->rows, sizeof *sum.rows))) status = VPF_ERR_MEMORY;
  if (gradient && !(sum.gradient = vpfi_alloc(count, sizeof *sum.gradient))) status = VPF_ERR_MEMORY;
  if (!status) status = add_chunks(&batch, machine, states, &sum);
  if (!status && flow) *flow = sum.flow / (double)states->rows;
  if (!status && flow_rows) memcpy(flow_rows, sum.rows, states->rows * sizeof *flow_rows);
  for (size_t k = 0; !status && gradient && k < count; k++)
    gradient[k] = (float)(sum.gradient[k] / (double)states->rows);
  vpfi_free(sum.gradient);
  vpfi_free(sum.rows);
  vpfi_batch_clear(&batch, machine->shape);
  return status;
}
