/* SPDX-License-Identifier: MIT */
#include "learn/update.h"

#include <assert.h>
#include <math.h>
#include <string.h>

typedef struct update_job {
  vpfi_learner *learner;
  const vpfi_machine *machine;
  vpfi_params *params;
  vpfi_batch *batch;
  bool adam;
  vpfi_update weights, biases; /* they differ in weight decay */
  const vpfi_params *average;  /* NULL: none */
  float keep, take;            /* average = keep average + take parameters */
  bool sums_gradients;
  bool trial;                  /* work on copies */
  vpfi_tile_peak *tile_peaks;
} update_job;

/* Where a tile begins in one set of parameters. */
static float *tile_of(const update_job *job, const vpfi_params *p, const vpfi_tile *tile) {
  const size_t at = tile->first * vpfi_tile_width(job->machine->shape, tile);
  switch (tile->kind) {
    case VPFI_BLOCK_WEIGHTS: return p->weights[tile->index] + at;
    case VPFI_BLOCK_INTRA: return p->intra[tile->index] + at;
    case VPFI_BLOCK_BIAS: break;
  }
  return p->bias[tile->index] + at;
}

/* The parameters of one tile, from upper unit j0 on; the caller sets `rows` and `cols`. */
static vpfi_parameters parameters_of(const update_job *job, const vpfi_tile *tile, size_t j0) {
  return (vpfi_parameters){.w = tile_of(job, job->params, tile) + j0,
                           .m = tile_of(job, &job->learner->moment1, tile) + j0,
                           .v = tile_of(job, &job->learner->moment2, tile) + j0,
                           .stride = vpfi_tile_width(job->machine->shape, tile)};
}

static float apply(const update_job *job, const vpfi_parameters *to, const float *sum, const vpfi_update *update) {
  const vpfi_kernels *kernels = job->machine->kernels;
  return (job->adam ? kernels->adam : kernels->sgd)(to, sum, VPFI_TILE_UPPER, update);
}

/* Try the step on a copy of some parameters of one row. */
static float attempt(const update_job *job, const vpfi_parameters *to, size_t row, size_t first, size_t count,
                     const float *sum, const vpfi_update *update) {
  _Alignas(64) float copy[3][VPFI_TILE_UPPER];
  const size_t at = row * to->stride + first;
  memcpy(copy[0], to->w + at, count * sizeof(float));
  memcpy(copy[1], to->m + at, count * sizeof(float));
  memcpy(copy[2], to->v + at, count * sizeof(float));
  const vpfi_parameters p = {.w = copy[0], .m = copy[1], .v = copy[2], .rows = 1, .cols = count};
  return apply(job, &p, sum + row * VPFI_TILE_UPPER + first, update);
}

static float *gradient_of(const update_job *job, const vpfi_tile *tile) {
  return tile_of(job, &job->learner->gradient, tile);
}

/* Let the average follow the parameters of a tile, while they are in the cache. */
static void average_tile(const update_job *job, const vpfi_tile *tile) {
  if (!job->average) return;
  const size_t width = vpfi_tile_width(job->machine->shape, tile), rows = tile->kind == VPFI_BLOCK_BIAS ? 1 : tile->count;
  job->machine->kernels->average(tile_of(job, job->average, tile), tile_of(job, job->params, tile), rows, width, width,
                                 job->keep, job->take);
}

/* Add the gradient of `rows` rows of parameters to the epoch's sum, [rows x stride] from `to` on; returns its squared norm. */
static double sum_gradient(const vpfi_update *update, const vpfi_parameters *p, const float *sum, float *to) {
  double square = 0;
  for (size_t row = 0; row < p->rows; row++, sum += VPFI_TILE_UPPER)
    for (size_t k = 0; k < p->cols; k++) {
      const float g = update->scale * sum[k] + update->decay * p->w[row * p->stride + k];
      to[row * p->stride + k] += g;
      square += (double)g * (double)g;
    }
  return square;
}

static vpfi_tile_peak update_bias(const update_job *job, const vpfi_tile *tile, vpfi_scratch *scratch) {
  vpfi_parameters to = parameters_of(job, tile, 0);
  vpfi_batch_bias_gradient(job->batch, job->machine, tile->index, scratch->z);
  to.rows = 1;
  to.cols = vpfi_tile_width(job->machine->shape, tile);
  if (!job->trial) {
    const double square = job->sums_gradients ? sum_gradient(&job->biases, &to, scratch->z, gradient_of(job, tile)) : 0;
    return (vpfi_tile_peak){.peak = apply(job, &to, scratch->z, &job->biases), .square = square};
  }
  for (size_t j = 0; j < to.cols; j += VPFI_KERNEL_LANES) {
    const float peak = attempt(job, &to, 0, j, VPFI_KERNEL_LANES, scratch->z, &job->biases);
    if (!isfinite(peak)) return (vpfi_tile_peak){.peak = peak, .unit = j};
  }
  return (vpfi_tile_peak){.peak = 0};
}

