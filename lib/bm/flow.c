/* SPDX-License-Identifier: MIT */
#include "bm/flow.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "num/bits.h"

static size_t count_tiles(const vpfi_shape *shape) {
  size_t tiles = shape->n_roles;
  for (size_t i = 0; i < shape->n_layers; i++) {
    const size_t strips = (shape->layer[i].width + VPFI_TILE_LOWER - 1) / VPFI_TILE_LOWER;
    tiles += (i < shape->n_joins ? strips : 0) + (shape->layer[i].intra ? strips : 0);
  }
  return tiles;
}

static void add_strips(vpfi_batch *batch, const vpfi_shape *shape, vpfi_block_kind kind, size_t layer) {
  const size_t rows = shape->layer[layer].width;
  for (size_t first = 0; first < rows; first += VPFI_TILE_LOWER)
    batch->tiles[batch->n_tiles++] =
        (vpfi_tile){kind, layer, first, rows - first < VPFI_TILE_LOWER ? rows - first : VPFI_TILE_LOWER};
}

static void cut_tiles(vpfi_batch *batch, const vpfi_shape *shape) {
  for (size_t i = 0; i < shape->n_joins; i++) add_strips(batch, shape, VPFI_BLOCK_WEIGHTS, i);
  for (size_t i = 0; i < shape->n_layers; i++)
    if (shape->layer[i].intra) add_strips(batch, shape, VPFI_BLOCK_INTRA, i);
  for (size_t r = 0; r < shape->n_roles; r++) batch->tiles[batch->n_tiles++] = (vpfi_tile){VPFI_BLOCK_BIAS, r, 0, 1};
}

static bool alloc_batch(vpfi_batch *batch, const vpfi_shape *shape) {
  const size_t n_states = batch->states.n_states, words = vpfi_bits_words(batch->capacity);
  batch->off = vpfi_alloc(shape->widest, words * sizeof(uint64_t));
  batch->on = vpfi_alloc(n_states, sizeof *batch->on);
  batch->gain = vpfi_alloc(shape->n_roles, sizeof *batch->gain);
  batch->flow = vpfi_alloc(batch->capacity, shape->n_roles * sizeof *batch->flow);
  batch->every_row = vpfi_alloc(batch->capacity, sizeof *batch->every_row);
  batch->tiles = vpfi_alloc(count_tiles(shape), sizeof *batch->tiles);
  batch->scratch = vpfi_scratch_create(shape, batch->team.threads);
  if (!batch->off || !batch->on || !batch->gain || !batch->flow || !batch->every_row || !batch->tiles || !batch->scratch)
    return false;
  for (size_t s = 0; s < n_states; s++) {
    batch->on[s] = vpfi_alloc(shape->layer[shape->state_layer[s]].width, words * sizeof(uint64_t));
    if (!batch->on[s]) return false;
  }
  for (size_t r = 0; r < shape->n_roles; r++) {
    batch->gain[r] = vpfi_alloc(batch->capacity, shape->layer[shape->role[r].layer].width * sizeof(float));
    if (!batch->gain[r]) return false;
  }
  return true;
}

vpf_status vpfi_batch_init(vpfi_batch *batch, const vpfi_shape *shape, vpfi_order order, size_t capacity,
                           size_t threads) {
  *batch = (vpfi_batch){.order = order, .capacity = capacity, .team = {.threads = threads}};
  vpf_status status = vpfi_states_init(&batch->states, shape, order, capacity, 1, NULL);
  if (!status && !alloc_batch(batch, shape)) status = VPF_ERR_MEMORY;
  if (status) {
    vpfi_batch_clear(batch, shape);
    return status;
  }
  for (size_t r = 0; r < capacity; r++) batch->every_row[r] = (uint32_t)r;
  cut_tiles(batch, shape);
  return VPF_OK;
}

void vpfi_batch_clear(vpfi_batch *batch, const vpfi_shape *shape) {
  for (size_t s = 0; batch->on && s < batch->states.n_states; s++) vpfi_free(batch->on[s]);
  for (size_t r = 0; batch->gain && r < shape->n_roles; r++) vpfi_free(batch->gain[r]);
  vpfi_free(batch->on);
  vpfi_free(batch->off);
  vpfi_free(batch->gain);
  vpfi_free(batch->flow);
  vpfi_free(batch->every_row);
  vpfi_free(batch->tiles);
  vpfi_scratch_destroy(batch->scratch, batch->team.threads);
  vpfi_states_clear(&batch->states);
  *batch = (vpfi_batch){0};
}

typedef struct rates_job {
  vpfi_batch *batch;
  const vpfi_machine *machine;
} rates_job;

