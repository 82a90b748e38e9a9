/* SPDX-License-Identifier: MIT */
#include "bm/energy.h"

#include <assert.h>

#include "num/elementary.h"

static double bias_sum(const float *bias, const uint32_t *index, size_t count) {
  double sum = 0;
  for (size_t k = 0; k < count; k++) sum += (double)bias[index[k]];
  return sum;
}

/* Each edge inside a layer counts once. */
static double intra_sum(const float *u, size_t width, const uint32_t *index, size_t count) {
  double sum = 0;
  for (size_t a = 0; a < count; a++)
    for (size_t b = a + 1; b < count; b++) sum += (double)u[index[a] * width + index[b]];
  return sum;
}

static double layer_sum(const vpfi_shape *shape, const vpfi_params *params, size_t layer, const uint32_t *index,
                        size_t count) {
  double sum = bias_sum(params->bias[shape->layer[layer].up], index, count);
  if (params->intra[layer]) sum += intra_sum(params->intra[layer], shape->layer[layer].width, index, count);
  return sum;
}

double vpfi_energy(const vpfi_shape *shape, const vpfi_params *params, uint32_t *const *index, const size_t *count) {
  assert(vpfi_shape_has_energy(shape));
  double sum = 0;
  for (size_t l = 0; l < shape->n_layers; l++) sum += layer_sum(shape, params, l, index[l], count[l]);
  for (size_t l = 0; l < shape->n_joins; l++) {
    const size_t width = shape->layer[l + 1].width;
    for (size_t a = 0; a < count[l]; a++)
      sum += bias_sum(params->weights[l] + index[l][a] * width, index[l + 1], count[l + 1]);
  }
  return -sum;
}

bool vpfi_free_energy_is_closed(const vpfi_shape *shape) {
  return shape->n_layers == 1 || (shape->n_layers == 2 && !shape->layer[1].intra);
}

double vpfi_free_energy(const vpfi_shape *shape, const vpfi_params *params, const uint32_t *index, size_t count) {
  assert(vpfi_free_energy_is_closed(shape));
  double sum = layer_sum(shape, params, 0, index, count);
  if (shape->n_layers == 1) return -sum;
  const vpfi_layer *hidden = &shape->layer[1];
  for (size_t j = 0; j < hidden->size; j++) /* summing over one hidden unit gives 1 + exp(z_j) */
    sum += vpfi_softplus((double)params->bias[hidden->up][j] +
                         bias_sum(params->weights_t[0] + j * shape->layer[0].width, index, count));
  return -sum;
}

typedef struct rows_job {
  vpfi_workspace *work;
  const vpfi_rows *rows;
  bool free; /* free energies of visible rows, not energies */
  double *out;
} rows_job;

static void energy_range(void *context, size_t begin, size_t end, size_t thread) {
  const rows_job *job = context;
  const vpfi_machine *machine = &job->work->machine;
  vpfi_scratch *scratch = &job->work->scratch[thread];
  for (size_t r = begin; r < end; r++) {
    vpfi_scratch_list_units(scratch, machine->shape, job->rows->bits + r * job->rows->words,
                            job->free ? 1 : machine->shape->n_layers);
    job->out[r] = job->free ? vpfi_free_energy(machine->shape, machine->params, scratch->index[0], scratch->count[0])
                            : vpfi_energy(machine->shape, machine->params, scratch->index, scratch->count);
  }
}

void vpfi_energies(vpfi_workspace *work, const vpfi_rows *states, double *out) {
  rows_job job = {work, states, false, out};
  vpfi_parallel_for(states->rows, work->team.threads, energy_range, &job);
}

void vpfi_free_energies(vpfi_workspace *work, const vpfi_rows *visible, double *out) {
  rows_job job = {work, visible, true, out};
  vpfi_parallel_for(visible->rows, work->team.threads, energy_range, &job);
}
