/* SPDX-License-Identifier: MIT */
#include "bm/tables.h"

#include "base/memory.h"

enum { LEAST_DRAWS = 1000 }; /* making tables takes about as long as a few hundred draws */

/* Larger than a last-level cache, they would be slower than the matrices, and a burden. */
#define MOST_BYTES ((double)(64 << 20))

static size_t groups_of(size_t n) {
  return (n + VPFI_GROUP - 1) / VPFI_GROUP;
}

bool vpfi_tables_pay(const vpfi_shape *shape, size_t draws) {
  double floats = 0;
  for (size_t l = 0; l < shape->n_layers; l++) {
    const double width = (double)shape->layer[l].width;
    if (l > 0) floats += 2 * width * (double)shape->layer[l - 1].width;
    if (shape->layer[l].intra) floats += width * width;
  }
  return draws >= LEAST_DRAWS && 16 / VPFI_GROUP * sizeof(float) * floats <= MOST_BYTES;
}

static float *alloc_table(size_t rows, size_t width) {
  return vpfi_alloc(groups_of(rows), 16 * width * sizeof(float));
}

static bool alloc_tables(vpfi_tables *tables, const vpfi_shape *shape, bool above) {
  for (size_t l = 0; l < shape->n_layers; l++) {
    const vpfi_layer *layer = &shape->layer[l];
    if (l > 0 && !(tables->below[l] = alloc_table(layer[-1].size, layer->width))) return false;
    if (above && l + 1 < shape->n_layers && !(tables->above[l] = alloc_table(layer[1].size, layer->width)))
      return false;
    if (layer->intra && !(tables->own[l] = alloc_table(layer->size, layer->width))) return false;
  }
  return true;
}

vpf_status vpfi_tables_init(vpfi_tables *tables, const vpfi_shape *shape, bool above) {
  *tables = (vpfi_tables){.below = vpfi_alloc(shape->n_layers, sizeof(float *)),
                          .above = vpfi_alloc(shape->n_layers, sizeof(float *)),
                          .own = vpfi_alloc(shape->n_layers, sizeof(float *))};
  if (tables->below && tables->above && tables->own && alloc_tables(tables, shape, above)) return VPF_OK;
  vpfi_tables_clear(tables, shape);
  return VPF_ERR_MEMORY;
}

static void free_each(float **table, size_t count) {
  for (size_t k = 0; table && k < count; k++) vpfi_free(table[k]);
  vpfi_free(table);
}

void vpfi_tables_clear(vpfi_tables *tables, const vpfi_shape *shape) {
  free_each(tables->below, shape->n_layers);
  free_each(tables->above, shape->n_layers);
  free_each(tables->own, shape->n_layers);
  *tables = (vpfi_tables){0};
}

typedef struct fill_job {
  const vpfi_kernels *kernels;
  float *table;
  const float *matrix;
  size_t rows, width;
} fill_job;

static void fill_groups(void *context, size_t begin, size_t end, size_t thread) {
  const fill_job *job = context;
  (void)thread;
  const size_t first = begin * VPFI_GROUP, last = end * VPFI_GROUP < job->rows ? end * VPFI_GROUP : job->rows;
  job->kernels->tabulate(job->table + begin * 16 * job->width, job->matrix + first * job->width, job->width,
                         last - first, job->width);
}

static void fill(float *table, const vpfi_kernels *kernels, const float *matrix, size_t rows, size_t width,
                 vpfi_team *team) {
  fill_job job = {kernels, table, matrix, rows, width};
  if (table) vpfi_team_for(team, groups_of(rows), fill_groups, &job);
}

void vpfi_tables_fill(vpfi_tables *tables, const vpfi_kernels *kernels, const vpfi_shape *shape,
                      const vpfi_params *params, vpfi_team *team) {
  for (size_t l = 0; l < shape->n_layers; l++) {
    const vpfi_layer *layer = &shape->layer[l];
    if (l > 0) fill(tables->below[l], kernels, params->weights[l - 1], layer[-1].size, layer->width, team);
    if (l + 1 < shape->n_layers)
      fill(tables->above[l], kernels, params->weights_t[l], layer[1].size, layer->width, team);
    fill(tables->own[l], kernels, params->intra[l], layer->size, layer->width, team);
  }
}
