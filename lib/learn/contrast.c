/* SPDX-License-Identifier: MIT */
#include "learn/contrast.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "bm/chain.h"

vpf_status vpfi_contrast_check(const vpfi_learner *learner, const vpfi_shape *shape) {
  (void)learner;
  if (vpfi_shape_has_pairs(shape)) return VPF_OK;
  return vpfi_fail(VPF_ERR_UNSUPPORTED,
                   "contrastive divergence samples pairs of layers: pairwise coupling or at most 2 layers, not a joint "
                   "model of %zu",
                   shape->n_layers);
}

vpfi_needs vpfi_contrast_needs(const vpfi_learner *learner, size_t chains) {
  vpfi_estep_plan plan = {.estep = vpfi_estep_paper, .samples = 1, .period = 0};
  plan.estep.order = learner->option[VPFI_AT_ESTEP_ORDER] > 0 ? VPFI_ORDER_UNSWEPT : VPFI_ORDER_SWEPT;
  return (vpfi_needs){.plan = vpfi_plan_now(learner, plan),
                      .chains = chains,
                      .order = VPFI_ORDER_APART,
                      .gradient = VPFI_GRADIENT_CORRELATION,
                      .transposed = true};
}

bool vpfi_contrast_can_resume(const vpfi_learner *learner) {
  return learner->plan.period == 0 && learner->plan.samples == 1 && !learner->plan.estep.gibbs;
}

typedef struct contrast_job {
  vpfi_batch *batch;
  const vpfi_machine *machine;
  size_t steps;
  uint64_t stream;
  float weight;
} contrast_job;

/* Set the gains of a role: `weight` times the bit or the mean of each unit. Means are made from the fields in
 * scratch->z. */
static void set_gain(const contrast_job *job, size_t row, size_t role, float weight, vpfi_scratch *scratch) {
  const vpfi_role *r = &job->machine->shape->role[role];
  const vpfi_layer *layer = &job->machine->shape->layer[r->layer];
  const size_t plane = r->plane[job->batch->order];
  float *gain = job->batch->gain[role] + row * layer->width;
  if (r->below != VPFI_NONE && !layer->intra) {
    job->machine->kernels->sigmoid(gain, scratch->z, weight, layer->size, layer->width);
    return;
  }
  memset(gain, 0, layer->width * sizeof *gain);
  vpfi_scratch_list(scratch, &job->batch->states, plane, row);
  for (size_t k = 0; k < scratch->count[plane]; k++) gain[scratch->index[plane][k]] = weight;
}

static void data_range(void *context, size_t begin, size_t end, size_t thread) {
  const contrast_job *job = context;
  vpfi_scratch *scratch = &job->batch->scratch[thread];
  for (size_t row = begin; row < end; row++) {
    vpfi_scratch_see(scratch, &job->batch->states, row);
    for (size_t r = 0; r < job->machine->shape->n_roles; r++) {
      if (job->machine->shape->role[r].below != VPFI_NONE)
        vpfi_field(job->machine, job->batch->order, r, VPFI_FROM_BELOW, scratch, scratch->z);
      set_gain(job, row, r, -1, scratch);
    }
  }
}

/* After the E-step, give each pair its own copy of the bits of a middle layer. */
static void spread_planes(vpfi_batch *batch, const vpfi_shape *shape, vpfi_order drawn) {
  assert(batch->order == VPFI_ORDER_APART);
  for (size_t p = shape->n_planes[drawn]; p < batch->states.n_planes; p++)
    memcpy(batch->states.bits[p], batch->states.bits[shape->plane_layer[p]],
           batch->rows * batch->states.words[p] * sizeof(uint64_t));
}

bool vpfi_contrast_data(vpfi_trainer *trainer, vpfi_overflow *where) {
  vpfi_batch *batch = &trainer->batch;
  spread_planes(batch, trainer->machine.shape, trainer->learner->plan.estep.order);
  if (!vpfi_batch_rates(batch, &trainer->machine, where)) return false;
  contrast_job job = {.batch = batch, .machine = &trainer->machine};
  vpfi_team_for(&batch->team, batch->rows, data_range, &job);
  return true;
}

/* The two layers of a pair see no other layer: this is a chain of a machine of its own. */
static void run_pair(const contrast_job *job, size_t pair, vpfi_chain *chain) {
  const vpfi_join *join = &job->machine->shape->join[pair];
  /* A middle layer is drawn in two pairs. Draws are numbered by pass and unit, so the passes of
   * neighbouring pairs must differ. */
  chain->pass = pair % 2 ? (uint32_t)1 << 31 : 0;
  for (size_t s = 0; s < job->steps; s++) {
    vpfi_chain_resample(chain, join->lower_role, NULL);
    vpfi_chain_resample(chain, join->upper_role, NULL);
  }
  set_gain(job, chain->row, join->upper_role, job->weight, chain->scratch);
  set_gain(job, chain->row, join->lower_role, job->weight, chain->scratch);
}

static void chain_range(void *context, size_t begin, size_t end, size_t thread) {
  const contrast_job *job = context;
  vpfi_batch *batch = job->batch;
  for (size_t row = batch->rows + begin; row < batch->rows + end; row++) {
    vpfi_chain chain = {.machine = job->machine,
                        .order = batch->order,
                        .states = &batch->states,
                        .row = row,
                        .scratch = &batch->scratch[thread],
                        .stream = job->stream};
    vpfi_scratch_see(chain.scratch, &batch->states, row);
    for (size_t pair = 0; pair < job->machine->shape->n_joins; pair++) run_pair(job, pair, &chain);
    if (job->machine->shape->n_joins > 0) continue;
    for (size_t s = 0; s < job->steps; s++) vpfi_chain_resample(&chain, 0, NULL);
    set_gain(job, row, 0, job->weight, chain.scratch);
  }
}

void vpfi_contrast_chains(vpfi_trainer *trainer, size_t chains, uint64_t stream) {
  vpfi_batch *batch = &trainer->batch;
  assert(batch->rows + chains <= batch->capacity);
  contrast_job job = {batch, &trainer->machine, (size_t)trainer->learner->option[VPFI_AT_GIBBS_STEPS], stream,
                      (float)batch->rows / (float)chains};
  vpfi_team_for(&batch->team, chains, chain_range, &job);
  batch->rows += chains;
  vpfi_batch_transpose(batch, trainer->machine.shape); /* vpfi_batch_rates() ran without the chains */
}
