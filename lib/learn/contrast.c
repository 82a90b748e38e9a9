/* SPDX-License-Identifier: MIT */
#include "learn/contrast.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "bm/chain.h"
#include "learn/estep.h"
#include "num/bits.h"
#include "num/rng.h"

/* One energy over three layers or more: the positive phase is mean field. */
static bool is_deep(const vpfi_shape *shape) {
  return !vpfi_shape_has_pairs(shape);
}

vpf_status vpfi_contrast_check(const vpfi_learner *learner, const vpfi_shape *shape) {
  (void)learner;
  if (!is_deep(shape)) return VPF_OK;
  for (size_t l = 0; l < shape->n_layers; l++)
    if (shape->layer[l].intra)
      return vpfi_fail(VPF_ERR_UNSUPPORTED,
                       "contrastive divergence trains joint machines of %zu layers without intra-layer weights only, and "
                       "layer %zu has some", shape->n_layers, l);
  return VPF_OK;
}

vpfi_needs vpfi_contrast_needs(const vpfi_learner *learner, size_t chains) {
  vpfi_estep_plan plan = {.estep = vpfi_estep_paper, .samples = 1, .period = 0};
  plan.estep.order = learner->option[VPFI_AT_ESTEP_ORDER] > 0 ? VPFI_ORDER_UNSWEPT : VPFI_ORDER_SWEPT;
  const bool deep = is_deep(&learner->shape);
  return (vpfi_needs){.plan = vpfi_plan_now(learner, plan),
                      .chains = chains,
                      .order = VPFI_ORDER_APART,
                      .gradient = VPFI_GRADIENT_CORRELATION,
                      .transposed = deep,
                      .mean_field = deep};
}

bool vpfi_contrast_can_resume(const vpfi_learner *learner) {
  return learner->plan.period == 0 && learner->plan.samples == 1 && !learner->plan.estep.gibbs;
}

/* Flow and activity are only reported. They are measured in some minibatches: that costs nearly as much as learning. */
enum { MEASURED = 8 };

/* Without U, and with nothing above it, a hidden layer's bits serve for nothing else. */
static bool needs_bits(const vpfi_shape *shape) {
  return shape->n_layers != 2 || shape->layer[1].intra;
}

void vpfi_contrast_begin(vpfi_trainer *trainer, bool from_data) {
  vpfi_batch *batch = &trainer->batch;
  const vpfi_shape *shape = trainer->machine.shape;
  assert(batch->order == VPFI_ORDER_APART);
  trainer->measured = trainer->learner->sums.batches % MEASURED == 0;
  if (is_deep(shape)) {
    vpfi_positive_find(&trainer->positive, &trainer->machine, batch, batch->rows,
                       vpfi_rng_stream(trainer->learner->epoch_seed, VPFI_PURPOSE_ESTEP, trainer->learner->epochs));
    return;
  }
  if (!from_data && !trainer->measured && !needs_bits(shape)) return;
  vpfi_estep_of_minibatch(trainer);
  for (size_t p = shape->n_planes[trainer->learner->plan.estep.order]; p < batch->states.n_planes; p++)
    memcpy(batch->states.bits[p], batch->states.bits[shape->plane_layer[p]],
           batch->rows * batch->states.words[p] * sizeof(uint64_t));
}

typedef struct contrast_job {
  vpfi_batch *batch;
  const vpfi_machine *machine;
  size_t data_rows, first; /* where the chains start; the row that item 0 is */
  const bool *roles;       /* of which fields have been made */
  bool gains;              /* make gains; otherwise chains are only drawn */
  bool measured;           /* the flow of data is wanted, too */
  const vpfi_positive *positive; /* of a deep machine; else NULL */
  uint64_t stream;
  uint32_t pass;
  float weight;            /* of a chain */
} contrast_job;

/* Set the gains of a role: `weight` times the bit or the mean of each unit. Means are made from the fields that are where
 * the gains will be. */
static void set_gain(const contrast_job *job, size_t row, size_t role, float weight) {
  const vpfi_role *r = &job->machine->shape->role[role];
  const vpfi_layer *layer = &job->machine->shape->layer[r->layer];
  const size_t plane = r->plane[job->batch->order];
  float *gain = job->batch->gain[role] + row * layer->width;
  if (!vpfi_role_is_lower(job->machine->shape, role) && !layer->intra) {
    job->machine->kernels->sigmoid(gain, gain, weight, layer->size, layer->width);
    return;
  }
  memset(gain, 0, layer->width * sizeof *gain);
  job->machine->kernels->add_where_on(gain, vpfi_states_row(&job->batch->states, plane, row), weight, layer->width);
}

/* The flow of a row of data, from its fields. */
static void set_flow(const contrast_job *job, size_t row, size_t role, vpfi_scratch *scratch) {
  const vpfi_batch *batch = job->batch;
  const vpfi_role *r = &job->machine->shape->role[role];
  const vpfi_layer *layer = &job->machine->shape->layer[r->layer];
  const size_t plane = r->plane[batch->order];
  memcpy(scratch->z, batch->gain[role] + row * layer->width, layer->width * sizeof *scratch->z);
  job->machine->kernels->rates(scratch->z, layer->width, vpfi_states_row(&batch->states, plane, row),
                               batch->states.words[plane], 0, layer->size, layer->width, 1,
                               &batch->row_flow[role * batch->capacity + row]);
}

