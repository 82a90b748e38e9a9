/* SPDX-License-Identifier: MIT */
#include "eval/ais.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "bm/chain.h"
#include "num/elementary.h"
#include "num/rng.h"
#include "num/statistics.h"

/* The biases of a base, layer by layer. */
static float *const *base_of(const vpfi_ais *ais, size_t base) {
  return ais->bases->of_layer + base * ais->bases->shape->n_layers;
}

static double summed_softplus(const vpfi_ais *ais, size_t base) {
  const vpfi_shape *shape = ais->bases->shape;
  double sum = 0;
  for (size_t l = 0; l < shape->n_layers; l++)
    for (size_t j = 0; vpfi_split_is_summed(&ais->split, l) && j < shape->layer[l].size; j++)
      sum += vpfi_softplus((double)base_of(ais, base)[l][j]);
  return sum;
}

vpf_status vpfi_ais_init(vpfi_ais *ais, vpfi_workspace *work, const vpfi_bases *bases, size_t most) {
  *ais = (vpfi_ais){.work = work,
                    .bases = bases,
                    .split = vpfi_split_choose(work->machine.shape, 0),
                    .group = vpfi_alloc(work->states.rows, sizeof(size_t)),
                    .mixed = vpfi_alloc(most, sizeof(bool)),
                    .field = vpfi_alloc(work->team.threads, bases->length * sizeof(float))};
  for (size_t s = 0; s < bases->count; s++) ais->summed[s] = summed_softplus(ais, s);
  if (ais->group && ais->mixed && ais->field) return VPF_OK;
  vpfi_ais_clear(ais);
  return VPF_ERR_MEMORY;
}

void vpfi_ais_clear(vpfi_ais *ais) {
  vpfi_free(ais->group);
  vpfi_free(ais->mixed);
  vpfi_free(ais->field);
  *ais = (vpfi_ais){0};
}

typedef struct ais_job {
  const vpfi_ais *ais;
  vpfi_ais_run_kind kind;
  const float *beta;
  size_t n;
  uint64_t seed;
  double *weights, *parts;
  const bool *mixed; /* [n] */
} ais_job;

/* The random stream of step k of a run, which counts from 1; 0 is the draw at its start. */
static uint64_t stream_of(const ais_job *job, size_t k) {
  return vpfi_rng_stream(job->seed, VPFI_PURPOSE_AIS, (uint64_t)job->kind << 40 | k);
}

