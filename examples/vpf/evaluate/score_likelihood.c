/* SPDX-License-Identifier: MIT */
#include "score_likelihood.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../common/complain.h"
#include "../../common/stopwatch.h"
#include "../../common/work_view.h"

/* ---- Work, and how long it will take ---- */

/* What needs no log Z: sums->mean + sums->log_z and its error over the rows. vpf_estimate_likelihood() anneals
 * on its way, which is made as short as it can be. Where it enumerates, log_z is the true one. Not said. */
static vpf_status sum_rows(const vpf_model *machine, const vpf_data *rows, vpf_likelihood *sums) {
  const vpf_ais_settings shortest = {.struct_size = sizeof shortest, .chains = 2, .betas = 2};
  *sums = (vpf_likelihood){.struct_size = sizeof *sums};
  return vpf_estimate_likelihood(machine, rows, &shortest, sums);
}

/* Whether a status says that a machine has no such number (overflow: that of absurd parameters), which is no
 * failure here. */
static bool is_refusal(vpf_status s) {
  return s == VPF_ERR_LIMIT || s == VPF_ERR_UNSUPPORTED || s == VPF_ERR_OVERFLOW;
}

/* Only other failures count, and are said. */
static vpf_status unless_refused(vpf_status s) {
  return is_refusal(s) ? VPF_OK : complain(s);
}

static vpf_ais_settings ais_settings(const evaluation *e) {
  return (vpf_ais_settings){.struct_size = sizeof(vpf_ais_settings),
                            .chains = e->options->chains,
                            .betas = e->options->temperatures,
                            .seed = e->options->seed,
                            .base = e->training,
                            .reverse = 1,
                            .reverse_from = e->test,
                            .reverse_sweeps = e->options->reverse_sweeps};
}

static vpf_status sum_some(const void *work, size_t n) {
  const evaluation *e = work;
  vpf_likelihood sums;
  vpf_data *rows = NULL;
  vpf_status s = first_rows(&rows, e->test, n);
  if (!s) s = unless_refused(sum_rows(e->machine, rows, &sums));
  vpf_data_destroy(rows);
  return s;
}

static vpf_status flip_some(const void *work, size_t n) {
  const evaluation *e = work;
  double pseudo;
  vpf_data *rows = NULL;
  vpf_status s = first_rows(&rows, e->test, n);
  if (!s) s = unless_refused(vpf_pseudo_likelihood(e->machine, rows, &pseudo));
  vpf_data_destroy(rows);
  return s;
}

/* All chains, at n temperatures, with as large a part of the sweeps. */
static vpf_status anneal_some(const void *work, size_t n) {
  const evaluation *e = work;
  vpf_ais_settings settings = ais_settings(e);
  vpf_ais_result result = {.struct_size = sizeof result};
  vpf_data *few = NULL; /* to count all training images would take longer than to anneal */
  vpf_status s = first_rows(&few, e->training, 2);
  settings.base = few;
  settings.betas = n;
  settings.reverse_sweeps = e->options->reverse_sweeps * n / e->options->temperatures + 1;
  if (!s) s = unless_refused(vpf_ais(e->machine, &settings, &result));
  vpf_data_destroy(few);
  return s;
}

/* As many training images as test images: how many more would not be like with like. */
static size_t training_rows(const evaluation *e) {
  const size_t most = e->options->few < e->rows ? e->options->few : e->rows, all = vpf_data_rows(e->training);
  return most < all ? most : all;
}

vpf_status estimate_likelihood(const evaluation *e, double *seconds) {
  vpf_likelihood sums;
  vpf_data *one = NULL;
  vpf_status s = first_rows(&one, e->test, 1);
  if (s) return s;
  s = sum_rows(e->machine, one, &sums);
  vpf_data_destroy(one);
  const bool refused = is_refusal(s);
  if (s && !refused) return complain(s);
  s = estimate_seconds(seconds, e->rows, flip_some, e);
  if (!s && !refused) s = estimate_seconds(seconds, e->rows + training_rows(e), sum_some, e);
  if (!s && !refused && !sums.exact) s = estimate_seconds(seconds, e->options->temperatures, anneal_some, e);
  return s;
}

/* ---- The scores ---- */

enum { STEPS = 3 }; /* that are shown, the last one the longest */

