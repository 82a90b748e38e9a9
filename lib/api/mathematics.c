/* SPDX-License-Identifier: MIT */
/* Energy, flow, gradient, inference and Gibbs sampling, open to tests and research. */
#include <string.h>

#include "api/handles.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "bm/energy.h"
#include "bm/flow.h"
#include "bm/gibbs.h"
#include "num/bits.h"
#include "num/rng.h"

static vpf_status check_call(const char *function, const vpf_model *model, const vpf_data *data, const void *out) {
  if (!model) return vpfi_null(function, "model");
  if (!data) return vpfi_null(function, "the data");
  if (!out) return vpfi_null(function, "the output");
  return VPF_OK;
}

/* A value of one row, from the units that are on in it. */
typedef double (*row_fn)(const vpf_model *model, const vpfi_scratch *scratch);

static double energy_of_row(const vpf_model *model, const vpfi_scratch *scratch) {
  return vpfi_energy(&model->shape, &model->params, scratch->index, scratch->count);
}

static double free_energy_of_row(const vpf_model *model, const vpfi_scratch *scratch) {
  return vpfi_free_energy(&model->shape, &model->params, scratch->index[0], scratch->count[0]);
}

typedef struct rows_job {
  const vpf_model *model;
  const vpf_data *data;
  size_t layers;
  row_fn value;
  vpfi_states *row; /* [threads], one row each */
  vpfi_scratch *scratch;
  double *out;
} rows_job;

static void value_of_rows(void *context, size_t begin, size_t end, size_t thread) {
  const rows_job *job = context;
  const vpfi_shape *shape = &job->model->shape;
  for (size_t r = begin; r < end; r++) {
    const uint64_t *bits = job->data->bits + r * job->data->words;
    for (size_t l = 0; l < job->layers; l++) {
      uint64_t *state = vpfi_states_row(&job->row[thread], l, 0);
      memset(state, 0, shape->layer[l].words * sizeof *state);
      vpfi_bits_copy(state, 0, bits, shape->layer[l].first, shape->layer[l].size);
      vpfi_scratch_list(&job->scratch[thread], &job->row[thread], l, 0);
    }
    job->out[r] = job->value(job->model, &job->scratch[thread]);
  }
}

static vpf_status each_row(const vpf_model *model, const vpf_data *data, size_t layers, row_fn value, double *out) {
  const size_t threads = vpfi_thread_count(0);
  vpf_status status = VPF_ERR_MEMORY;
  vpfi_scratch *scratch = vpfi_scratch_create(&model->shape, threads);
  vpfi_states *row = vpfi_alloc(threads, sizeof *row);
  if (scratch && row) {
    status = VPF_OK;
    for (size_t t = 0; !status && t < threads; t++)
      status = vpfi_states_init(&row[t], &model->shape, VPFI_ORDER_SWEPT, 1, 1, NULL);
    rows_job job = {model, data, layers, value, row, scratch, out};
    if (!status) vpfi_parallel_for(data->rows, threads, value_of_rows, &job);
  }
  for (size_t t = 0; row && t < threads; t++) vpfi_states_clear(&row[t]);
  vpfi_free(row);
  vpfi_scratch_destroy(scratch, threads);
  return status;
}

vpf_status vpf_model_energy(const vpf_model *model, const vpf_data *states, double *out_energy) {
  vpf_status status = check_call(__func__, model, states, out_energy);
  if (!status) status = vpfi_check_has_energy(__func__, model);
  if (!status) status = vpfi_check_columns(states, model->shape.units, "units in all");
  if (!status) status = each_row(model, states, model->shape.n_layers, energy_of_row, out_energy);
  return status;
}

vpf_status vpf_model_free_energy(const vpf_model *model, const vpf_data *visible, double *out_free) {
  vpf_status status = check_call(__func__, model, visible, out_free);
  if (status) return status;
  if (model->shape.n_layers > 2)
    return vpfi_fail(VPF_ERR_UNSUPPORTED, "%s: the model has %zu layers; the free energy needs at most 2", __func__,
                     model->shape.n_layers);
  if (model->shape.n_layers == 2 && model->shape.layer[1].intra)
    return vpfi_fail(VPF_ERR_UNSUPPORTED, "%s: intra-layer weights on the hidden layer have no closed free energy",
                     __func__);
  status = vpfi_check_columns(visible, model->shape.layer[0].size, "visible units");
  if (!status) status = each_row(model, visible, 1, free_energy_of_row, out_free);
  return status;
}

