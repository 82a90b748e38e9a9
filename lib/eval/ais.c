/* SPDX-License-Identifier: MIT */
#include "eval/ais.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "bm/chain.h"
#include "num/elementary.h"
#include "num/rng.h"

vpf_status vpfi_ais_init(vpfi_ais *ais, vpfi_workspace *work, const float *visible_base) {
  const vpfi_shape *shape = work->machine.shape;
  *ais = (vpfi_ais){.work = work,
                    .split = vpfi_split_choose(shape, 0),
                    .base = vpfi_alloc(shape->n_layers, sizeof(float *)),
                    .shift = vpfi_alloc(shape->n_layers, sizeof(float *))};
  bool complete = ais->base && ais->shift;
  for (size_t l = 0; complete && l < shape->n_layers; l++) {
    const vpfi_layer *layer = &shape->layer[l];
    const float *bias = work->machine.params->bias[layer->up];
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
  for (size_t l = 0; ais->base && ais->shift && l < ais->work->machine.shape->n_layers; l++) {
    vpfi_free(ais->base[l]);
    vpfi_free(ais->shift[l]);
  }
  vpfi_free(ais->base);
  vpfi_free(ais->shift);
  *ais = (vpfi_ais){0};
}

double vpfi_ais_base_log_z(const vpfi_ais *ais) {
  const vpfi_shape *shape = ais->work->machine.shape;
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
  double *weights, *parts;
} ais_job;

/* The random stream of step k of a run, which counts from 1; 0 is the draw at its start. */
static uint64_t stream_of(const ais_job *job, size_t k) {
  return vpfi_rng_stream(job->seed, VPFI_PURPOSE_AIS, (uint64_t)job->kind << 40 | k);
}

static vpfi_chain chain_of(const ais_job *job, size_t row, size_t thread) {
  vpfi_workspace *work = job->ais->work;
  const vpfi_chain chain = {.machine = &work->machine,
                            .states = &work->states,
                            .row = row,
                            .scratch = &work->scratch[thread],
                            .base = job->ais->base};
  vpfi_scratch_see(chain.scratch, chain.states, row);
  return chain;
}

/* For the units of an explicit layer, sums of w y over the edges whose other end is explicit too. */
static void explicit_edges(const vpfi_chain *chain, size_t layer, bool all_explicit, float *edges) {
  const vpfi_machine *machine = chain->machine;
  const vpfi_layer *l = &machine->shape->layer[layer];
  if (all_explicit) {
    const float *bias = machine->params->bias[l->up];
    vpfi_field(machine, VPFI_ORDER_SWEPT, l->up, VPFI_FROM_ALL, chain->scratch, edges);
    for (size_t j = 0; j < l->size; j++) edges[j] -= bias[j];
  } else { /* no two explicit layers are adjacent */
    machine->kernels->sum_rows(edges, NULL, machine->params->intra[layer], l->width, l->width,
                               chain->scratch->index[layer], chain->scratch->count[layer]);
  }
}

/* d/dbeta of -E of the explicit layers alone: their biases, and the edges with two explicit ends, each
 * of which is seen from both ends. */
static double explicit_slope(const vpfi_ais *ais, const vpfi_chain *chain) {
  const vpfi_shape *shape = chain->machine->shape;
  const bool all_explicit = ais->split.parity == 2;
  double sum = 0;
  for (size_t l = 0; l < shape->n_layers; l++) {
    const bool edges_too = all_explicit || shape->layer[l].intra;
    if (vpfi_split_is_summed(&ais->split, l) || !(ais->shifted || edges_too)) continue;
    vpfi_scratch_list(chain->scratch, chain->states, l, chain->row);
    const uint32_t *index = chain->scratch->index[l];
    const size_t count = chain->scratch->count[l];
    for (size_t k = 0; ais->shifted && k < count; k++) sum += (double)ais->shift[l][index[k]];
    if (!edges_too) continue;
    float *edges = chain->scratch->z;
    explicit_edges(chain, l, all_explicit, edges);
    for (size_t k = 0; k < count; k++) sum += 0.5 * (double)edges[index[k]];
  }
  return sum;
}

/* The log of the ratio of the explicit layers' unnormalised probability at chain->beta to that at `from`. In
 * passing, the summed layers are drawn given the explicit ones, at chain->beta, as both need the same f; then
 * the explicit layers are drawn given the summed ones. All draws of a step are first passes of its stream. */
static double step(const vpfi_ais *ais, vpfi_chain *chain, float from, bool move) {
  const vpfi_shape *shape = chain->machine->shape;
  float *f = chain->scratch->field;
  double weight = (double)(chain->beta - from) * explicit_slope(ais, chain);
  for (size_t l = 0; l < shape->n_layers; l++) {
    if (!vpfi_split_is_summed(&ais->split, l)) continue;
    vpfi_chain_slope(chain, shape->layer[l].up, f);
    weight += chain->machine->kernels->softplus_change(ais->base[l], f, from, chain->beta, shape->layer[l].size);
    chain->pass = 0;
    if (move) vpfi_chain_draw_tempered(chain, shape->layer[l].up, f, NULL);
  }
  for (size_t l = 0; move && l < shape->n_layers; l++) {
    chain->pass = 0;
    if (!vpfi_split_is_summed(&ais->split, l)) vpfi_chain_resample(chain, shape->layer[l].up, NULL);
  }
  return weight;
}

static void run_range(void *context, size_t begin, size_t end, size_t thread) {
  const ais_job *job = context;
  for (size_t row = begin; row < end; row++) {
    vpfi_chain chain = chain_of(job, row, thread);
    double weight = 0;
    for (size_t k = 1; k < job->n; k++) {
      chain.stream = stream_of(job, k);
      chain.beta = job->beta[k];
      const double part = step(job->ais, &chain, job->beta[k - 1], k + 1 < job->n);
      if (job->parts) job->parts[row * (job->n - 1) + k - 1] = part;
      weight += part;
    }
    job->weights[row] = weight;
  }
}

void vpfi_ais_run(const vpfi_ais *ais, vpfi_ais_run_kind kind, const float *beta, size_t n, uint64_t seed,
                  size_t chains, double *weights, double *parts) {
  ais_job job = {ais, kind, beta, n, seed, weights, parts};
  vpfi_parallel_for(chains, ais->work->team.threads, run_range, &job);
}

static void start_range(void *context, size_t begin, size_t end, size_t thread) {
  const ais_job *job = context;
  const vpfi_shape *shape = job->ais->work->machine.shape;
  for (size_t row = begin; row < end; row++) {
    vpfi_chain chain = chain_of(job, row, thread);
    chain.stream = stream_of(job, 0);
    for (size_t l = 0; l < shape->n_layers; l++) {
      chain.pass = 0;
      memcpy(chain.scratch->z, job->ais->base[l], shape->layer[l].width * sizeof(float));
      vpfi_chain_draw(&chain, shape->layer[l].up, NULL);
    }
  }
}

void vpfi_ais_start(const vpfi_ais *ais, vpfi_ais_run_kind kind, uint64_t seed, size_t chains) {
  ais_job job = {.ais = ais, .kind = kind, .seed = seed};
  vpfi_parallel_for(chains, ais->work->team.threads, start_range, &job);
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

/* A fifth of the temperatures are spread evenly, whatever the pilot run says, as it is a small sample. */
void vpfi_ais_adapt(float *beta, size_t n, const float *pilot_beta, size_t pilot_n, const double *parts,
                    size_t chains) {
  const size_t steps = pilot_n - 1;
  double total = 0;
  for (size_t k = 0; k < steps; k++) total += part_deviation(parts, chains, steps, k);
  double done = 0; /* fraction of the path before pilot step k */
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
  for (; next < n; next++) beta[next] = 1; /* those that rounding left over */
}