/* Draw a layer of a chain from its fields. */
static void draw(const contrast_job *job, size_t row, size_t role, vpfi_scratch *scratch) {
  vpfi_batch *batch = job->batch;
  const vpfi_role *r = &job->machine->shape->role[role];
  const size_t width = job->machine->shape->layer[r->layer].width;
  /* A middle layer is drawn in two pairs. Draws are numbered by pass and unit, so the passes of neighbouring pairs must
   * differ. */
  vpfi_chain chain = {.machine = job->machine,
                      .order = batch->order,
                      .states = &batch->states,
                      .row = row,
                      .scratch = scratch,
                      .stream = job->stream,
                      .pass = job->pass + (r->pair % 2 ? (uint32_t)1 << 31 : 0)};
  memcpy(scratch->z, batch->gain[role] + row * width, width * sizeof *scratch->z);
  vpfi_chain_redraw(&chain, role, NULL);
}

static void do_rows(void *context, size_t begin, size_t end, size_t thread) {
  const contrast_job *job = context;
  vpfi_scratch *scratch = &job->batch->scratch[thread];
  for (size_t row = job->first + begin; row < job->first + end; row++) {
    const bool is_data = row < job->data_rows;
    vpfi_scratch_see(scratch, &job->batch->states, row);
    for (size_t r = 0; r < job->machine->shape->n_roles; r++) {
      if (!job->roles[r]) continue;
      if (is_data && job->measured) set_flow(job, row, r, scratch);
      if (!is_data) draw(job, row, r, scratch);
      if (job->gains) set_gain(job, row, r, is_data ? -1 : job->weight);
    }
  }
}

/* The gains of data rows in a deep machine: hidden units count by their means. */
static void do_deep_data(void *context, size_t begin, size_t end, size_t thread) {
  const contrast_job *job = context;
  const vpfi_shape *shape = job->machine->shape;
  (void)thread;
  for (size_t row = begin; row < end; row++) {
    set_gain(job, row, shape->layer[0].down, -1);
    for (size_t l = 1; l < shape->n_layers; l++) {
      const size_t width = shape->layer[l].width;
      float *gain = job->batch->gain[shape->layer[l].up] + row * width;
      for (size_t j = 0; j < width; j++) gain[j] = -job->positive->mean[l][row * width + j];
    }
  }
}

/* Make the fields of those roles for rows first .. end-1, if they are needed, and what is made of them. */
static void pass(contrast_job *job, const bool *roles, size_t first, size_t end, bool fields) {
  job->roles = roles;
  job->first = first;
  if (fields) vpfi_batch_fields(job->batch, job->machine, roles, first, end - first);
  vpfi_team_for(&job->batch->team, end - first, do_rows, job);
}

static void sum_flows(vpfi_batch *batch, const vpfi_shape *shape, size_t rows) {
  for (size_t r = 0; r < shape->n_roles; r++) {
    batch->flow[r] = 0;
    for (size_t row = 0; row < rows; row++) batch->flow[r] += batch->row_flow[r * batch->capacity + row];
  }
  for (size_t p = 0; p < batch->states.n_planes; p++)
    batch->total[p] = (double)vpfi_bits_count(batch->states.bits[p], rows * batch->states.words[p]);
}

void vpfi_contrast_gains(vpfi_trainer *trainer, size_t chains, uint64_t stream) {
  vpfi_batch *batch = &trainer->batch;
  const vpfi_shape *shape = trainer->machine.shape;
  const size_t data = batch->rows, all = data + chains, steps = (size_t)trainer->learner->option[VPFI_AT_GIBBS_STEPS];
  const bool *lower = trainer->roles, *upper = trainer->roles + shape->n_roles;
  assert(all <= batch->capacity);
  contrast_job job = {.batch = batch,
                      .machine = &trainer->machine,
                      .data_rows = data,
                      .measured = trainer->measured,
                      .positive = is_deep(shape) ? &trainer->positive : NULL,
                      .stream = stream,
                      .weight = (float)data / (float)chains};
  const bool one_layer = shape->n_joins == 0;
  for (size_t s = 0; s < steps; s++) {
    job.gains = s + 1 == steps;
    pass(&job, lower, data, all, true); /* gains of lower roles are bits: they can be set before the upper roles are drawn */
    job.pass++;
    if (one_layer) continue;
    pass(&job, upper, job.gains && (!job.positive || job.measured) ? 0 : data, all, true);
    job.pass++;
  }
  if (!job.positive || job.measured) pass(&job, lower, 0, data, job.measured); /* gains are bits: fields are for the flow */
  if (job.positive) vpfi_team_for(&batch->team, data, do_deep_data, &job);
  if (job.measured) sum_flows(batch, shape, data);
  batch->rows = all;
  vpfi_batch_transpose(batch, shape);
}
