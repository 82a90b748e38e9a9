/* SPDX-License-Identifier: MIT */
#include "eval/ais.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/threads.h"
#include "bm/draw.h"
#include "num/bits.h"
#include "num/elementary.h"
#include "num/rng.h"

vpf_status vpfi_ais_init(vpfi_ais *ais, const vpfi_machine *machine, const float *visible_base) {
  const vpfi_shape *shape = machine->shape;
  *ais = (vpfi_ais){.machine = machine,
                    .split = vpfi_split_choose(shape, 0),
                    .base = vpfi_alloc(shape->n_layers, sizeof(float *)),
                    .shift = vpfi_alloc(shape->n_layers, sizeof(float *))};
  bool complete = ais->base && ais->shift;
  for (size_t l = 0; complete && l < shape->n_layers; l++) {
    const vpfi_layer *layer = &shape->layer[l];
    const float *bias = machine->params->bias[layer->up];
    ais->base[l] = vpfi_alloc(layer->width, sizeof(float));
    ais->shift[l] = vpfi_alloc(layer->width, sizeof(float));
    complete = ais->base[l] && ais->shift[l];
    for (size_t j = 0; complete && j < layer->size; j++) {
      ais->base[l][j] = l == 0 && visible_base ? visible_base[j] : bias[j];
      ais->shift[l][j] = bias[j] - ais->base[l][j];
      ais->shifted = ais->shifted || fabsf(ais->shift[l][j]) > 0;
    }
  }
  if (complete) return VPF_OK;
  vpfi_ais_clear(ais);
  return VPF_ERR_MEMORY;
}

void vpfi_ais_clear(vpfi_ais *ais) {
  for (size_t l = 0; ais->base && ais->shift && l < ais->machine->shape->n_layers; l++) {
    vpfi_free(ais->base[l]);
    vpfi_free(ais->shift[l]);
  }
  vpfi_free(ais->base);
  vpfi_free(ais->shift);
  *ais = (vpfi_ais){0};
}

double vpfi_ais_base_log_z(const vpfi_ais *ais) {
  const vpfi_shape *shape = ais->machine->shape;
  double sum = 0;
  for (size_t l = 0; l < shape->n_layers; l++)
    for (size_t j = 0; j < shape->layer[l].size; j++) sum += vpfi_softplus((double)ais->base[l][j]);
  return sum;
}

typedef struct ais_job {
  const vpfi_ais *ais;
  vpfi_ais_run_kind kind;
  const float *beta;
  size_t n;
  uint64_t seed;
  vpfi_states *states; /* one row a chain */
  vpfi_scratch *scratch;
  double *weights, *parts;
} ais_job;

typedef struct annealer {
  const ais_job *job;
  size_t row;
  vpfi_scratch *scratch;
} annealer;

static bool is_summed(const annealer *a, size_t layer) {
  return vpfi_split_is_summed(&a->job->ais->split, layer);
}

/* Step k of a run, or, below all steps, the draw at its start. */
static uint64_t stream_of(const ais_job *job, size_t k) {
  return vpfi_rng_stream(job->seed, VPFI_PURPOSE_AIS, (uint64_t)job->kind << 40 | k);
}

/* f of a layer for the states that are seen. */
static void find_f(const annealer *a, size_t layer, float *f) {
  const vpfi_ais *ais = a->job->ais;
  const vpfi_layer *l = &ais->machine->shape->layer[layer];
  vpfi_field(ais->machine, VPFI_ORDER_SWEPT, l->up, VPFI_FROM_ALL, a->scratch, f);
  for (size_t j = 0; j < l->width; j++) f[j] -= ais->base[layer][j];
}

/* Draw a layer at beta given f, which is kept up to date where units of the layer see each other. */
static void draw_layer(const annealer *a, size_t layer, float beta, uint64_t stream, float *f) {
  const vpfi_machine *machine = a->job->ais->machine;
  const vpfi_layer *l = &machine->shape->layer[layer];
  const float *base = a->job->ais->base[layer];
  vpfi_scratch *scratch = a->scratch;
  uint64_t *bits = vpfi_states_row(a->job->states, layer, a->row);
  vpfi_draw_thresholds(machine, layer, stream, 0, a->row, scratch);
  if (l->intra) {
    for (size_t j = 0; j < l->size; j++) {
      const bool on = base[j] + beta * f[j] > scratch->threshold[j];
      if (on == vpfi_bits_get(bits, j)) continue;
      vpfi_bits_flip(bits, j);
      machine->kernels->add_row(f, machine->params->intra[layer] + j * l->width, on, l->width);
    }
  } else {
    machine->kernels->temper(scratch->z, base, f, beta, l->width);
    machine->kernels->draw(bits, scratch->z, scratch->threshold, l->size);
  }
}

/* d/dbeta of -E over the explicit states alone: biases, and edges whose two ends are explicit, each
 * of which is seen from both ends. */
