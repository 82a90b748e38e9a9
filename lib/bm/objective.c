/* SPDX-License-Identifier: MIT */
#include "bm/objective.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "num/bits.h"
#include "num/elementary.h"

enum { CHUNK_ROWS = 256 }; /* sums over at most this many rows are float; those over chunks, double */

/* Put rows first .. first+count-1 of the data into states that have room for them. */
static void load_rows(vpfi_states *states, const vpfi_shape *shape, const vpfi_rows *data, size_t first, size_t count) {
  states->rows = count;
  for (size_t p = 0; p < states->n_planes; p++)
    memset(states->bits[p], 0, count * states->words[p] * sizeof(uint64_t));
  vpfi_states_split(states, shape, data->bits + first * data->words, data->words);
}

/* Put the rows of the data from `first` on into the batch and compute their rates. */
static vpf_status load_chunk(vpfi_batch *batch, const vpfi_machine *machine, const vpfi_rows *data, size_t first) {
  batch->rows = data->rows - first < CHUNK_ROWS ? data->rows - first : CHUNK_ROWS;
  load_rows(&batch->states, machine->shape, data, first, batch->rows);
  vpfi_overflow where;
  if (vpfi_batch_rates(batch, machine, &where)) return VPF_OK;
  return vpfi_fail(VPF_ERR_OVERFLOW,
                   "row %zu, layer %zu, unit %zu: the local field is %s, against a unit that is %s; |z|/2 must not exceed %g "
                   "there",
                   first + where.row, where.layer, where.unit, vpfi_number_of_float(where.field).text,
                   where.on ? "on" : "off", (double)VPFI_RATE_LIMIT);
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

/* Sum over all rows, chunk by chunk. sum: in flat order, or NULL. */
static vpf_status add_chunks(vpfi_batch *batch, const vpfi_machine *machine, const vpfi_rows *states, double *flow,
                             double *sum) {
  for (size_t first = 0; first < states->rows; first += CHUNK_ROWS) {
    const vpf_status status = load_chunk(batch, machine, states, first);
    if (status) return status;
    for (size_t r = 0; r < machine->shape->n_roles; r++) *flow += batch->flow[r];
    gradient_job job = {batch, machine, sum};
    if (sum) vpfi_team_for(&batch->team, batch->n_tiles, add_tiles, &job);
  }
  return VPF_OK;
}

vpf_status vpfi_objective(const vpfi_machine *machine, const vpfi_rows *states, double *flow, float *gradient) {
  const size_t capacity = states->rows < CHUNK_ROWS ? states->rows : CHUNK_ROWS, count = machine->shape->param_count;
  vpfi_batch batch;
  vpf_status status = vpfi_batch_init(&batch, machine->shape, VPFI_ORDER_SWEPT, capacity, vpfi_team_of(0));
  if (status) return status;
  double total = 0, *sum = NULL;
  if (gradient && !(sum = vpfi_alloc(count, sizeof *sum))) status = VPF_ERR_MEMORY;
  if (!status) status = add_chunks(&batch, machine, states, &total, sum);
  if (!status && flow) *flow = total / (double)states->rows;
  for (size_t k = 0; !status && gradient && k < count; k++) gradient[k] = (float)(sum[k] / (double)states->rows);
  vpfi_free(sum);
  vpfi_batch_clear(&batch, machine->shape);
  return status;
}

typedef struct rows_job {
  vpfi_workspace *work;
  double *out; /* for row 0 of work->states */
} rows_job;

/* The sum of the rates of Eq. (6). */
static double row_flow(const vpfi_machine *machine, const vpfi_states *states, size_t row, vpfi_scratch *scratch) {
  const vpfi_shape *shape = machine->shape;
  vpfi_scratch_see(scratch, states, row);
  double sum = 0;
  for (size_t r = 0; r < shape->n_roles; r++) {
    const uint64_t *bits = scratch->row[shape->role[r].plane[VPFI_ORDER_SWEPT]];
    vpfi_field(machine, VPFI_ORDER_SWEPT, r, VPFI_FROM_ALL, scratch, scratch->z);
    for (size_t j = 0; j < shape->layer[shape->role[r].layer].size; j++)
      sum += vpfi_exp((vpfi_bits_get(bits, j) ? -0.5 : 0.5) * (double)scratch->z[j]);
  }
  return sum;
}

static void flow_range(void *context, size_t begin, size_t end, size_t thread) {
  const rows_job *job = context;
  vpfi_workspace *work = job->work;
  for (size_t row = begin; row < end; row++)
    job->out[row] = row_flow(&work->machine, &work->states, row, &work->scratch[thread]);
}

vpf_status vpfi_flow_rows(const char *function, vpfi_workspace *work, const vpfi_rows *states, double *out) {
  double *each = vpfi_alloc(states->rows, sizeof *each);
  if (!each) return VPF_ERR_MEMORY;
  for (size_t first = 0; first < states->rows; first += VPFI_FLOW_ROWS) {
    const size_t left = states->rows - first, count = left < VPFI_FLOW_ROWS ? left : VPFI_FLOW_ROWS;
    load_rows(&work->states, work->machine.shape, states, first, count);
    rows_job job = {work, each + first};
    vpfi_team_for(&work->team, count, flow_range, &job);
  }
  const vpf_status status = vpfi_check_rows_finite(function, "flow", each, states->rows);
  if (!status) memcpy(out, each, states->rows * sizeof *out);
  vpfi_free(each);
  return status;
}
