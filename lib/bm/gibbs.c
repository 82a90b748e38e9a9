/* SPDX-License-Identifier: MIT */
#include "bm/gibbs.h"

#include <string.h>

#include "bm/energy.h"
#include "num/bits.h"
#include "num/rng.h"

const vpfi_estep vpfi_estep_paper = {.gibbs = false, .sweeps = 1, .order = VPFI_ORDER_SWEPT, .random_start = false};

void vpfi_draw_thresholds(const vpfi_machine *machine, size_t layer, uint64_t stream, uint32_t pass, uint64_t id,
                          vpfi_scratch *scratch) {
  const vpfi_layer *l = &machine->shape->layer[layer];
  machine->kernels->random(scratch->random, stream, pass, id, (uint32_t)(l->first_draw / 4), l->width / 4);
  machine->kernels->thresholds(scratch->threshold, scratch->random, l->width);
}

/* A flip of unit j changes every pending field by U_j, so a sweep costs O(n) for each flip, not
 * for each unit. */
void vpfi_sweep(const vpfi_machine *machine, size_t layer, const uint64_t *clamped, float *z,
                const float *threshold, uint64_t *bits, float *drawn_with) {
  const vpfi_layer *l = &machine->shape->layer[layer];
  const float *u = machine->params->intra[layer];
  for (size_t j = 0; j < l->size; j++) {
    if (drawn_with) drawn_with[j] = z[j];
    if (clamped && vpfi_bits_get(clamped, j)) continue;
    const bool on = z[j] > threshold[j];
    if (on == vpfi_bits_get(bits, j)) continue;
    vpfi_bits_flip(bits, j);
    machine->kernels->add_row(z, u + j * l->width, on, l->width);
  }
}

void vpfi_draw_layer(const vpfi_machine *machine, size_t layer, const uint64_t *clamped, vpfi_scratch *scratch,
                     uint64_t *bits) {
  const vpfi_layer *l = &machine->shape->layer[layer];
  machine->kernels->draw(scratch->drawn, scratch->z, scratch->threshold, l->size);
  for (size_t w = 0; w < l->words; w++) {
    const uint64_t kept = clamped ? clamped[w] : 0;
    bits[w] = (bits[w] & kept) | (scratch->drawn[w] & ~kept);
  }
}

/* p(h_i | h_{i-1}), then Eq. (5). Passes: 0 the first draw, 1.. the sweeps. */
static void infer_layer(const vpfi_machine *machine, const vpfi_estep *estep, size_t sweeps, uint64_t stream,
                        vpfi_states *states, size_t row, size_t layer, vpfi_scratch *scratch) {
  const vpfi_shape *shape = machine->shape;
  const vpfi_layer *l = &shape->layer[layer];
  const size_t swept = shape->role[l->up].state[estep->order], unswept = shape->role[l->down].state[estep->order];
  const uint64_t id = vpfi_states_id(states, row);
  uint64_t *bits = vpfi_states_row(states, swept, row);

  vpfi_field(machine, estep->order, l->up, VPFI_FROM_BELOW, scratch, scratch->z);
  vpfi_draw_thresholds(machine, layer, stream, 0, id, scratch);
  machine->kernels->draw(bits, scratch->z, scratch->threshold, l->size);
  vpfi_scratch_list(scratch, states, swept, row);
  if (!l->intra) return;

  if (unswept != swept) {
    memcpy(vpfi_states_row(states, unswept, row), bits, l->words * sizeof *bits);
    vpfi_scratch_list(scratch, states, unswept, row);
  }
  machine->kernels->sum_rows(scratch->z, machine->params->intra[layer], l->width, scratch->index[swept],
                             scratch->count[swept]);
  for (size_t s = 0; s < sweeps; s++) {
    vpfi_draw_thresholds(machine, layer, stream, (uint32_t)(1 + s), id, scratch);
    vpfi_sweep(machine, layer, NULL, scratch->z, scratch->threshold, bits, NULL);
  }
  vpfi_scratch_list(scratch, states, swept, row);
}

void vpfi_gibbs_layer(const vpfi_machine *machine, const uint64_t *clamped, uint64_t stream, uint32_t pass,
                      vpfi_states *states, size_t row, size_t layer, vpfi_scratch *scratch) {
  const vpfi_layer *l = &machine->shape->layer[layer];
  uint64_t *bits = vpfi_states_row(states, layer, row);
  vpfi_field(machine, VPFI_ORDER_SWEPT, l->up, VPFI_FROM_ALL, scratch, scratch->z);
  vpfi_draw_thresholds(machine, layer, stream, pass, vpfi_states_id(states, row), scratch);
  if (l->intra)
    vpfi_sweep(machine, layer, clamped, scratch->z, scratch->threshold, bits, NULL);
  else
    vpfi_draw_layer(machine, layer, clamped, scratch, bits);
  vpfi_scratch_list(scratch, states, layer, row);
}

