/* SPDX-License-Identifier: MIT */
#include "sample/meanfield.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "num/bits.h"
#include "num/elementary.h"

/* += the sum over i of means[i] times element i of a column. */
static void add_column(double *sum, const float *column, size_t stride, const float *means, size_t count) {
  for (size_t i = 0; i < count; i++) *sum += (double)means[i] * (double)column[i * stride];
}

/* The field of one unit where sums of floats would lose what matters or be NaN; infinite beyond the largest float. */
static float careful_field_of_means(const vpfi_machine *machine, size_t role, const float *below, const float *above,
                                    const float *own, size_t unit) {
  const vpfi_params *params = machine->params;
  const vpfi_role *r = &machine->shape->role[role];
  const vpfi_layer *layer = &machine->shape->layer[r->layer];
  double sum = (double)params->bias[role][unit];
  if (below && r->below != VPFI_NONE)
    add_column(&sum, params->weights[r->below] + unit, layer->width, below, layer[-1].size);
  if (above && r->above != VPFI_NONE)
    add_column(&sum, params->weights_t[r->above] + unit, layer->width, above, layer[1].size);
  if (own && r->intra) add_column(&sum, params->intra[r->layer] + unit, layer->width, own, layer->size);
  return fabs(sum) > (double)FLT_MAX ? (sum > 0 ? HUGE_VALF : -HUGE_VALF) : (float)sum;
}

/* from_below: what bias and input from below sum to, or NULL. */
static void field_of_means(const vpfi_machine *machine, size_t role, const float *from_below, const float *below,
                           const float *above, const float *own, float *z) {
  const vpfi_shape *shape = machine->shape;
  const vpfi_params *params = machine->params;
  const vpfi_role *r = &shape->role[role];
  const size_t width = shape->layer[r->layer].width;

  if (machine->careful) {
    for (size_t j = 0; j < shape->layer[r->layer].size; j++)
      z[j] = careful_field_of_means(machine, role, below, above, own, j);
    return;
  }
  memcpy(z, from_below ? from_below : params->bias[role], width * sizeof *z);
  if (!from_below && below && r->below != VPFI_NONE)
    machine->kernels->add_weighted(z, params->weights[r->below], width, below, shape->layer[r->layer - 1].size, width);
  if (above && r->above != VPFI_NONE)
    machine->kernels->add_weighted(z, params->weights_t[r->above], width, above, shape->layer[r->layer + 1].size, width);
  if (own && r->intra)
    machine->kernels->add_weighted(z, params->intra[r->layer], width, own, shape->layer[r->layer].size, width);
}

void vpfi_field_of_means(const vpfi_machine *machine, size_t role, const float *below, const float *above,
                         const float *own, float *z) {
  field_of_means(machine, role, NULL, below, above, own, z);
}

void vpfi_sigmoid_all(float *z, size_t n) {
  for (size_t j = 0; j < n; j++) z[j] = vpfi_sigmoidf(z[j]);
}

size_t vpfi_means_length(const vpfi_shape *shape) {
  const vpfi_layer *top = &shape->layer[shape->n_layers - 1];
  return top->first_draw + top->width;
}

float *vpfi_means_of(const vpfi_means *row, size_t layer) {
  return layer < row->machine->shape->n_layers ? row->means + row->machine->shape->layer[layer].first_draw : NULL;
}

/* Unit by unit, each by a field of its own. */
static void sweep_means_carefully(const vpfi_means *row, size_t layer, const uint64_t *known) {
  const vpfi_layer *l = &row->machine->shape->layer[layer];
  float *means = vpfi_means_of(row, layer);
  const float *below = layer > 0 ? vpfi_means_of(row, layer - 1) : NULL, *above = vpfi_means_of(row, layer + 1);
  for (size_t j = 0; j < l->size; j++) {
    if (known && vpfi_bits_get(known, j)) continue;
    means[j] = vpfi_sigmoidf(careful_field_of_means(row->machine, layer == 0 ? l->down : l->up, below, above, means, j));
  }
}

