/* SPDX-License-Identifier: MIT */
#include "eval/ais.h"

#include <math.h>
#include <string.h>

#include "base/threads.h"
#include "bm/gibbs.h"
#include "eval/split.h"
#include "num/bits.h"
#include "num/elementary.h"
#include "num/rng.h"

/* At inverse temperature beta the weights, not the biases, are multiplied by beta:
 *   -E_beta(y) = sum_j b_j y_j + beta sum over edges w_ij y_i y_j
 * `f` below is a field without the bias: z = b + beta f. */
typedef struct ais_job {
  const vpfi_machine *machine;
  vpfi_split split;
  size_t betas;
  uint64_t seed;
  vpfi_states *states; /* one row a chain */
  vpfi_scratch *scratch;
  double *weights;
} ais_job;

typedef struct chain {
  const ais_job *job;
  size_t row;
  vpfi_scratch *scratch;
} chain;

/* f of a layer: only edges, of all neighbours or only of explicit ones. */
static void edge_field(const chain *c, size_t layer, float *f) {
  const vpfi_shape *shape = c->job->machine->shape;
  const float *bias = c->job->machine->params->bias[shape->layer[layer].up];
  vpfi_field(c->job->machine, VPFI_ORDER_SWEPT, shape->layer[layer].up, VPFI_FROM_ALL, c->scratch, f);
  for (size_t j = 0; j < shape->layer[layer].size; j++) f[j] -= bias[j];
}

/* Draw one layer given the others at beta; with U, unit after unit. */
static void draw_layer(const chain *c, size_t layer, float beta, uint64_t stream) {
  const vpfi_machine *machine = c->job->machine;
  const vpfi_layer *l = &machine->shape->layer[layer];
  const float *bias = machine->params->bias[l->up];
  vpfi_scratch *scratch = c->scratch;
  uint64_t *bits = vpfi_states_row(c->job->states, layer, c->row);
  float *f = scratch->z;
  edge_field(c, layer, f);
  vpfi_draw_thresholds(machine, layer, stream, 0, c->row, scratch);
  for (size_t j = 0; j < l->size; j++) {
    const bool on = bias[j] + beta * f[j] > scratch->threshold[j];
    if (on == vpfi_bits_get(bits, j)) continue;
    vpfi_bits_flip(bits, j);
    if (l->intra) machine->kernels->add_row(f, machine->params->intra[layer] + j * l->width, on, l->width);
  }
  vpfi_scratch_list(scratch, c->job->states, layer, c->row);
}

/* sum over explicit edges of w y y: each is seen from both ends. */
static double explicit_edges(const chain *c) {
  const vpfi_shape *shape = c->job->machine->shape;
  double sum = 0;
  for (size_t l = 0; l < shape->n_layers; l++) {
    if (!vpfi_split_is_explicit(&c->job->split, l)) continue;
    if (c->job->split.parity < 2 && !shape->layer[l].intra) continue; /* explicit layers do not touch */
    float *f = c->scratch->z;
    if (c->job->split.parity < 2) { /* neighbours are summed: own layer only */
      memset(f, 0, shape->layer[l].width * sizeof *f);
      c->job->machine->kernels->sum_rows(f, c->job->machine->params->intra[l], shape->layer[l].width,
                                         c->scratch->index[l], c->scratch->count[l]);
    } else {
      edge_field(c, l, f);
    }
    for (size_t k = 0; k < c->scratch->count[l]; k++) sum += 0.5 * (double)f[c->scratch->index[l][k]];
  }
  return sum;
}

/* log of the unnormalised probability of the explicit state at `to` over that at `from`. */
static double log_ratio(const chain *c, double from, double to) {
  const vpfi_shape *shape = c->job->machine->shape;
  double sum = (to - from) * explicit_edges(c);
  for (size_t l = 0; l < shape->n_layers; l++) {
    if (!vpfi_split_is_summed(&c->job->split, l)) continue;
    const float *bias = c->job->machine->params->bias[shape->layer[l].up];
    float *f = c->scratch->z;
    edge_field(c, l, f);
    double ratio = 1; /* of (1 + exp z) at `to` and at `from`, with the large part apart */
    for (size_t j = 0; j < shape->layer[l].size; j++) {
      const double a = (double)bias[j] + from * (double)f[j], b = (double)bias[j] + to * (double)f[j];
      sum += (b > 0 ? b : 0) - (a > 0 ? a : 0);
      ratio *= (1 + vpfi_exp(-fabs(b))) / (1 + vpfi_exp(-fabs(a))); /* in (1/2, 2) */
      if (j % 512 == 511) {
        sum += vpfi_log(ratio);
        ratio = 1;
      }
    }
    sum += vpfi_log(ratio);
  }
  return sum;
}

static void anneal(void *context, size_t begin, size_t end, size_t thread) {
  const ais_job *job = context;
  const vpfi_shape *shape = job->machine->shape;
  for (size_t row = begin; row < end; row++) {
    const chain c = {job, row, &job->scratch[thread]};
    for (size_t l = 0; l < shape->n_layers; l++) vpfi_scratch_list(c.scratch, job->states, l, row);
    double weight = 0;
    for (size_t k = 0; k < job->betas; k++) { /* k = 0 draws from the start exactly: beta is 0 */
      const double beta = (double)k / (double)(job->betas - 1);
      const uint64_t stream = vpfi_rng_stream(job->seed, VPFI_PURPOSE_AIS, k);
      /* summed layers first: they are not part of the state, the explicit ones are drawn given them */
      for (size_t l = 0; l < shape->n_layers; l++)
        if (vpfi_split_is_summed(&job->split, l)) draw_layer(&c, l, (float)beta, stream);
      for (size_t l = 0; l < shape->n_layers; l++)
        if (vpfi_split_is_explicit(&job->split, l)) draw_layer(&c, l, (float)beta, stream);
      if (k + 1 < job->betas) weight += log_ratio(&c, beta, (double)(k + 1) / (double)(job->betas - 1));
    }
    job->weights[row] = weight;
  }
}

vpf_status vpfi_ais(const vpfi_machine *machine, size_t chains, size_t betas, uint64_t seed, size_t threads,
                    double *out_base, double *out_weights) {
  const vpfi_shape *shape = machine->shape;
  vpfi_states states = {0};
  vpfi_scratch *scratch = vpfi_scratch_create(shape, threads);
  const vpf_status status =
      scratch ? vpfi_states_init(&states, shape, VPFI_ORDER_SWEPT, chains, 1, NULL) : VPF_ERR_MEMORY;
  if (!status) {
    ais_job job = {machine, vpfi_split_choose(shape, 0), betas, seed, &states, scratch, out_weights};
    vpfi_parallel_for(chains, threads, anneal, &job);
    *out_base = 0;
    for (size_t r = 0; r < shape->n_roles; r++)
      for (size_t j = 0; j < shape->layer[shape->role[r].layer].size; j++)
        *out_base += vpfi_softplus((double)machine->params->bias[r][j]);
  }
  vpfi_states_clear(&states);
  vpfi_scratch_destroy(scratch, threads);
  return status;
}