static vpfi_chain chain_of(const ais_job *job, size_t row, size_t thread) {
  vpfi_workspace *work = job->ais->work;
  const vpfi_chain chain = {
      .machine = &work->machine, .states = &work->states, .row = row, .scratch = &work->scratch[thread]};
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

/* A step of a chain's path, and what its weight is made of: for each base from `first` to `end`-1, the log of share /
 * Z^(1 - beta) times the unnormalised probability of the explicit layers, but for a part beta * slope that all bases
 * share. */
typedef struct bridge {
  float from, to; /* beta */
  size_t first, end;
  double slope;
  double before[VPFI_MOST_BASES], after[VPFI_MOST_BASES];
} bridge;

/* The explicit layers alone: -E of them, whose edges with two explicit ends are seen from both, and their units' biases. */
static void add_explicit(const vpfi_ais *ais, const vpfi_chain *chain, bridge *b) {
  const vpfi_shape *shape = chain->machine->shape;
  const bool all_explicit = ais->split.parity == 2;
  for (size_t l = 0; l < shape->n_layers; l++) {
    if (vpfi_split_is_summed(&ais->split, l)) continue;
    vpfi_scratch_list(chain->scratch, chain->states, l, chain->row);
    const uint32_t *index = chain->scratch->index[l];
    const size_t count = chain->scratch->count[l];
    const float *bias = chain->machine->params->bias[shape->layer[l].up];
    for (size_t k = 0; k < count; k++) b->slope += (double)bias[index[k]];
    for (size_t s = b->first; s < b->end; s++) {
      double sum = 0;
      for (size_t k = 0; k < count; k++) sum += (double)base_of(ais, s)[l][index[k]];
      b->before[s] += (1 - (double)b->from) * sum;
      b->after[s] += (1 - (double)b->to) * sum;
    }
    if (!all_explicit && !shape->layer[l].intra) continue;
    float *edges = chain->scratch->z;
    explicit_edges(chain, l, all_explicit, edges);
    for (size_t k = 0; k < count; k++) b->slope += 0.5 * (double)edges[index[k]];
  }
}

/* f of a summed layer by a base, from its whole field. */
static void slope_by_base(const vpfi_ais *ais, size_t layer, size_t base, const float *field, float *f) {
  const float *bias = base_of(ais, base)[layer];
  for (size_t j = 0; j < ais->bases->shape->layer[layer].width; j++) f[j] = field[j] - bias[j];
}

/* The summed layers given the explicit ones; the fields are kept in `field` for drawing them. */
static void add_summed(const vpfi_ais *ais, const vpfi_chain *chain, float *field, bridge *b) {
  const vpfi_kernels *kernels = chain->machine->kernels;
  const vpfi_shape *shape = chain->machine->shape;
  float *f = chain->scratch->field;
  for (size_t l = 0; l < shape->n_layers; l++) {
    const vpfi_layer *layer = &shape->layer[l];
    if (!vpfi_split_is_summed(&ais->split, l)) continue;
    vpfi_field(chain->machine, chain->order, layer->up, VPFI_FROM_ALL, chain->scratch, field + layer->first_draw);
    for (size_t s = b->first; s < b->end; s++) {
      const float *bias = base_of(ais, s)[l];
      slope_by_base(ais, l, s, field + layer->first_draw, f);
      const bool alone = b->end - b->first == 1; /* only the change counts */
      const double start = alone ? 0 : kernels->softplus_change(bias, f, 0, b->from, layer->size);
      b->before[s] += start;
      b->after[s] += start + kernels->softplus_change(bias, f, b->from, b->to, layer->size);
    }
  }
}

/* The log of the sum of exp(log[k]), with exp(log[k] - largest) in place of each. */
static double log_sum(double *log, size_t count) {
  double largest = log[0], sum = 0;
  for (size_t k = 1; k < count; k++) largest = fmax(largest, log[k]);
  for (size_t k = 0; k < count; k++) {
    log[k] = vpfi_exp(log[k] - largest);
    sum += log[k];
  }
  return largest + vpfi_log(sum);
}

/* Number k with probability weight[k] / sum. */
static size_t draw_base(const double *weight, size_t count, uint64_t stream, size_t row) {
  uint32_t word[4];
  double sum = 0;
  if (count == 1) return 0;
  for (size_t k = 0; k < count; k++) sum += weight[k];
  vpfi_rng_block(stream, 1, row, 0, word); /* pass 1: pass 0 draws the layers */
  double left = vpfi_rng_unit(word[1], word[0]) * sum;
  for (size_t k = 0; k + 1 < count; k++) {
    if (left < weight[k]) return k;
    left -= weight[k];
  }
  return count - 1;
}

/* Draw the summed layers given the explicit ones, from their fields, then the explicit ones given them, at chain->beta. */
static void move_chain(const vpfi_ais *ais, vpfi_chain *chain, size_t base, const float *field) {
  const vpfi_shape *shape = chain->machine->shape;
  chain->base = base_of(ais, base);
  for (size_t l = 0; l < shape->n_layers; l++) {
    if (!vpfi_split_is_summed(&ais->split, l)) continue;
    chain->pass = 0;
    slope_by_base(ais, l, base, field + shape->layer[l].first_draw, chain->scratch->field);
    vpfi_chain_draw_tempered(chain, shape->layer[l].up, chain->scratch->field, NULL);
  }
  for (size_t l = 0; l < shape->n_layers; l++) {
    chain->pass = 0;
    if (!vpfi_split_is_summed(&ais->split, l)) vpfi_chain_resample(chain, shape->layer[l].up, NULL);
  }
}

/* The log of the ratio of the explicit layers' probability, unnormalised, at the end of the step to that at its beginning,
 * Eq. (36b): summed over all bases, of which the chain then chooses one; or, if not mixed, with the chain's own. */
static double weigh(const vpfi_ais *ais, const vpfi_chain *chain, bridge *b, bool mixed, float *field, size_t *base) {
  const vpfi_bases *bases = ais->bases;
  const double from = (double)b->from, to = (double)b->to;
  b->first = mixed ? 0 : *base;
  b->end = mixed ? bases->count : *base + 1;
  for (size_t s = b->first; s < b->end; s++) {
    b->before[s] = vpfi_log(bases->share[s]) - (1 - from) * bases->log_z[s] + ais->summed[s];
    b->after[s] = b->before[s] + (to - from) * bases->log_z[s];
  }
  add_explicit(ais, chain, b);
  add_summed(ais, chain, field, b);
  const size_t count = b->end - b->first;
  const double weight =
      (to - from) * b->slope - log_sum(b->before + b->first, count) + log_sum(b->after + b->first, count);
  if (mixed) *base = draw_base(b->after, count, chain->stream, chain->row);
  return weight;
}

static void run_range(void *context, size_t begin, size_t end, size_t thread) {
  const ais_job *job = context;
  const vpfi_ais *ais = job->ais;
  float *field = ais->field + thread * ais->bases->length;
  for (size_t row = begin; row < end; row++) {
    vpfi_chain chain = chain_of(job, row, thread);
    size_t base = ais->group[row]; /* the reverse run's first step is mixed, and chooses another */
    double weight = 0;
    for (size_t k = 1; k < job->n; k++) {
      bridge b = {.from = job->beta[k - 1], .to = job->beta[k]};
      chain.stream = stream_of(job, k);
      chain.beta = b.to;
      const double part = weigh(ais, &chain, &b, job->mixed[k], field, &base);
      if (job->parts) job->parts[row * (job->n - 1) + k - 1] = part;
      weight += part;
      if (k + 1 < job->n) move_chain(ais, &chain, base, field);
    }
    job->weights[row] = weight;
  }
}

/* In which steps chains may change over. All bases are the same at beta = 1, and the odds of two differ by a factor whose
 * logarithm goes with 1 - beta: so at least once whenever that has fallen by a fifteenth. The steps are the same in both
 * directions. */
static void choose_mixed(const float *beta, size_t n, bool *mixed) {
  static const float LESS = 1 - 1 / 15.0f;
  const bool descending = beta[0] > beta[n - 1];
  float last = 1;
  for (size_t k = 1; k < n; k++) {
    const float left = 1 - (descending ? beta[n - 1 - k] : beta[k]);
    const bool due = left <= LESS * last;
    mixed[descending ? n - k : k] = due;
    if (due) last = left;
  }
}

void vpfi_ais_run(const vpfi_ais *ais, vpfi_ais_run_kind kind, const float *beta, size_t n, uint64_t seed,
                  size_t chains, double *weights, double *parts) {
  choose_mixed(beta, n, ais->mixed);
  ais_job job = {ais, kind, beta, n, seed, weights, parts, ais->mixed};
  vpfi_parallel_for(chains, ais->work->team.threads, run_range, &job);
}

/* A number for all chains of a run, in (0, 1). */
static double common_draw(const ais_job *job) {
  uint32_t word[4];
  vpfi_rng_block(stream_of(job, 0), 1, 0, 0, word);
  return vpfi_rng_unit(word[1], word[0]);
}

/* Systematic sampling: out[c] is where the quantile (c + u) / n of the weights lies; it ascends. */
static void deal(const double *weights, size_t count, double u, size_t n, size_t *out) {
  double sum = 0, below = 0; /* below: the weights before `at` */
  size_t at = 0;
  for (size_t k = 0; k < count; k++) sum += weights[k];
  for (size_t c = 0; c < n; c++) {
    const double quantile = ((double)c + u) / (double)n * sum;
    while (at + 1 < count && quantile >= below + weights[at]) below += weights[at++];
    out[c] = at;
  }
}

static void start_range(void *context, size_t begin, size_t end, size_t thread) {
  const ais_job *job = context;
  const vpfi_shape *shape = job->ais->work->machine.shape;
  for (size_t row = begin; row < end; row++) {
    vpfi_chain chain = chain_of(job, row, thread);
    chain.stream = stream_of(job, 0);
    for (size_t l = 0; l < shape->n_layers; l++) {
      chain.pass = 0;
      memcpy(chain.scratch->z, base_of(job->ais, job->ais->group[row])[l], shape->layer[l].width * sizeof(float));
      vpfi_chain_draw(&chain, shape->layer[l].up, NULL);
    }
  }
}

void vpfi_ais_start(const vpfi_ais *ais, vpfi_ais_run_kind kind, uint64_t seed, size_t chains) {
  ais_job job = {.ais = ais, .kind = kind, .seed = seed};
  deal(ais->bases->share, ais->bases->count, common_draw(&job), chains, ais->group);
  vpfi_parallel_for(chains, ais->work->team.threads, start_range, &job);
}

void vpfi_ais_resample(const vpfi_ais *ais, uint64_t seed, const double *weights, size_t chains, vpfi_states *to) {
  const ais_job job = {.ais = ais, .kind = VPFI_AIS_REVERSE, .seed = seed};
  const size_t rows = to->rows < chains ? to->rows : chains;
  deal(weights, chains, common_draw(&job), rows, ais->group);
  for (size_t r = 0; r < rows; r++) vpfi_states_copy(to, r, &ais->work->states, ais->group[r], 1);
}

void vpfi_ais_uniform(float *beta, size_t n) {
  for (size_t k = 0; k < n; k++) beta[k] = (float)((double)k / (double)(n - 1));
}

/* A fifth of the temperatures are spread evenly, whatever the pilot run says, as it is a small sample. */
void vpfi_ais_adapt(const vpfi_ais *ais, float *beta, size_t n, const float *pilot_beta, size_t pilot_n,
                    const double *parts, size_t chains) {
  const size_t steps = pilot_n - 1;
  double total = 0;
  for (size_t k = 0; k < steps; k++) total += vpfi_group_deviation(parts + k, steps, ais->group, chains);
  double done = 0; /* fraction of the path before pilot step k */
  size_t next = 1;
  beta[0] = 0;
  for (size_t k = 0; k < steps; k++) {
    const double width = (double)(pilot_beta[k + 1] - pilot_beta[k]);
    const double deviation = vpfi_group_deviation(parts + k, steps, ais->group, chains);
    const double share = total > 0 ? 0.2 * width + 0.8 * deviation / total : width;
    for (; next + 1 < n && (double)next / (double)(n - 1) < done + share; next++)
      beta[next] =
          (float)((double)pilot_beta[k] + width * ((double)next / (double)(n - 1) - done) / share);
    done += share;
  }
  for (; next < n; next++) beta[next] = 1; /* those that rounding left over */
}