/* z holds the complete field, own layer included, and is updated as the means change. */
static void sweep_means(const vpfi_means *row, size_t layer, const uint64_t *known) {
  const vpfi_layer *l = &row->machine->shape->layer[layer];
  float *means = vpfi_means_of(row, layer);
  for (size_t j = 0; j < l->size; j++) {
    if (known && vpfi_bits_get(known, j)) continue;
    const float mean = vpfi_sigmoidf(row->z[j]), change = mean - means[j];
    means[j] = mean;
    row->machine->kernels->add_weighted(row->z, row->machine->params->intra[layer] + j * l->width, l->width, &change, 1,
                                        l->width);
  }
}

void vpfi_means_update_from(const vpfi_means *row, size_t layer, const float *from_below) {
  const vpfi_layer *l = &row->machine->shape->layer[layer];
  const size_t role = layer == 0 ? l->down : l->up;
  const uint64_t *known = layer == 0 ? row->known : NULL;
  float *means = vpfi_means_of(row, layer);
  const float *below = layer > 0 ? vpfi_means_of(row, layer - 1) : NULL;
  if (l->intra && row->machine->careful) {
    sweep_means_carefully(row, layer, known);
    return;
  }
  field_of_means(row->machine, role, from_below, below, vpfi_means_of(row, layer + 1), means, row->z);
  if (l->intra) {
    sweep_means(row, layer, known);
    return;
  }
  if (!known) row->machine->kernels->sigmoid(means, row->z, 1, l->size, l->width);
  for (size_t j = 0; known && j < l->size; j++)
    if (!vpfi_bits_get(known, j)) means[j] = vpfi_sigmoidf(row->z[j]);
}

void vpfi_means_update(const vpfi_means *row, size_t layer) {
  vpfi_means_update_from(row, layer, NULL);
}

/* The start, in closed form: from the bits upward, leaving out U and the layer above. */
static void start(const vpfi_means *row, const uint64_t *bits, size_t layers) {
  const vpfi_shape *shape = row->machine->shape;
  for (size_t j = 0; j < shape->layer[0].size; j++) row->means[j] = (float)vpfi_bits_get(bits, j);
  for (size_t l = 1; l < layers; l++) {
    vpfi_field_of_means(row->machine, shape->layer[l].up, vpfi_means_of(row, l - 1), NULL, NULL, vpfi_means_of(row, l));
    vpfi_sigmoid_all(vpfi_means_of(row, l), shape->layer[l].size);
  }
}

typedef struct mean_field_job {
  vpfi_workspace *work;
  const vpfi_rows *visible;
  const uint64_t *known;
  size_t steps;
  float *out, *means;
} mean_field_job;

static void mean_field_range(void *context, size_t begin, size_t end, size_t thread) {
  const mean_field_job *job = context;
  const vpfi_shape *shape = job->work->machine.shape;
  const size_t n = shape->layer[0].size, first_pair = shape->n_layers < 2 ? 1 : 2;
  const size_t layers = shape->coupling == VPF_COUPLING_JOINT ? shape->n_layers : first_pair;
  const vpfi_means row = {&job->work->machine, job->known, job->means + thread * vpfi_means_length(shape),
                          job->work->scratch[thread].z};
  for (size_t r = begin; r < end; r++) {
    start(&row, job->visible->bits + r * job->visible->words, layers);
    for (size_t s = 0; s < job->steps; s++) {
      for (size_t l = 1; s > 0 && l < layers; l++) vpfi_means_update(&row, l);
      vpfi_means_update(&row, 0);
    }
    memcpy(job->out + r * n, row.means, n * sizeof *row.means);
  }
}

vpf_status vpfi_mean_field(vpfi_workspace *work, const vpfi_rows *visible, const uint64_t *known, size_t steps,
                           float *out) {
  float *means = vpfi_alloc(work->team.threads, vpfi_means_length(work->machine.shape) * sizeof *means);
  if (!means) return VPF_ERR_MEMORY;
  mean_field_job job = {work, visible, known, steps, out, means};
  vpfi_parallel_for(visible->rows, work->team.threads, mean_field_range, &job);
  vpfi_free(means);
  return VPF_OK;
}