/* Update W^T from a tile of W. */
static void transpose_tile(const update_job *job, const vpfi_tile *tile) {
  const vpfi_shape *shape = job->machine->shape;
  if (tile->kind != VPFI_BLOCK_WEIGHTS) return;
  const size_t k = tile->index, lower = shape->layer[k].width, upper = shape->layer[k + 1].width;
  job->machine->kernels->transpose(job->params->weights_t[k] + tile->first, lower,
                                   job->params->weights[k] + tile->first * upper, upper, tile->count, upper);
}

static vpfi_tile_peak update_matrix(const update_job *job, const vpfi_tile *tile, size_t thread) {
  const vpfi_shape *shape = job->machine->shape;
  const size_t width = vpfi_tile_width(shape, tile);
  vpfi_tile_peak found = {.peak = 0};
  for (size_t j0 = 0; j0 < width; j0 += VPFI_TILE_UPPER) {
    const bool fused = job->adam && !job->trial && !job->sums_gradients;
    vpfi_selection rest;
    vpfi_parameters to = parameters_of(job, tile, j0);
    to.rows = tile->count;
    to.cols = width - j0 < VPFI_TILE_UPPER ? width - j0 : VPFI_TILE_UPPER;
    const float *sum = vpfi_batch_gradient(job->batch, job->machine, tile, j0, to.cols, thread, fused ? &rest : NULL);
    for (size_t i = 0; job->trial && i < to.rows; i++) {
      const float here = attempt(job, &to, i, 0, to.cols, sum, &job->weights);
      if (!isfinite(here)) return (vpfi_tile_peak){.peak = here, .unit = tile->first + i};
    }
    if (job->trial) continue;
    if (job->sums_gradients) found.square += sum_gradient(&job->weights, &to, sum, gradient_of(job, tile) + j0);
    found.peak = fmaxf(found.peak, fused && rest.count > 0 ? job->machine->kernels->adam_selected(&to, &rest, &job->weights)
                                                           : apply(job, &to, sum, &job->weights));
  }
  if (!job->trial && job->batch->keep_transposed) transpose_tile(job, tile); /* while W is in the cache */
  if (tile->kind == VPFI_BLOCK_INTRA) found.square /= 2; /* each edge of U is there twice */
  return found;
}

static void update_range(void *context, size_t begin, size_t end, size_t thread) {
  const update_job *job = context;
  for (size_t t = begin; t < end; t++) {
    if (t == job->batch->n_tiles) {
      job->batch->side_task.run(job->batch->side_task.context);
      continue;
    }
    const vpfi_tile *tile = &job->batch->tiles[t];
    job->tile_peaks[t] = tile->kind == VPFI_BLOCK_BIAS ? update_bias(job, tile, &job->batch->scratch[thread])
                                                       : update_matrix(job, tile, thread);
    if (!job->trial) average_tile(job, tile);
  }
}

/* Update all tiles: true and *peak, or false and *blowup. */
static bool run(update_job *job, float *peak, vpfi_blowup *blowup) {
  const bool more = job->batch->side_task.run && !job->trial;
  vpfi_team_for(&job->batch->team, job->batch->n_tiles + more, update_range, job);
  *peak = 0;
  for (size_t t = 0; t < job->batch->n_tiles; t++) {
    const vpfi_tile *tile = &job->batch->tiles[t];
    if (!isfinite(job->tile_peaks[t].peak)) {
      const size_t layer =
          tile->kind == VPFI_BLOCK_BIAS ? job->machine->shape->role[tile->index].layer : tile->index;
      *blowup = (vpfi_blowup){tile->kind, layer, job->tile_peaks[t].unit};
      return false;
    }
    *peak = fmaxf(*peak, job->tile_peaks[t].peak);
    if (job->sums_gradients && !job->trial) job->learner->gradient_squares += job->tile_peaks[t].square;
  }
  return true;
}

/* The rate of the present epoch. */
static double learning_rate(const vpfi_learner *learner) {
  const double rate = learner->option[VPFI_AT_LEARNING_RATE], drop = learner->option[VPFI_AT_DROP_EPOCH];
  return drop > 0 && (double)(learner->epochs + 1) >= drop ? rate / 10 : rate;
}

/* How much of the average stays at this step. The average begins as the parameters before the first. */
static double keep_of_average(const vpfi_learner *learner) {
  const double steps = (double)(learner->average_steps + 1), early = steps / (steps + 10);
  const double decay = learner->option[VPFI_AT_AVERAGE];
  return decay > 0 && decay < early ? decay : early;
}

