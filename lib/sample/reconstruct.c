/* SPDX-License-Identifier: MIT */
#include "sample/reconstruct.h"

#include <string.h>

#include "bm/chain.h"
#include "num/bits.h"
#include "num/rng.h"

typedef struct reconstruct_job {
  vpfi_workspace *work;
  const vpfi_filling *filling;
  uint64_t stream;
  float *probs;
} reconstruct_job;

/* The visible layer given all its neighbours, then every hidden layer given all of its own. */
static void gibbs_step(vpfi_chain *c, float *field) {
  const vpfi_shape *shape = c->machine->shape;
  vpfi_chain_resample(c, shape->layer[0].down, field);
  for (size_t l = 1; l < shape->n_layers; l++) vpfi_chain_resample(c, shape->layer[l].up, NULL);
}

static void reconstruct_one(const vpfi_filling *filling, vpfi_chain *c, float *field, float *out) {
  const vpfi_shape *shape = c->machine->shape;
  const size_t n = shape->layer[0].size, layers = shape->coupling == VPF_COUPLING_JOINT ? shape->n_layers : 2;
  const uint64_t *visible = vpfi_states_row(c->states, 0, c->row);
  for (size_t l = 1; l < layers && l < shape->n_layers; l++) vpfi_chain_up(c, l);
  memset(out, 0, n * sizeof *out);
  for (size_t s = 0; s < filling->steps; s++) {
    if (shape->n_layers == 1 || (shape->coupling == VPF_COUPLING_JOINT && shape->n_layers > 2)) {
      gibbs_step(c, field);
    } else {
      vpfi_chain_down(c, 0, field);
      vpfi_chain_up(c, 1);
    }
    if (s + filling->average < filling->steps) continue;
    c->machine->kernels->sigmoid(field, field, 1, n, shape->layer[0].width);
    for (size_t j = 0; j < n; j++) out[j] += field[j];
  }
  for (size_t j = 0; j < n; j++)
    out[j] = filling->clamped && vpfi_bits_get(filling->clamped[0], j) ? (float)vpfi_bits_get(visible, j)
                                                               : out[j] / (float)filling->average;
}

static void reconstruct_range(void *context, size_t begin, size_t end, size_t thread) {
  const reconstruct_job *job = context;
  const size_t n = job->work->machine.shape->layer[0].size;
  vpfi_scratch *scratch = &job->work->scratch[thread];
  for (size_t row = begin; row < end; row++) {
    vpfi_chain c = {.machine = &job->work->machine,
                    .states = &job->work->states,
                    .row = row,
                    .scratch = scratch,
                    .stream = job->stream,
                    .clamped = job->filling->clamped};
    vpfi_scratch_see(scratch, c.states, row);
    reconstruct_one(job->filling, &c, scratch->field, job->probs + row * n);
  }
}

void vpfi_reconstruct(vpfi_workspace *work, const vpfi_filling *filling, float *probs) {
  reconstruct_job job = {work, filling, vpfi_rng_stream(filling->seed, VPFI_PURPOSE_RECONSTRUCT, 0), probs};
  vpfi_parallel_for(work->states.rows, work->team.threads, reconstruct_range, &job);
}