enum { CHUNK_ROWS = 256 }; /* float sums over at most so many rows; between chunks, double */

/* Put rows first.. of data into the batch, rates computed. */
static vpf_status load_chunk(vpfi_batch *batch, const vpfi_machine *machine, const vpf_data *data, size_t first) {
  batch->rows = data->rows - first < CHUNK_ROWS ? data->rows - first : CHUNK_ROWS;
  batch->states.rows = batch->rows;
  for (size_t s = 0; s < batch->states.n_states; s++)
    memset(batch->states.bits[s], 0, batch->rows * batch->states.words[s] * sizeof(uint64_t));
  vpfi_states_split(&batch->states, machine->shape, data->bits + first * data->words, data->words);
  vpfi_overflow where;
  if (vpfi_batch_rates(batch, machine, &where)) return VPF_OK;
  return vpfi_fail(VPF_ERR_OVERFLOW, "row %zu, layer %zu, unit %zu: the local field is %g; |z|/2 must not exceed %g",
                   first + where.row, where.layer, where.unit, (double)where.field, (double)VPFI_FIELD_LIMIT / 2);
}

static vpf_status start_batch(const char *function, vpfi_batch *batch, const vpf_model *model, const vpf_data *states,
                              const void *out) {
  vpf_status status = check_call(function, model, states, out);
  if (!status) status = vpfi_check_columns(states, model->shape.units, "units in all");
  if (status) return status;
  const size_t capacity = states->rows < CHUNK_ROWS ? states->rows : CHUNK_ROWS;
  return vpfi_batch_init(batch, &model->shape, VPFI_ORDER_SWEPT, capacity, vpfi_thread_count(0));
}

vpf_status vpf_model_flow(const vpf_model *model, const vpf_data *states, double *out_flow) {
  vpfi_batch batch;
  vpf_status status = start_batch(__func__, &batch, model, states, out_flow);
  if (status) return status;
  const vpfi_machine machine = vpfi_machine_of(model);
  double sum = 0;
  for (size_t first = 0; !status && first < states->rows; first += CHUNK_ROWS) {
    status = load_chunk(&batch, &machine, states, first);
    for (size_t r = 0; !status && r < model->shape.n_roles; r++) sum += batch.flow[r];
  }
  vpfi_batch_clear(&batch, &model->shape);
  if (!status) *out_flow = sum / (double)states->rows;
  return status;
}

/* Where parameter (i, j) of a tile's matrix stands in the flat vector; VPFI_NONE for padding and
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

vpf_status vpf_model_flow_gradient(const vpf_model *model, const vpf_data *states, float *out_gradient) {
  vpfi_batch batch;
  vpf_status status = start_batch(__func__, &batch, model, states, out_gradient);
  if (status) return status;
  const vpfi_machine machine = vpfi_machine_of(model);
  double *sum = vpfi_alloc(model->shape.param_count, sizeof *sum);
  if (!sum) status = VPF_ERR_MEMORY;
  for (size_t first = 0; !status && first < states->rows; first += CHUNK_ROWS) {
    status = load_chunk(&batch, &machine, states, first);
    if (status) break;
    gradient_job job = {&batch, &machine, sum};
    vpfi_team_for(&batch.team, batch.n_tiles, add_tiles, &job);
  }
  for (size_t k = 0; !status && k < model->shape.param_count; k++)
    out_gradient[k] = (float)(sum[k] / (double)states->rows);
  vpfi_free(sum);
  vpfi_batch_clear(&batch, &model->shape);
  return status;
}

vpf_status vpf_model_infer(const vpf_model *model, const vpf_data *visible, uint64_t seed, vpf_data **out_states) {
  if (out_states) *out_states = NULL;
  vpf_status status = check_call(__func__, model, visible, out_states);
  if (!status) status = vpfi_check_columns(visible, model->shape.layer[0].size, "visible units");
  if (status) return status;
  vpfi_team team = {.threads = vpfi_thread_count(0)};
  vpfi_states states = {0};
  vpfi_machine machine;
  vpfi_tables tables = {0};
  vpfi_scratch *scratch = vpfi_scratch_create(&model->shape, team.threads);
  status = scratch ? vpfi_states_init(&states, &model->shape, VPFI_ORDER_SWEPT, visible->rows, 1, visible->bits)
                   : VPF_ERR_MEMORY;
  if (!status) status = vpfi_machine_for(&machine, &tables, model, visible->rows);
  if (!status) {
    states.first_id = visible->first_row;
    vpfi_infer(&machine, &vpfi_estep_paper, vpfi_rng_stream(seed, VPFI_PURPOSE_ESTEP, 0), &states, &team,
               scratch);
    status = vpfi_return_states(model, &states, visible->first_row, out_states);
  }
  vpfi_tables_clear(&tables, &model->shape);
  vpfi_states_clear(&states);
  vpfi_scratch_destroy(scratch, team.threads);
  return status;
}

/* Where chains are to go. With energies: sweeps is the number of draws times thin. */
typedef struct chain_plan {
  const uint8_t *clamped;
  size_t sweeps, thin;
  uint64_t seed;
  double *energy; /* or NULL */
} chain_plan;