bool vpfi_update_step(vpfi_learner *learner, const vpfi_kernels *kernels, vpfi_params *params, vpfi_batch *batch,
                      size_t rows, double bound, vpfi_tile_peak *tile_peaks, float *peak, vpfi_blowup *blowup) {
  const double *option = learner->option;
  const double beta1_power = learner->beta1_power * option[VPFI_AT_BETA1];
  const double beta2_power = learner->beta2_power * option[VPFI_AT_BETA2];
  const bool adam = (vpf_rule)option[VPFI_AT_RULE] == VPF_RULE_ADAM;
  /* Eq. (25): Kingma and Ba 2014, in the form at the end of their section 2 */
  const double correction = adam ? sqrt(1 - beta2_power) / (1 - beta1_power) : 1;
  const vpfi_machine machine = {.kernels = kernels, .shape = &learner->shape, .params = params};
  update_job job = {.learner = learner,
                    .machine = &machine,
                    .params = params,
                    .batch = batch,
                    .adam = adam,
                    .tile_peaks = tile_peaks,
                    .sums_gradients = vpfi_learner_sums_gradients(learner),
                    .biases = {.scale = 1.0f / (float)rows,
                               .rate = (float)(learning_rate(learner) * learner->rate_scale * correction),
                               .beta1 = (float)option[VPFI_AT_BETA1],
                               .beta2 = (float)option[VPFI_AT_BETA2],
                               .keep1 = (float)(1 - option[VPFI_AT_BETA1]),
                               .keep2 = (float)(1 - option[VPFI_AT_BETA2]),
                               .epsilon = (float)option[VPFI_AT_ADAM_EPSILON],
                               .momentum = (float)option[VPFI_AT_MOMENTUM]}};
  job.weights = job.biases;
  job.weights.decay = (float)(2 * option[VPFI_AT_WEIGHT_DECAY]); /* d/dw of lambda w^2 */

  const double gradient = bound + (double)job.weights.decay * (double)*peak;

  if (*peak > VPFI_SAFE_MAGNITUDE || gradient > (double)VPFI_SAFE_MAGNITUDE) {
    float unused;
    job.trial = true;
    if (!run(&job, &unused, blowup)) return false;
    job.trial = false;
  }
  if (vpfi_learner_averages(learner)) {
    const double keep = keep_of_average(learner);
    if (learner->average_steps == 0) vpfi_params_assign(&learner->average, &learner->shape, params);
    job.average = &learner->average;
    job.keep = (float)keep;
    job.take = (float)(1 - keep);
  }
  const bool finite = run(&job, peak, blowup);
  assert(finite);
  (void)finite;
  params->bound = *peak;
  learner->beta1_power = beta1_power;
  learner->beta2_power = beta2_power;
  if (job.average) learner->average_steps++;
  return true;
}

static void sum_range(void *context, size_t begin, size_t end, size_t thread) {
  const update_job *job = context;
  const vpfi_batch *batch = job->batch;
  for (size_t t = begin; t < end; t++) {
    const vpfi_tile *tile = &batch->tiles[t];
    const size_t width = vpfi_tile_width(job->machine->shape, tile);
    vpfi_parameters p = {.w = tile_of(job, job->machine->params, tile), .rows = tile->count, .stride = width};
    float *to = gradient_of(job, tile);
    if (tile->kind == VPFI_BLOCK_BIAS) {
      float *sum = batch->scratch[thread].z;
      vpfi_batch_bias_gradient(batch, job->machine, tile->index, sum);
      for (size_t j = 0; j < width; j++) to[j] += sum[j];
      continue;
    }
    for (size_t j0 = 0; j0 < width; j0 += p.cols, p.w += p.cols, to += p.cols) {
      p.cols = width - j0 < VPFI_TILE_UPPER ? width - j0 : VPFI_TILE_UPPER;
      sum_gradient(&job->weights, &p, vpfi_batch_gradient(batch, job->machine, tile, j0, p.cols, thread, NULL), to);
    }
  }
}

void vpfi_sum_gradient(vpfi_learner *learner, const vpfi_machine *machine, vpfi_batch *batch) {
  const double decay = 2 * learner->option[VPFI_AT_WEIGHT_DECAY] * (double)batch->rows;
  update_job job = {
      .learner = learner, .machine = machine, .batch = batch, .weights = {.scale = 1, .decay = (float)decay}};
  vpfi_team_for(&batch->team, batch->n_tiles, sum_range, &job);
}

static void transpose_range(void *context, size_t begin, size_t end, size_t thread) {
  const update_job *job = context;
  (void)thread;
  for (size_t t = begin; t < end; t++) transpose_tile(job, &job->batch->tiles[t]);
}

void vpfi_update_transposed(const vpfi_machine *machine, vpfi_params *params, vpfi_batch *batch) {
  update_job job = {.machine = machine, .params = params, .batch = batch};
  vpfi_team_for(&batch->team, batch->n_tiles, transpose_range, &job);
}