static double explicit_slope(const annealer *a) {
  const vpfi_ais *ais = a->job->ais;
  const vpfi_shape *shape = ais->machine->shape;
  const bool all_explicit = ais->split.parity == 2;
  double sum = 0;
  for (size_t l = 0; l < shape->n_layers; l++) {
    if (is_summed(a, l) || !(ais->shifted || all_explicit || shape->layer[l].intra)) continue;
    vpfi_scratch_list(a->scratch, a->job->states, l, a->row);
    const uint32_t *index = a->scratch->index[l];
    const size_t count = a->scratch->count[l];
    for (size_t k = 0; ais->shifted && k < count; k++) sum += (double)ais->shift[l][index[k]];
    if (!all_explicit && !shape->layer[l].intra) continue; /* explicit layers do not touch each other */
    float *edges = a->scratch->z;
    if (all_explicit) {
      vpfi_field(ais->machine, VPFI_ORDER_SWEPT, shape->layer[l].up, VPFI_FROM_ALL, a->scratch, edges);
      const float *bias = ais->machine->params->bias[shape->layer[l].up];
      for (size_t j = 0; j < shape->layer[l].size; j++) edges[j] -= bias[j];
    } else {
      ais->machine->kernels->sum_rows(edges, NULL, ais->machine->params->intra[l], shape->layer[l].width, shape->layer[l].width,
                                       index, count);
    }
    for (size_t k = 0; k < count; k++) sum += 0.5 * (double)edges[index[k]];
  }
  return sum;
}

/* The log of the unnormalised probability of the explicit state at `to` over that at `from`. On the
 * way the summed layers, which are functions of the explicit state at `to`, are drawn: they share f.
 * Then the explicit layers are drawn given those. */
static double step(const annealer *a, float from, float to, uint64_t stream, bool move) {
  const vpfi_ais *ais = a->job->ais;
  const vpfi_shape *shape = ais->machine->shape;
  float *f = a->scratch->field;
  double weight = (double)(to - from) * explicit_slope(a);
  for (size_t l = 0; l < shape->n_layers; l++) {
    if (!is_summed(a, l)) continue;
    find_f(a, l, f);
    weight += ais->machine->kernels->softplus_change(ais->base[l], f, from, to, shape->layer[l].size);
    if (move) draw_layer(a, l, to, stream, f);
  }
  for (size_t l = 0; move && l < shape->n_layers; l++) {
    if (is_summed(a, l)) continue;
    find_f(a, l, f);
    draw_layer(a, l, to, stream, f);
  }
  return weight;
}

static void run_range(void *context, size_t begin, size_t end, size_t thread) {
  const ais_job *job = context;
  for (size_t row = begin; row < end; row++) {
    const annealer a = {job, row, &job->scratch[thread]};
    vpfi_scratch_see(a.scratch, job->states, row);
    double weight = 0;
    for (size_t k = 1; k < job->n; k++) {
      const double part = step(&a, job->beta[k - 1], job->beta[k], stream_of(job, k), k + 1 < job->n);
      if (job->parts) job->parts[row * (job->n - 1) + k - 1] = part;
      weight += part;
    }
    job->weights[row] = weight;
  }
}

void vpfi_ais_run(const vpfi_ais *ais, vpfi_ais_run_kind kind, const float *beta, size_t n, uint64_t seed,
                  vpfi_states *states, size_t threads, vpfi_scratch *scratch, double *weights, double *parts) {
  ais_job job = {ais, kind, beta, n, seed, states, scratch, weights, parts};
  vpfi_parallel_for(states->rows, threads, run_range, &job);
}

static void start_range(void *context, size_t begin, size_t end, size_t thread) {
  const ais_job *job = context;
  const vpfi_ais *ais = job->ais;
  for (size_t row = begin; row < end; row++) {
    vpfi_scratch *scratch = &job->scratch[thread];
    for (size_t l = 0; l < ais->machine->shape->n_layers; l++) {
      vpfi_draw_thresholds(ais->machine, l, stream_of(job, 0), 0, row, scratch);
      ais->machine->kernels->draw(vpfi_states_row(job->states, l, row), ais->base[l], scratch->threshold,
                                  ais->machine->shape->layer[l].size);
    }
  }
}

void vpfi_ais_start(const vpfi_ais *ais, vpfi_ais_run_kind kind, uint64_t seed, vpfi_states *states, size_t threads,
                    vpfi_scratch *scratch) {
  ais_job job = {.ais = ais, .kind = kind, .seed = seed, .states = states, .scratch = scratch};
  vpfi_parallel_for(states->rows, threads, start_range, &job);
}

void vpfi_ais_uniform(float *beta, size_t n) {
  for (size_t k = 0; k < n; k++) beta[k] = (float)((double)k / (double)(n - 1));
}

static double part_deviation(const double *parts, size_t chains, size_t steps, size_t step) {
  double mean = 0, sum = 0;
  for (size_t c = 0; c < chains; c++) mean += parts[c * steps + step] / (double)chains;
  for (size_t c = 0; c < chains; c++) {
    const double off = parts[c * steps + step] - mean;
    sum += off * off;
  }
  return sqrt(sum / (double)(chains - 1));
}

/* A fifth of the temperatures are spread evenly, whatever the pilot says: it is a small sample. */
void vpfi_ais_adapt(float *beta, size_t n, const float *pilot_beta, size_t pilot_n, const double *parts,
                    size_t chains) {
  const size_t steps = pilot_n - 1;
  double total = 0;
  for (size_t k = 0; k < steps; k++) total += part_deviation(parts, chains, steps, k);
  double done = 0; /* share of the way at the beginning of pilot step k */
  size_t next = 1;
  beta[0] = 0;
  for (size_t k = 0; k < steps; k++) {
    const double width = (double)(pilot_beta[k + 1] - pilot_beta[k]);
    const double share = total > 0 ? 0.2 * width + 0.8 * part_deviation(parts, chains, steps, k) / total : width;
    for (; next + 1 < n && (double)next / (double)(n - 1) < done + share; next++)
      beta[next] =
          (float)((double)pilot_beta[k] + width * ((double)next / (double)(n - 1) - done) / share);
    done += share;
  }
  for (; next < n; next++) beta[next] = 1; /* what rounding left over */
}
