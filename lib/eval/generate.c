/* SPDX-License-Identifier: MIT */
#include "eval/generate.h"

#include <string.h>

#include "base/threads.h"
#include "bm/chain.h"
#include "num/bits.h"
#include "num/rng.h"

typedef struct generate_job {
  const vpfi_machine *machine;
  const size_t *steps;
  const float *prior_field;
  uint64_t stream;
  vpfi_states *states;
  float *probs;
  vpfi_scratch *scratch;
} generate_job;

static void generate_one(const generate_job *job, vpfi_chain *c, float *field) {
  const vpfi_shape *shape = job->machine->shape;
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
  const size_t n = job->machine->shape->layer[0].size, width = job->machine->shape->layer[0].width;
  for (size_t row = begin; row < end; row++) {
    vpfi_chain c = {.machine = job->machine,
                    .states = job->states,
                    .row = row,
                    .scratch = &job->scratch[thread],
                    .stream = job->stream};
    float *field = job->probs ? c.scratch->field : NULL;
    vpfi_scratch_see(c.scratch, job->states, row);
    generate_one(job, &c, field);
    if (!field) continue;
    job->machine->kernels->sigmoid(field, field, 1, n, width);
    memcpy(job->probs + row * n, field, n * sizeof *field);
  }
}

void vpfi_generate(const vpfi_machine *machine, const size_t *steps, const float *prior_field, uint64_t seed,
                   vpfi_states *states, float *probs, size_t threads, vpfi_scratch *scratch) {
  generate_job job = {machine, steps,  prior_field, vpfi_rng_stream(seed, VPFI_PURPOSE_GENERATE, 0),
                      states,  probs, scratch};
  vpfi_parallel_for(states->rows, threads, generate_range, &job);
}

typedef struct reconstruct_job {
  const vpfi_machine *machine;
  uint64_t *const *clamped;
  size_t steps, average;
  uint64_t stream;
  vpfi_states *states;
  float *probs;
  vpfi_scratch *scratch;
} reconstruct_job;

/* Visible given all its neighbours, then every hidden layer given all of its own. */
static void gibbs_step(vpfi_chain *c, float *field) {
  const vpfi_shape *shape = c->machine->shape;
  vpfi_chain_resample(c, shape->layer[0].down, field);
  for (size_t l = 1; l < shape->n_layers; l++) vpfi_chain_resample(c, shape->layer[l].up, NULL);
}

static void reconstruct_one(const reconstruct_job *job, vpfi_chain *c, float *field, float *out) {
  const vpfi_shape *shape = job->machine->shape;
  const size_t n = shape->layer[0].size, layers = shape->coupling == VPF_COUPLING_JOINT ? shape->n_layers : 2;
  const uint64_t *visible = vpfi_states_row(c->states, 0, c->row);
  for (size_t l = 1; l < layers && l < shape->n_layers; l++) vpfi_chain_up(c, l);
  memset(out, 0, n * sizeof *out);
  for (size_t s = 0; s < job->steps; s++) {
    if (shape->n_layers == 1 || (shape->coupling == VPF_COUPLING_JOINT && shape->n_layers > 2)) {
      gibbs_step(c, field);
    } else {
      vpfi_chain_down(c, 0, field);
      vpfi_chain_up(c, 1);
    }
    if (s + job->average < job->steps) continue;
    c->machine->kernels->sigmoid(field, field, 1, n, shape->layer[0].width);
    for (size_t j = 0; j < n; j++) out[j] += field[j];
  }
  for (size_t j = 0; j < n; j++)
    out[j] = job->clamped && vpfi_bits_get(job->clamped[0], j) ? (float)vpfi_bits_get(visible, j)
                                                               : out[j] / (float)job->average;
}

static void reconstruct_range(void *context, size_t begin, size_t end, size_t thread) {
  const reconstruct_job *job = context;
  const size_t n = job->machine->shape->layer[0].size;
  vpfi_scratch *scratch = &job->scratch[thread];
  for (size_t row = begin; row < end; row++) {
    vpfi_chain c = {.machine = job->machine,
                    .states = job->states,
                    .row = row,
                    .scratch = scratch,
                    .stream = job->stream,
                    .clamped = job->clamped};
    vpfi_scratch_see(scratch, job->states, row);
    reconstruct_one(job, &c, scratch->field, job->probs + row * n);
  }
}

void vpfi_reconstruct(const vpfi_machine *machine, uint64_t *const *clamped, size_t steps, size_t average,
                      uint64_t seed, vpfi_states *states, float *probs, size_t threads, vpfi_scratch *scratch) {
  reconstruct_job job = {machine, clamped, steps, average, vpfi_rng_stream(seed, VPFI_PURPOSE_RECONSTRUCT, 0),
                         states,  probs, scratch};
  vpfi_parallel_for(states->rows, threads, reconstruct_range, &job);
}
