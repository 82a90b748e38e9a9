/* SPDX-License-Identifier: MIT */
#include "score_moments.h"

#include <stdio.h>

#include "../../common/complain.h"
#include "../../common/machine.h"
#include "../../common/stopwatch.h"
#include "../../common/work_view.h"

static vpf_status compare(const vpf_data *test, const vpf_data *others, vpf_moment_comparison *out) {
  *out = (vpf_moment_comparison){.struct_size = sizeof *out};
  return complain(vpf_compare_moments(test, others, out));
}

/* Samples as they are drawn, black and white. */
static vpf_status compare_samples(const evaluation *e, const vpf_data *test, size_t count, vpf_moment_comparison *out) {
  vpf_data *states = NULL, *samples = NULL;
  vpf_status s = complain(vpf_generate_states(e->model, count, e->steps, e->prior, e->options->seed, &states));
  if (!s) s = complain(vpf_data_columns(&samples, states, 0, vpf_data_cols(test)));
  if (!s) s = compare(test, samples, out);
  vpf_data_destroy(samples);
  vpf_data_destroy(states);
  return s;
}

static vpf_status compare_some(const void *work, size_t n) {
  const evaluation *e = work;
  vpf_moment_comparison comparison;
  vpf_data *test = NULL;
  vpf_status s = first_rows(&test, e->test, n);
  if (!s) s = compare_samples(e, test, n, &comparison);
  vpf_data_destroy(test);
  return s;
}

vpf_status estimate_moments(const evaluation *e, double *seconds) {
  return estimate_seconds(seconds, e->options->samples, compare_some, e);
}

static void print_row(const char *name, size_t rows, const vpf_moment_comparison *m) {
  char text[48];
  snprintf(text, sizeof text, "%zu %s", rows, name);
  printf("            %-24s  %6.3f %7.4f  %6.3f %7.4f  %6.3f %7.4f\n", text, m->mean_pearson, m->mean_rms,
         m->pair_pearson, m->pair_rms, m->connected_pearson, m->connected_rms);
}

static void print(const evaluation *e, const moments_scores *m) {
  printf("\nmoments     beside those of %zu test images: Pearson's correlation, RMS difference\n", e->rows);
  printf("            %-24s  %14s  %14s  %14s\n", "", "means", "pairs", "connected");
  print_row("samples, P prior", m->samples, &m->machine);
  print_row("training images", m->training_rows, &m->training);
}

vpf_status score_moments(const evaluation *e, moments_scores *m) {
  vpf_data *training = NULL;
  *m = (moments_scores){.samples = e->options->samples};
  work_view_show("moments", 0, 2, "comparisons");
  vpf_status s = compare_samples(e, e->test, m->samples, &m->machine);
  work_view_show("moments", 1, 2, "comparisons");
  if (!s) s = first_rows(&training, e->training, m->samples); /* as many: a mean of more would be nearer */
  if (!s) s = compare(e->test, training, &m->training);
  m->training_rows = vpf_data_rows(training);
  work_view_clear();
  vpf_data_destroy(training);
  if (!s) print(e, m);
  return s;
}
