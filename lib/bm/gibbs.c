/* SPDX-License-Identifier: MIT */
#include "bm/gibbs.h"

#include <string.h>

#include "bm/chain.h"
#include "bm/energy.h"
#include "num/rng.h"

const vpfi_estep vpfi_estep_paper = {.gibbs = false, .sweeps = 1, .order = VPFI_ORDER_SWEPT, .random_start = false};

typedef struct infer_job {
  const vpfi_machine *machine;
  const vpfi_estep *estep;
  uint64_t stream;
  vpfi_states *states;
  vpfi_scratch *scratch;
} infer_job;

/* Sweeps by Eq. (20), passes 1, 2, ...; z: the field of the swept bits, unless the machine is careful. */
static void sweep_layer(const infer_job *job, size_t sweeps, size_t row, size_t layer, uint64_t *bits,
                        vpfi_scratch *scratch) {
  const vpfi_machine *machine = job->machine;
  const vpfi_layer *l = &machine->shape->layer[layer];
  for (size_t s = 0; s < sweeps; s++) {
    vpfi_draw_thresholds(machine, layer, job->stream, (uint32_t)(1 + s), vpfi_states_id(job->states, row), scratch);
    if (machine->careful)
      vpfi_draw_carefully(machine, job->estep->order, l->up, VPFI_FROM_BELOW | VPFI_FROM_OWN, NULL, scratch, bits, NULL);
    else
      machine->kernels->sweep(bits, scratch->z, scratch->threshold, machine->params->intra[layer], l->size, l->width,
                              NULL, NULL, s + 1 < sweeps);
  }
}

/* A first draw by Eq. (19), pass 0, then the sweeps. */
static void infer_layer(const infer_job *job, size_t sweeps, size_t row, size_t layer, vpfi_scratch *scratch) {
  const vpfi_machine *machine = job->machine;
  const vpfi_shape *shape = machine->shape;
  const vpfi_layer *l = &shape->layer[layer];
  const vpfi_order order = job->estep->order;
  const size_t swept = shape->role[l->up].plane[order], unswept = shape->role[l->down].plane[order];
  uint64_t *bits = vpfi_states_edit(job->states, swept, row);

  vpfi_draw_thresholds(machine, layer, job->stream, 0, vpfi_states_id(job->states, row), scratch);
  if (machine->careful) {
    vpfi_draw_carefully(machine, order, l->up, VPFI_FROM_BELOW, NULL, scratch, bits, NULL);
  } else {
    vpfi_field(machine, order, l->up, VPFI_FROM_BELOW, scratch, scratch->z);
    machine->kernels->draw(bits, scratch->z, scratch->threshold, l->size);
  }
  if (unswept != swept) memcpy(vpfi_states_edit(job->states, unswept, row), bits, l->words * sizeof *bits);
  if (!l->intra || sweeps == 0) return;

  if (!machine->careful) vpfi_field_add_own(machine, order, l->up, scratch, scratch->z);
  sweep_layer(job, sweeps, row, layer, bits, scratch);
}

/* Draw each layer from `first` on once, given all its neighbours; all with the same pass number. */
static void resample_layers(vpfi_chain *chain, size_t first, uint32_t pass) {
  const vpfi_shape *shape = chain->machine->shape;
  for (size_t layer = first; layer < shape->n_layers; layer++) {
    chain->pass = pass;
    vpfi_chain_resample(chain, shape->layer[layer].up, NULL);
  }
}

static void infer_row(const infer_job *job, size_t row, vpfi_scratch *scratch) {
  const vpfi_estep *estep = job->estep;
  vpfi_scratch_see(scratch, job->states, row);
  for (size_t layer = 1; layer < job->machine->shape->n_layers; layer++)
    if (estep->gibbs && estep->random_start)
      vpfi_draw_uniform(job->machine, layer, job->stream, 0, vpfi_states_id(job->states, row), scratch,
                        vpfi_states_edit(job->states, layer, row));
    else /* a Gibbs E-step starts bottom-up without sweeps */
      infer_layer(job, estep->gibbs ? 0 : estep->sweeps, row, layer, scratch);
  if (!estep->gibbs) return;
  vpfi_chain chain = {
      .machine = job->machine, .states = job->states, .row = row, .scratch = scratch, .stream = job->stream};
  for (size_t s = 0; s < estep->sweeps; s++) resample_layers(&chain, 1, (uint32_t)(1 + s));
}

static void infer_range(void *context, size_t begin, size_t end, size_t thread) {
  const infer_job *job = context;
  for (size_t row = begin; row < end; row++) infer_row(job, row, &job->scratch[thread]);
}

void vpfi_infer(const vpfi_machine *machine, const vpfi_estep *estep, uint64_t stream, vpfi_states *states,
                vpfi_team *team, vpfi_scratch *scratch) {
  infer_job job = {machine, estep, stream, states, scratch};
  vpfi_team_for(team, states->rows, infer_range, &job);
}

typedef struct gibbs_job {
  vpfi_workspace *work;
  const vpfi_gibbs_plan *plan;
} gibbs_job;

static void run_chain(vpfi_chain *chain, const vpfi_gibbs_plan *plan) {
  const vpfi_machine *machine = chain->machine;
  vpfi_scratch_see(chain->scratch, chain->states, chain->row);
  for (size_t s = 0; s < plan->sweeps; s++) {
    if ((uint32_t)s == 0) chain->stream = vpfi_rng_stream(plan->seed, VPFI_PURPOSE_GIBBS, (uint64_t)s >> 32);
    resample_layers(chain, 0, (uint32_t)s);
    if (!plan->energy || (s + 1) % plan->thin != 0) continue;
    vpfi_scratch_list_all(chain->scratch, chain->states, chain->row);
    plan->energy[chain->row * (plan->sweeps / plan->thin) + s / plan->thin] =
        vpfi_energy(machine->shape, machine->params, chain->scratch->index, chain->scratch->count);
  }
}

static void gibbs_range(void *context, size_t begin, size_t end, size_t thread) {
  const gibbs_job *job = context;
  for (size_t row = begin; row < end; row++) {
    vpfi_chain chain = {.machine = &job->work->machine,
                        .states = &job->work->states,
                        .row = row,
                        .scratch = &job->work->scratch[thread],
                        .clamped = job->plan->clamped};
    run_chain(&chain, job->plan);
  }
}

void vpfi_gibbs_sample(vpfi_workspace *work, const vpfi_gibbs_plan *plan) {
  gibbs_job job = {work, plan};
  vpfi_parallel_for(work->states.rows, work->team.threads, gibbs_range, &job);
}