static void toss_coins(const vpfi_machine *machine, uint64_t stream, vpfi_states *states, size_t row, size_t layer,
                       vpfi_scratch *scratch) {
  const vpfi_layer *l = &machine->shape->layer[layer];
  memset(scratch->z, 0, l->width * sizeof(float));
  vpfi_draw_thresholds(machine, layer, stream, 0, vpfi_states_id(states, row), scratch);
  machine->kernels->draw(vpfi_states_row(states, layer, row), scratch->z, scratch->threshold, l->size);
  vpfi_scratch_list(scratch, states, layer, row);
}

static void infer_rows(const vpfi_machine *machine, const vpfi_estep *estep, uint64_t stream, vpfi_states *states,
                       size_t begin, size_t end, vpfi_scratch *scratch) {
  const size_t layers = machine->shape->n_layers;
  for (size_t row = begin; row < end; row++) {
    vpfi_scratch_list(scratch, states, 0, row);
    for (size_t layer = 1; layer < layers; layer++) {
      if (estep->gibbs && estep->random_start)
        toss_coins(machine, stream, states, row, layer, scratch);
      else /* the start of the Gibbs sampler is not swept */
        infer_layer(machine, estep, estep->gibbs ? 0 : estep->sweeps, stream, states, row, layer, scratch);
    }
    for (size_t s = 0; estep->gibbs && s < estep->sweeps; s++)
      for (size_t layer = 1; layer < layers; layer++)
        vpfi_gibbs_layer(machine, NULL, stream, (uint32_t)(1 + s), states, row, layer, scratch);
  }
}

typedef struct infer_job {
  const vpfi_machine *machine;
  const vpfi_estep *estep;
  uint64_t stream;
  vpfi_states *states;
  vpfi_scratch *scratch;
} infer_job;

static void infer_range(void *context, size_t begin, size_t end, size_t thread) {
  const infer_job *job = context;
  infer_rows(job->machine, job->estep, job->stream, job->states, begin, end, &job->scratch[thread]);
}

void vpfi_infer(const vpfi_machine *machine, const vpfi_estep *estep, uint64_t stream, vpfi_states *states,
                vpfi_team *team, vpfi_scratch *scratch) {
  infer_job job = {machine, estep, stream, states, scratch};
  vpfi_team_for(team, states->rows, infer_range, &job);
}

typedef struct gibbs_job {
  const vpfi_machine *machine;
  uint64_t *const *clamped;
  size_t sweeps;
  uint64_t seed;
  vpfi_states *states;
  vpfi_scratch *scratch;
  size_t thin;    /* sweeps from one energy to the next */
  double *energy; /* [rows x sweeps / thin], or NULL */
} gibbs_job;

static void gibbs_range(void *context, size_t begin, size_t end, size_t thread) {
  const gibbs_job *job = context;
  const size_t layers = job->machine->shape->n_layers;
  vpfi_scratch *scratch = &job->scratch[thread];
  for (size_t row = begin; row < end; row++) {
    for (size_t layer = 0; layer < layers; layer++) vpfi_scratch_list(scratch, job->states, layer, row);
    uint64_t stream = 0;
    for (size_t s = 0; s < job->sweeps; s++) {
      if ((uint32_t)s == 0) stream = vpfi_rng_stream(job->seed, VPFI_PURPOSE_GIBBS, (uint64_t)s >> 32);
      for (size_t layer = 0; layer < layers; layer++)
        vpfi_gibbs_layer(job->machine, job->clamped ? job->clamped[layer] : NULL, stream, (uint32_t)s, job->states,
                         row, layer, scratch);
      if (job->energy && (s + 1) % job->thin == 0)
        job->energy[row * (job->sweeps / job->thin) + s / job->thin] =
            vpfi_energy(job->machine->shape, job->machine->params, scratch->index, scratch->count);
    }
  }
}

void vpfi_gibbs_sample(const vpfi_machine *machine, uint64_t *const *clamped, size_t sweeps, uint64_t seed,
                       vpfi_states *states, size_t threads, vpfi_scratch *scratch) {
  gibbs_job job = {machine, clamped, sweeps, seed, states, scratch, 1, NULL};
  vpfi_parallel_for(states->rows, threads, gibbs_range, &job);
}

void vpfi_gibbs_trace(const vpfi_machine *machine, uint64_t *const *clamped, size_t draws, size_t thin, uint64_t seed,
                      vpfi_states *states, double *energy, size_t threads, vpfi_scratch *scratch) {
  gibbs_job job = {machine, clamped, draws * thin, seed, states, scratch, thin, energy};
  vpfi_parallel_for(states->rows, threads, gibbs_range, &job);
}