/* A flow of -1 marks a role whose fields were out of range. */
static void rates_of_rows(void *context, size_t begin, size_t end, size_t thread) {
  const rates_job *job = context;
  const vpfi_batch *batch = job->batch;
  const vpfi_shape *shape = job->machine->shape;
  vpfi_scratch *scratch = &batch->scratch[thread];
  for (size_t row = begin; row < end; row++) {
    vpfi_scratch_list_all(scratch, &batch->states, row);
    for (size_t r = 0; r < shape->n_roles; r++) {
      const vpfi_role *role = &shape->role[r];
      const vpfi_layer *layer = &shape->layer[role->layer];
      double *flow = &batch->flow[row * shape->n_roles + r];
      vpfi_field(job->machine, batch->order, r, VPFI_FROM_ALL, scratch, scratch->z);
      if (!job->machine->kernels->rates(batch->gain[r] + row * layer->width, scratch->z,
                                        vpfi_states_row(&batch->states, role->state[batch->order], row),
                                        layer->size, layer->width, flow))
        *flow = -1;
    }
  }
}

/* Compute the field once more and find the unit. */
static void locate(const vpfi_batch *batch, const vpfi_machine *machine, size_t row, size_t role,
                   vpfi_overflow *overflow) {
  vpfi_scratch *scratch = &batch->scratch[0];
  vpfi_scratch_list_all(scratch, &batch->states, row);
  vpfi_field(machine, batch->order, role, VPFI_FROM_ALL, scratch, scratch->z);
  const size_t layer = machine->shape->role[role].layer;
  size_t unit = 0;
  while (unit + 1 < machine->shape->layer[layer].size && fabsf(scratch->z[unit]) <= VPFI_FIELD_LIMIT) unit++;
  *overflow = (vpfi_overflow){row, layer, unit, scratch->z[unit]};
}

bool vpfi_batch_rates(vpfi_batch *batch, const vpfi_machine *machine, vpfi_overflow *overflow) {
  rates_job job = {batch, machine};
  vpfi_team_for(&batch->team, batch->rows, rates_of_rows, &job);
  const size_t n_roles = machine->shape->n_roles;
  for (size_t k = 0; k < batch->rows * n_roles; k++)
    if (batch->flow[k] < 0) {
      locate(batch, machine, k / n_roles, k % n_roles, overflow);
      return false;
    }
  return true;
}

void vpfi_batch_transpose(vpfi_batch *batch, const vpfi_shape *shape) {
  for (size_t s = 0; s < batch->states.n_states; s++)
    vpfi_bits_transpose(batch->on[s], shape->layer[shape->state_layer[s]].width, batch->states.bits[s],
                        batch->states.words[s], batch->rows);
}

static vpfi_pair_view view_roles(const vpfi_batch *batch, const vpfi_shape *shape, size_t lower, size_t upper) {
  return (vpfi_pair_view){.lower_on = batch->on[shape->role[lower].state[batch->order]],
                          .upper_on = batch->one_sided ? batch->off : batch->on[shape->role[upper].state[batch->order]],
                          .words = vpfi_bits_words(batch->rows),
                          .lower_gain = batch->gain[lower],
                          .upper_gain = batch->gain[upper],
                          .lower_width = shape->layer[shape->role[lower].layer].width,
                          .upper_width = shape->layer[shape->role[upper].layer].width};
}

/* U joins a layer to itself, in the role that sums it: in the pair in which it is the upper one. */
static size_t intra_role(const vpfi_shape *shape, size_t layer) {
  return shape->layer[layer].up;
}

void vpfi_batch_gradient(const vpfi_batch *batch, const vpfi_machine *machine, const vpfi_tile *tile, size_t j0,
                         size_t cols, float *out) {
  const vpfi_shape *shape = machine->shape;
  assert(tile->kind != VPFI_BLOCK_BIAS && cols <= VPFI_TILE_UPPER);
  vpfi_pair_view view;
  if (tile->kind == VPFI_BLOCK_WEIGHTS) {
    view = view_roles(batch, shape, shape->join[tile->index].lower_role, shape->join[tile->index].upper_role);
    machine->kernels->gradient(out, &view, tile->first, tile->count, j0, cols);
    return;
  }
  /* With both sides the same layer, Eq. (2) comes out symmetric; a unit has no edge to itself. */
  view = view_roles(batch, shape, intra_role(shape, tile->index), intra_role(shape, tile->index));
  machine->kernels->gradient(out, &view, tile->first, tile->count, j0, cols);
  for (size_t i = 0; i < tile->count; i++)
    if (tile->first + i >= j0 && tile->first + i < j0 + cols)
      out[i * VPFI_TILE_UPPER + tile->first + i - j0] = 0;
}

void vpfi_batch_bias_gradient(const vpfi_batch *batch, const vpfi_machine *machine, size_t role, float *out) {
  const size_t width = machine->shape->layer[machine->shape->role[role].layer].width;
  memset(out, 0, width * sizeof *out);
  machine->kernels->sum_rows(out, batch->gain[role], width, batch->every_row, batch->rows);
}

size_t vpfi_tile_width(const vpfi_shape *shape, const vpfi_tile *tile) {
  switch (tile->kind) {
    case VPFI_BLOCK_WEIGHTS: return shape->layer[tile->index + 1].width;
    case VPFI_BLOCK_INTRA: return shape->layer[tile->index].width;
    case VPFI_BLOCK_BIAS: return shape->layer[shape->role[tile->index].layer].width;
  }
  return 0;
}
