/* SPDX-License-Identifier: MIT */
#include "bm/tables.h"

#include "base/memory.h"

static size_t groups_of(size_t n) {
  return (n + VPFI_GROUP - 1) / VPFI_GROUP;
}

static float *alloc_table(size_t rows, size_t width) {
  return vpfi_alloc(groups_of(rows), 16 * width * sizeof(float));
}

vpf_status vpfi_tables_init(vpfi_tables *tables, const vpfi_shape *shape) {
  *tables = (vpfi_tables){.below = vpfi_alloc(shape->n_layers, sizeof(float *)),
                          .own = vpfi_alloc(shape->n_layers, sizeof(float *))};
  bool enough = tables->below && tables->own;
  for (size_t l = 1; enough && l < shape->n_layers; l++) {
    const vpfi_layer *layer = &shape->layer[l];
    tables->below[l] = alloc_table(shape->layer[l - 1].size, layer->width);
    if (layer->intra) tables->own[l] = alloc_table(layer->size, layer->width);
    enough = tables->below[l] && (tables->own[l] || !layer->intra);
  }
  if (enough) return VPF_OK;
  vpfi_tables_clear(tables, shape);
  return VPF_ERR_MEMORY;
}

void vpfi_tables_clear(vpfi_tables *tables, const vpfi_shape *shape) {
  for (size_t l = 0; tables->below && l < shape->n_layers; l++) vpfi_free(tables->below[l]);
  for (size_t l = 0; tables->own && l < shape->n_layers; l++) vpfi_free(tables->own[l]);
  vpfi_free(tables->below);
  vpfi_free(tables->own);
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
  job->kernels->tabulate(job->table + begin * 16 * job->width, job->matrix + first * job->width, job->width, last - first,
                         job->width);
}

void vpfi_tables_fill(vpfi_tables *tables, const vpfi_machine *machine, vpfi_team *team) {
  const vpfi_shape *shape = machine->shape;
  for (size_t l = 1; l < shape->n_layers; l++) {
    const size_t width = shape->layer[l].width, below = shape->layer[l - 1].size, own = shape->layer[l].size;
    fill_job job = {machine->kernels, tables->below[l], machine->params->weights[l - 1], below, width};
    vpfi_team_for(team, groups_of(below), fill_groups, &job);
    if (!shape->layer[l].intra) continue;
    job = (fill_job){machine->kernels, tables->own[l], machine->params->intra[l], own, width};
    vpfi_team_for(team, groups_of(own), fill_groups, &job);
  }
}
