/* SPDX-License-Identifier: MIT */
#include "learn/positive.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "bm/draw.h"

enum {
  ROWS = 8,    /* iterated together; they stop together */
  UPDATES = 25 /* at most; nearly all rows of MNIST have settled after 10 */
};
static const float SETTLED = 1e-3f; /* the largest change of a mean in the last update */

vpf_status vpfi_positive_init(vpfi_positive *positive, const vpfi_shape *shape, size_t rows) {
  *positive = (vpfi_positive){.n_layers = shape->n_layers,
                              .field = vpfi_alloc(shape->n_layers, sizeof(float *)),
                              .mean = vpfi_alloc(shape->n_layers, sizeof(float *)),
                              .input = vpfi_alloc(rows, shape->layer[1].width * sizeof(float))};
  bool enough = positive->field && positive->mean && positive->input;
  for (size_t l = 1; enough && l < shape->n_layers; l++) {
    positive->field[l] = vpfi_alloc(rows, shape->layer[l].width * sizeof(float));
    positive->mean[l] = vpfi_alloc(rows, shape->layer[l].width * sizeof(float));
    enough = positive->field[l] && positive->mean[l];
  }
  if (enough) return VPF_OK;
  vpfi_positive_clear(positive);
  return VPF_ERR_MEMORY;
}

void vpfi_positive_clear(vpfi_positive *positive) {
  for (size_t l = 1; positive->field && l < positive->n_layers; l++) vpfi_free(positive->field[l]);
  for (size_t l = 1; positive->mean && l < positive->n_layers; l++) vpfi_free(positive->mean[l]);
  vpfi_free(positive->field);
  vpfi_free(positive->mean);
  vpfi_free(positive->input);
  *positive = (vpfi_positive){0};
}

typedef struct positive_job {
  vpfi_positive *positive;
  const vpfi_machine *machine;
  vpfi_batch *batch;
  size_t rows;
  uint64_t stream;
} positive_job;

/* Rows row .. row+count-1 of a hidden layer: its means from those of its neighbours, or of the one below only. Returns the
 * largest change. */
static float update(const positive_job *job, size_t layer, size_t row, size_t count, bool upwards, size_t thread) {
  const vpfi_shape *shape = job->machine->shape;
  const vpfi_params *params = job->machine->params;
  const vpfi_kernels *kernels = job->machine->kernels;
  const vpfi_positive *p = job->positive;
  const vpfi_layer *l = &shape->layer[layer];
  float *z = p->field[layer] + row * l->width, *mean = p->mean[layer] + row * l->width;
  for (size_t r = 0; r < count; r++)
    memcpy(z + r * l->width, layer == 1 ? p->input + (row + r) * l->width : params->bias[l->up], l->width * sizeof *z);
  if (layer > 1) {
    const size_t below = shape->layer[layer - 1].width;
    kernels->add_products(z, l->width, p->mean[layer - 1] + row * below, below, count, params->weights[layer - 1], l->width,
                          shape->layer[layer - 1].size, l->width);
  }
  if (!upwards && layer + 1 < shape->n_layers) {
    const size_t above = shape->layer[layer + 1].width;
    kernels->add_products(z, l->width, p->mean[layer + 1] + row * above, above, count, params->weights_t[layer], l->width,
                          shape->layer[layer + 1].size, l->width);
  }
  float change = 0;
  for (size_t r = 0; r < count; r++, z += l->width, mean += l->width) {
    float *next = job->batch->scratch[thread].z;
    kernels->sigmoid(next, z, 1, l->size, l->width);
    for (size_t j = 0; j < l->size; j++) change = fmaxf(change, fabsf(next[j] - mean[j]));
    memcpy(mean, next, l->width * sizeof *mean);
  }
  return change;
}

static void find_input(const positive_job *job, size_t row, vpfi_scratch *scratch) {
  const vpfi_layer *first = &job->machine->shape->layer[1];
  vpfi_scratch_see(scratch, &job->batch->states, row);
  vpfi_field(job->machine, job->batch->order, first->up, VPFI_FROM_BELOW, scratch,
             job->positive->input + row * first->width);
}

/* Draw the hidden bits of a row from their means. */
static void draw_row(const positive_job *job, size_t row, vpfi_scratch *scratch) {
  const vpfi_shape *shape = job->machine->shape;
  vpfi_states *states = &job->batch->states;
  for (size_t l = 1; l < shape->n_layers; l++) {
    const size_t width = shape->layer[l].width;
    memcpy(scratch->z, job->positive->field[l] + row * width, width * sizeof *scratch->z);
    vpfi_draw_thresholds(job->machine, l, job->stream, 0, vpfi_states_id(states, row), scratch);
    vpfi_draw_layer(job->machine, l, NULL, scratch, vpfi_states_edit(states, l, row));
  }
}

static void find_rows(const positive_job *job, size_t row, size_t count, size_t thread) {
  const size_t layers = job->machine->shape->n_layers;
  for (size_t r = row; r < row + count; r++) find_input(job, r, &job->batch->scratch[thread]);
  for (size_t l = 1; l < layers; l++) update(job, l, row, count, true, thread);
  float change = 1;
  for (int k = 0; k < UPDATES && change > SETTLED; k++) {
    change = 0;
    for (size_t first = 1; first <= 2; first++)
      for (size_t l = first; l < layers; l += 2) change = fmaxf(change, update(job, l, row, count, false, thread));
  }
  for (size_t r = row; r < row + count; r++) draw_row(job, r, &job->batch->scratch[thread]);
}

static void find_range(void *context, size_t begin, size_t end, size_t thread) {
  const positive_job *job = context;
  for (size_t k = begin; k < end; k++) {
    const size_t row = k * ROWS, left = job->rows - row;
    find_rows(job, row, left < ROWS ? left : ROWS, thread);
  }
}

void vpfi_positive_find(vpfi_positive *positive, const vpfi_machine *machine, vpfi_batch *batch, size_t rows,
                        uint64_t stream) {
  positive_job job = {positive, machine, batch, rows, stream};
  vpfi_team_for(&batch->team, (rows + ROWS - 1) / ROWS, find_range, &job);
}
