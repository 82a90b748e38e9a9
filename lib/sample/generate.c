/* SPDX-License-Identifier: MIT */
#include "sample/generate.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "bm/chain.h"
#include "num/elementary.h"
#include "num/rng.h"

float *vpfi_prior_field(const vpfi_shape *shape, const float *prior) {
  const vpfi_layer *top = &shape->layer[shape->n_layers - 1];
  float *field = vpfi_alloc(top->width, sizeof *field);
  for (size_t j = 0; field && prior && j < top->size; j++)
    field[j] = prior[j] <= 0   ? -INFINITY
               : prior[j] >= 1 ? INFINITY
                               : (float)(vpfi_log((double)prior[j]) - vpfi_log(1.0 - (double)prior[j]));
  return field;
}

typedef struct generate_job {
  vpfi_workspace *work;
  const size_t *steps;
  const float *prior_field;
  uint64_t stream;
  float *probs;
} generate_job;

static void generate_one(const generate_job *job, vpfi_chain *c, float *field) {
  const vpfi_shape *shape = c->machine->shape;
  const size_t top = shape->n_layers - 1;
  memcpy(c->scratch->z, job->prior_field, shape->layer[top].size * sizeof(float));
  vpfi_chain_draw(c, shape->layer[top].up, NULL);
  for (size_t s = 0; top == 0 && s < job->steps[0]; s++) vpfi_chain_resample(c, shape->layer[0].up, field);
  for (size_t upper = top; upper >= 1; upper--)
    for (size_t s = 0; s < job->steps[upper - 1]; s++) {
      vpfi_chain_down(c, upper - 1, upper == 1 ? field : NULL);
      vpfi_chain_up(c, upper);
    }
}

static void generate_range(void *context, size_t begin, size_t end, size_t thread) {
  const generate_job *job = context;
  const vpfi_machine *machine = &job->work->machine;
  const size_t n = machine->shape->layer[0].size, width = machine->shape->layer[0].width;
  for (size_t row = begin; row < end; row++) {
    vpfi_chain c = {.machine = machine,
                    .states = &job->work->states,
                    .row = row,
                    .scratch = &job->work->scratch[thread],
                    .stream = job->stream};
    float *field = job->probs ? c.scratch->field : NULL;
    vpfi_scratch_see(c.scratch, c.states, row);
    generate_one(job, &c, field);
    if (!field) continue;
    machine->kernels->sigmoid(field, field, 1, n, width);
    memcpy(job->probs + row * n, field, n * sizeof *field);
  }
}

void vpfi_generate(vpfi_workspace *work, const size_t *steps, const float *prior_field, uint64_t seed, float *probs) {
  generate_job job = {work, steps, prior_field, vpfi_rng_stream(seed, VPFI_PURPOSE_GENERATE, 0), probs};
  vpfi_parallel_for(work->states.rows, work->team.threads, generate_range, &job);
}
