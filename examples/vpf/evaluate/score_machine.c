/* SPDX-License-Identifier: MIT */
#include "score_machine.h"

#include <stdio.h>
#include <stdlib.h>

#include "../../common/complain.h"
#include "../../common/stopwatch.h"
#include "../../common/work_view.h"

static vpf_status measure(const vpf_model *model, const vpf_data *rows, size_t layer, vpf_activity *out) {
  *out = (vpf_activity){.struct_size = sizeof *out};
  return complain(vpf_layer_activity(model, rows, layer, out));
}

static vpf_status measure_some(const void *work, size_t n) {
  const evaluation *e = work;
  vpf_activity activity;
  vpf_data *rows = NULL;
  vpf_status s = first_rows(&rows, e->training, n);
  for (size_t l = 0; !s && l < vpf_model_layers(e->model); l++) s = measure(e->model, rows, l, &activity);
  vpf_data_destroy(rows);
  return s;
}

vpf_status estimate_machine(const evaluation *e, double *seconds) {
  return estimate_seconds(seconds, e->options->few, measure_some, e);
}

static void print(const evaluation *e, const machine_scores *m) {
  printf("\nmachine     weights, and activity for %zu training images\n", m->rows);
  printf("            %66s\n", "sparseness");
  printf("            layer  units     rho      w^2  activity    dead  saturated  population  lifetime\n");
  for (size_t l = 0; l < m->layers; l++) {
    const vpf_activity *a = &m->activity[l];
    printf("            %5zu  %5zu", l, vpf_model_layer_size(e->model, l));
    if (l > 0)
      printf("  %6.3f  %7.2f", m->rho[l], m->w2[l]);
    else
      printf("  %6s  %7s", "", "");
    printf("  %8.3f  %6.3f  %9.3f  %10.3f  %8.3f\n", a->mean, a->dead, a->saturated, a->population_sparseness,
           a->lifetime_sparseness);
  }
}

vpf_status score_machine(const evaluation *e, machine_scores *m) {
  const size_t layers = vpf_model_layers(e->model);
  vpf_data *rows = NULL;
  *m = (machine_scores){.layers = layers,
                        .activity = calloc(layers, sizeof *m->activity),
                        .rho = calloc(layers, sizeof *m->rho),
                        .w2 = calloc(layers, sizeof *m->w2)};
  if (!m->activity || !m->rho || !m->w2)
    return complain_because(VPF_ERR_MEMORY, "cannot allocate the scores of %zu layers", layers);

  vpf_status s = first_rows(&rows, e->training, e->options->few);
  m->rows = vpf_data_rows(rows);
  for (size_t l = 0; !s && l < layers; l++) {
    work_view_show("machine", l, layers, "layers");
    s = measure(e->model, rows, l, &m->activity[l]);
    if (!s && l > 0) s = complain(vpf_weight_metrics(e->model, l - 1, &m->rho[l], &m->w2[l]));
  }
  work_view_clear();
  vpf_data_destroy(rows);
  if (!s) print(e, m);
  return s;
}

void machine_scores_clear(machine_scores *m) {
  free(m->activity);
  free(m->rho);
  free(m->w2);
  *m = (machine_scores){0};
}