static vpf_status check_chains(const char *function, const vpf_model *model, const vpf_data *states, const void *out) {
  vpf_status status = check_call(function, model, states, out);
  if (!status) status = vpfi_check_has_energy(function, model);
  if (!status) status = vpfi_check_columns(states, model->shape.units, "units in all");
  return status;
}

/* out_states may be NULL. */
static vpf_status run_chains(const vpf_model *model, const vpf_data *states, const chain_plan *plan,
                             vpf_data **out_states) {
  const size_t threads = vpfi_thread_count(0);
  vpfi_states chain = {0}, mask = {0};
  vpfi_scratch *scratch = vpfi_scratch_create(&model->shape, threads);
  vpf_status status = scratch ? vpfi_states_init(&chain, &model->shape, VPFI_ORDER_SWEPT, states->rows, 1, NULL)
                              : VPF_ERR_MEMORY;
  vpfi_machine machine;
  vpfi_tables tables = {0};
  if (!status) status = vpfi_clamp_init(&mask, model, plan->clamped, model->shape.n_layers);
  if (!status) status = vpfi_machine_for(&machine, &tables, model, states->rows * plan->sweeps);
  if (!status) {
    chain.first_id = states->first_row;
    vpfi_states_split(&chain, &model->shape, states->bits, states->words);
    vpfi_gibbs_sample(&machine, mask.bits, plan->sweeps, plan->thin, plan->seed, &chain, plan->energy, threads,
                      scratch);
    if (out_states) status = vpfi_return_states(model, &chain, states->first_row, out_states);
  }
  vpfi_tables_clear(&tables, &model->shape);
  vpfi_states_clear(&mask);
  vpfi_states_clear(&chain);
  vpfi_scratch_destroy(scratch, threads);
  return status;
}

vpf_status vpf_gibbs(const vpf_model *model, const vpf_data *states, const uint8_t *clamped, size_t sweeps,
                     uint64_t seed, vpf_data **out_states) {
  if (out_states) *out_states = NULL;
  const vpf_status status = check_chains(__func__, model, states, out_states);
  const chain_plan plan = {.clamped = clamped, .sweeps = sweeps, .seed = seed};
  return status ? status : run_chains(model, states, &plan, out_states);
}

vpf_status vpf_gibbs_trace(const vpf_model *model, const vpf_data *states, const uint8_t *clamped, size_t draws,
                           size_t thin, uint64_t seed, double *out_energy, vpf_data **out_states) {
  if (out_states) *out_states = NULL;
  const vpf_status status = check_chains(__func__, model, states, out_energy);
  if (status) return status;
  if (draws == 0 || thin == 0)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: %zu draws, every %zu sweeps; both must be at least 1", __func__, draws,
                     thin);
  chain_plan plan = {.clamped = clamped, .thin = thin, .seed = seed, .energy = out_energy};
  if (!vpfi_size_mul(draws, thin, &plan.sweeps))
    return vpfi_fail(VPF_ERR_LIMIT, "%s: %zu draws of %zu sweeps are too many", __func__, draws, thin);
  return run_chains(model, states, &plan, out_states);
}