/* The trivial answer: each pixel is on as often as in the training images, whatever the others are. Half an
 * image of each kind is added, or a pixel that is always off would be impossible. */
static vpf_status score_independent(const evaluation *e, likelihood_scores *l) {
  const size_t pixels = vpf_data_cols(e->training);
  const double rows = (double)vpf_data_rows(e->training);
  double *mean = calloc(pixels, sizeof *mean);
  float *bias = calloc(pixels, sizeof *bias);
  vpf_model *model = NULL;
  vpf_likelihood sums;
  vpf_status s = mean && bias ? VPF_OK : complain_because(VPF_ERR_MEMORY, "cannot allocate %zu means", pixels);
  if (!s) s = complain(vpf_moments(e->training, mean, NULL));
  for (size_t i = 0; !s && i < pixels; i++) bias[i] = (float)log((mean[i] * rows + 0.5) / ((1 - mean[i]) * rows + 0.5));
  if (!s) s = complain(vpf_model_create(&model, &pixels, 1, NULL, VPF_COUPLING_PAIRWISE));
  if (!s) s = complain(vpf_model_set_bias(model, 0, VPF_BIAS_UP, bias));
  if (!s) s = complain(sum_rows(model, e->test, &sums));
  if (!s) l->independent = (row_scores){e->rows, sums.mean, NAN, sums.rows_stderr, sums.mean};
  vpf_model_destroy(model);
  free(bias);
  free(mean);
  return s;
}

static vpf_status score_pseudo(const evaluation *e, likelihood_scores *l) {
  const vpf_status s = vpf_pseudo_likelihood(e->machine, e->test, &l->pseudo);
  l->has_pseudo = !s;
  return unless_refused(s);
}

/* As for mean_low of vpf_likelihood. fmax() passes over NaN. */
static double safe_log_z(const vpf_ais_result *a) {
  const double least = fmax(fmax(a->log_z, a->log_z_bound), a->log_z_both);
  return a->doubts & VPF_DOUBT_REVERSE ? fmax(least, a->reverse_log_z) : least;
}

/* With log Z taken out again that was found on the way, and the better ones put in its place. */
static row_scores rows_by(const likelihood_scores *l, size_t rows, double mean, double log_z, double rows_stderr) {
  const double sum = mean + log_z;
  return (row_scores){rows, sum - l->ais.log_z, sum - l->ais.reverse_log_z, rows_stderr, sum - safe_log_z(&l->ais)};
}

/* log p of test and training images by one log Z. Not said. */
static vpf_status find_likelihood(const evaluation *e, const vpf_data *training, likelihood_scores *l) {
  vpf_likelihood of_test, of_training;
  work_view_show("likelihood", 1, STEPS, "steps");
  vpf_status s = sum_rows(e->machine, e->test, &of_test);
  if (!s) s = sum_rows(e->machine, training, &of_training);

  work_view_show("likelihood: annealing", 2, STEPS, "steps");
  l->exact = !s && of_test.exact;
  l->bound = !s && of_test.bound;
  l->ais = (vpf_ais_result){.struct_size = sizeof l->ais, .log_z = of_test.log_z, .reverse_log_z = NAN,
                            .log_z_both = NAN, .log_z_bound = of_test.log_z};
  const vpf_ais_settings settings = ais_settings(e);
  if (!s && !l->exact) s = vpf_ais(e->machine, &settings, &l->ais);
  if (s) return s;
  l->test = rows_by(l, e->rows, of_test.mean, of_test.log_z, of_test.rows_stderr);
  l->training = rows_by(l, vpf_data_rows(training), of_training.mean, of_training.log_z, of_training.rows_stderr);
  l->empty = rows_by(l, 1, of_test.empty, of_test.log_z, 0);
  return VPF_OK;
}

static vpf_status score_rows(const evaluation *e, likelihood_scores *l) {
  vpf_data *training = NULL;
  vpf_status s = first_rows(&training, e->training, training_rows(e));
  if (s) return s;
  s = find_likelihood(e, training, l);
  vpf_data_destroy(training);
  l->available = !s;
  l->exact = l->exact && l->available;
  if (is_refusal(s)) snprintf(l->reason, sizeof l->reason, "%s", vpf_error_message());
  return unless_refused(s);
}

