/* SPDX-License-Identifier: MIT */
#include "score_mixing.h"

#include <stdio.h>
#include <stdlib.h>

#include "../../common/complain.h"
#include "../../common/stopwatch.h"
#include "../../common/work_view.h"

bool have_mixed(double split_rhat) {
  return split_rhat <= 1.05;
}

static size_t chain_count(const evaluation *e) {
  return e->options->mixing_chains < e->rows ? e->options->mixing_chains : e->rows;
}

/* Mean of the first columns of all rows. */
static vpf_status mean_pixel(const vpf_data *rows, size_t pixels, double *out) {
  double *mean = calloc(vpf_data_cols(rows), sizeof *mean);
  vpf_status s = mean ? VPF_OK : complain_because(VPF_ERR_MEMORY, "cannot allocate %zu means", vpf_data_cols(rows));
  if (!s) s = complain(vpf_moments(rows, mean, NULL));
  *out = 0;
  for (size_t i = 0; !s && i < pixels; i++) *out += mean[i] / (double)pixels;
  free(mean);
  return s;
}

/* One chain from each of the first test images, hidden states drawn bottom-up. energy: [chains x draws]. */
static vpf_status walk(const evaluation *e, size_t draws, double *energy, mixing_scores *m) {
  const size_t pixels = vpf_data_cols(e->test);
  const uint64_t seed = e->options->seed;
  vpf_data *images = NULL, *states = NULL, *end = NULL;
  vpf_status s = first_rows(&images, e->test, chain_count(e));
  if (!s) s = complain(vpf_model_infer(e->machine, images, seed, &states));
  if (!s) s = complain(vpf_gibbs_trace(e->machine, states, NULL, draws, 1, seed, energy, &end));
  if (!s) s = mean_pixel(states, pixels, &m->on_at_start);
  if (!s) s = mean_pixel(end, pixels, &m->on_at_end);
  vpf_data_destroy(end);
  vpf_data_destroy(states);
  vpf_data_destroy(images);
  return s;
}

static double *allocate_energy(const evaluation *e, size_t draws) {
  double *energy = calloc(chain_count(e), draws * sizeof *energy);
  if (!energy) complain_because(VPF_ERR_MEMORY, "cannot allocate %zu x %zu energies", chain_count(e), draws);
  return energy;
}

static vpf_status walk_some(const void *work, size_t n) {
  const evaluation *e = work;
  mixing_scores scores;
  double *energy = allocate_energy(e, n);
  const vpf_status s = energy ? walk(e, n, energy, &scores) : VPF_ERR_MEMORY;
  free(energy);
  return s;
}

vpf_status estimate_mixing(const evaluation *e, double *seconds) {
  return estimate_seconds(seconds, e->options->mixing_draws, walk_some, e);
}

static void print(const evaluation *e, const mixing_scores *m) {
  const vpf_chain_report *r = &m->energy;
  printf("\nmixing      %zu Gibbs chains%s from test images, %zu sweeps\n", m->chains, evaluation_pair(e), m->draws);
  printf("            energy                 %10.3f, standard deviation %.3f, split R-hat %.3f%s\n", r->mean, r->sd,
         r->split_rhat, have_mixed(r->split_rhat) ? "" : ": they have not mixed");
  printf("            drift between halves   %10.3f +- %.3f\n", r->drift, r->drift_stderr);
  printf("            autocorrelation time   %10.1f sweeps: %.1f of %zu draws count\n", r->autocorrelation_time, r->ess,
         m->chains * m->draws);
  printf("            pixels on              %10.4f at the start, %.4f at the end\n", m->on_at_start, m->on_at_end);
}

vpf_status score_mixing(const evaluation *e, mixing_scores *m) {
  *m = (mixing_scores){
      .chains = chain_count(e), .draws = e->options->mixing_draws, .energy = {.struct_size = sizeof m->energy}};
  double *energy = allocate_energy(e, m->draws);
  work_view_show("mixing", 0, m->draws, "sweeps");
  vpf_status s = energy ? walk(e, m->draws, energy, m) : VPF_ERR_MEMORY;
  if (!s) s = complain(vpf_chain_diagnostics(energy, m->chains, m->draws, &m->energy));
  work_view_clear();
  free(energy);
  if (!s) print(e, m);
  return s;
}
