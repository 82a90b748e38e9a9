/* SPDX-License-Identifier: MIT */
#include "bm/gibbs.h"

#include <string.h>

#include "bm/chain.h"
#include "bm/energy.h"
#include "num/rng.h"

const vpfi_estep vpfi_estep_paper = {.gibbs = false, .sweeps = 1, .order = VPFI_ORDER_SWEPT, .random_start = false};

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

/* The layers from `first` on, each once given all its neighbours; they share the number of the pass. */
static void resample_layers(vpfi_chain *chain, size_t first, uint32_t pass) {
  const vpfi_shape *shape = chain->machine->shape;
  for (size_t layer = first; layer < shape->n_layers; layer++) {
    chain->pass = pass;
    vpfi_chain_resample(chain, shape->layer[layer].up, NULL);
  }
}

static void infer_rows(const vpfi_machine *machine, const vpfi_estep *estep, uint64_t stream, vpfi_states *states,
                       size_t begin, size_t end, vpfi_scratch *scratch) {
  for (size_t row = begin; row < end; row++) {
    vpfi_scratch_list(scratch, states, 0, row);
    for (size_t layer = 1; layer < machine->shape->n_layers; layer++) {
      if (estep->gibbs && estep->random_start) {
        vpfi_draw_coins(machine, layer, stream, 0, vpfi_states_id(states, row), scratch,
                        vpfi_states_row(states, layer, row));
        vpfi_scratch_list(scratch, states, layer, row);
      } else { /* the start of the Gibbs sampler is not swept */
        infer_layer(machine, estep, estep->gibbs ? 0 : estep->sweeps, stream, states, row, layer, scratch);
      }
    }
    vpfi_chain chain = {.machine = machine, .states = states, .row = row, .scratch = scratch, .stream = stream};
    for (size_t s = 0; estep->gibbs && s < estep->sweeps; s++) resample_layers(&chain, 1, (uint32_t)(1 + s));
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
  size_t sweeps, thin;
  uint64_t seed;
  vpfi_states *states;
  double *energy;
  vpfi_scratch *scratch;
} gibbs_job;

static void gibbs_range(void *context, size_t begin, size_t end, size_t thread) {
  const gibbs_job *job = context;
  for (size_t row = begin; row < end; row++) {
    vpfi_chain chain = {.machine = job->machine,
                        .states = job->states,
                        .row = row,
                        .scratch = &job->scratch[thread],
                        .clamped = job->clamped};
    vpfi_scratch_list_all(chain.scratch, job->states, row);
    for (size_t s = 0; s < job->sweeps; s++) {
      if ((uint32_t)s == 0) chain.stream = vpfi_rng_stream(job->seed, VPFI_PURPOSE_GIBBS, (uint64_t)s >> 32);
      resample_layers(&chain, 0, (uint32_t)s);
      if (job->energy && (s + 1) % job->thin == 0)
        job->energy[row * (job->sweeps / job->thin) + s / job->thin] =
            vpfi_energy(job->machine->shape, job->machine->params, chain.scratch->index, chain.scratch->count);
    }
  }
}

void vpfi_gibbs_sample(const vpfi_machine *machine, uint64_t *const *clamped, size_t sweeps, size_t thin,
                       uint64_t seed, vpfi_states *states, double *energy, size_t threads, vpfi_scratch *scratch) {
  gibbs_job job = {machine, clamped, sweeps, thin, seed, states, energy, scratch};
  vpfi_parallel_for(states->rows, threads, gibbs_range, &job);
}