/* ---- What is printed ---- */

static void print_log_z(const evaluation *e, const likelihood_scores *l) {
  const evaluate_options *o = e->options;
  const vpf_ais_result *a = &l->ais;
  if (l->exact) {
    printf("            %-21s  %10.3f\n", "log Z, enumerated", a->log_z);
    return;
  }
  printf("            annealed importance sampling, %zu chains, %zu temperatures, base: training images\n", o->chains,
         o->temperatures);
  printf("            %-21s  %10.3f +- %6.3f  ESS %.1f, spread of log weights %.2f\n", "log Z, forward", a->log_z,
         a->log_z_stderr, a->ess, a->spread);
  printf("            %-21s  %10.3f +- %6.3f  ESS %.1f, spread of log weights %.2f\n", "log Z, reverse",
         a->reverse_log_z, a->reverse_stderr, a->reverse_ess, a->reverse_spread);
  printf("            The reverse run began %s\n",
         a->reverse_start == VPF_AIS_START_EXACT ? "at exact samples: a bracket."
                                                 : "at Gibbs chains from the test images: a second opinion.");
  printf("            %-21s  %10.3f  (Bennett's acceptance ratio)\n", "log Z, both runs", a->log_z_both);
  printf("            %-21s  %10.3f  (mean field)\n", "log Z is at least", a->log_z_bound);
  for (unsigned doubt = 1; doubt <= a->doubts; doubt *= 2)
    if (a->doubts & doubt) printf("WARNING     %s.\n", vpf_doubt_text((vpf_doubt)doubt));
}

/* The error is that over images; that of log Z comes on top. */
static void print_row(const char *name, const row_scores *r, const char *note) {
  const bool has_reverse = isfinite(r->reverse_mean);
  printf("            %-21s  %10.3f", name, r->mean);
  if (r->rows > 1)
    printf(" +- %6.3f", r->rows_stderr);
  else if (has_reverse || *note)
    printf("%10s", "");
  if (has_reverse) printf("  %10.3f  %10.3f", r->reverse_mean, r->mean_low);
  printf("%s%s\n", *note ? "  " : "", note);
}

static void print_machine_rows(const likelihood_scores *l) {
  char name[64];
  const row_scores gap = {.rows = l->test.rows,
                          .mean = l->training.mean - l->test.mean,
                          .reverse_mean = NAN,
                          .rows_stderr = hypot(l->training.rows_stderr, l->test.rows_stderr)};
  if (!l->exact)
    printf("            %-21s  %10s%10s  %10s  %10s\n", l->bound ? "log p is at least, by" : "log p by log Z",
           "forward", "", "reverse", "to report");
  print_row("test images", &l->test, "");
  snprintf(name, sizeof name, "%zu training images", l->training.rows);
  print_row(name, &l->training, "");
  print_row("training - test", &gap, "");
  print_row("the empty image", &l->empty, "");
  const double share = exp(l->empty.mean);
  if (share > 0.01)
    printf("WARNING     The empty image has %.0f %% of the probability: see section 14 of libvpf's guide math.md.\n",
           100 * share);
}

static void print(const evaluation *e, const likelihood_scores *l) {
  printf("\nlikelihood  log p%s, nats for the bits of an image, %zu test images\n", evaluation_pair(e), e->rows);
  if (l->available) {
    print_log_z(e, l);
    if (l->bound) puts("            Too many hidden units to be summed out: lower bounds of log p, by mean field");
    print_machine_rows(l);
  } else {
    printf("            not available: %s\n", l->reason);
  }
  const row_scores pseudo = {.rows = 1, .mean = l->pseudo, .reverse_mean = NAN};
  if (l->has_pseudo) print_row("pseudo-likelihood", &pseudo, "each pixel given all others");
  print_row("independent pixels", &l->independent, "trivial: as often on as in the training images");
}

vpf_status score_likelihood(const evaluation *e, likelihood_scores *l) {
  *l = (likelihood_scores){0};
  work_view_show("likelihood", 0, STEPS, "steps");
  vpf_status s = score_independent(e, l);
  if (!s) s = score_pseudo(e, l);
  if (!s) s = score_rows(e, l);
  work_view_clear();
  if (!s) print(e, l);
  return s;
}
