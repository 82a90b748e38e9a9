/* SPDX-License-Identifier: MIT */
#include "score_likelihood.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../common/complain.h"
#include "../../common/doubts.h"
#include "../../common/stopwatch.h"
#include "../../common/work_view.h"
#include "refusal.h"

/* ---- Work, and how long it will take ---- */

/* The mean over some rows of log p + log Z, and its standard error; if `bound`, of a lower bound of each. */
typedef struct row_sums {
  size_t rows;
  double mean, error;
  bool bound;
} row_sums;

static void average(const double *each, row_sums *sums) {
  const double n = (double)sums->rows;
  double sum = 0, squares = 0;
  for (size_t r = 0; r < sums->rows; r++) sum += each[r];
  sums->mean = sum / n;
  for (size_t r = 0; r < sums->rows; r++) squares += (each[r] - sums->mean) * (each[r] - sums->mean);
  sums->error = sums->rows > 1 ? sqrt(squares / (n - 1) / n) : 0;
}

/* Hidden units that are too many to be summed out leave a lower bound. Not said. */
static vpf_status sum_rows(const vpf_model *machine, const vpf_data *rows, row_sums *sums) {
  *sums = (row_sums){.rows = vpf_data_rows(rows)};
  double *each = calloc(sums->rows, sizeof *each);
  if (!each) return VPF_ERR_MEMORY;
  vpf_status s = vpf_log_likelihood_rows(machine, rows, 0, each);
  sums->bound = s == VPF_ERR_LIMIT;
  if (sums->bound) s = vpf_log_likelihood_bound_rows(machine, rows, 0, each);
  if (!s) average(each, sums);
  free(each);
  return s;
}

/* Whether the machine has a likelihood at all; whether its log Z is enumerated, and if so log_z; and log p of the empty
 * image. The annealing on the way is made as short as it can be. Not said. */
static vpf_status probe(const evaluation *e, vpf_likelihood *found) {
  const vpf_ais_settings shortest = {.struct_size = sizeof shortest, .chains = 2, .betas = 2};
  vpf_data *one = NULL;
  *found = (vpf_likelihood){.struct_size = sizeof *found};
  vpf_status s = vpf_data_slice(&one, e->test, 0, 1);
  if (!s) s = vpf_estimate_likelihood(e->machine, one, &shortest, found);
  vpf_data_destroy(one);
  return s;
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
  row_sums sums;
  vpf_data *rows = NULL;
  vpf_status s = first_rows(&rows, e->test, n);
  if (!s) s = unless_refused(sum_rows(e->machine, rows, &sums), NULL, 0);
  vpf_data_destroy(rows);
  return s;
}

static vpf_status flip_some(const void *work, size_t n) {
  const evaluation *e = work;
  double pseudo;
  vpf_data *rows = NULL;
  vpf_status s = first_rows(&rows, e->test, n);
  if (!s) s = unless_refused(vpf_pseudo_likelihood(e->machine, rows, &pseudo), NULL, 0);
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
  if (!s) s = unless_refused(vpf_ais(e->machine, &settings, &result), NULL, 0);
  vpf_data_destroy(few);
  return s;
}

/* As many training images as test images: how many more would not be like with like. */
static size_t training_rows(const evaluation *e) {
  const size_t most = e->options->few < e->rows ? e->options->few : e->rows, all = vpf_data_rows(e->training);
  return most < all ? most : all;
}

vpf_status estimate_likelihood(const evaluation *e, double *seconds) {
  vpf_likelihood found;
  vpf_status s = probe(e, &found);
  const bool refused = is_refusal(s);
  if (s && !refused) return complain(s);
  s = estimate_seconds(seconds, e->rows, flip_some, e);
  if (!s && !refused) s = estimate_seconds(seconds, e->rows + training_rows(e), sum_some, e);
  if (!s && !refused && !found.exact) s = estimate_seconds(seconds, e->options->temperatures, anneal_some, e);
  if (!s && !refused && e->options->ladder) s = estimate_ladder(e, seconds);
  return s;
}

/* ---- The scores ---- */

enum { STEPS = 4 }; /* that are shown, the last one the longest */

/* A log Z that is known. */
static vpf_ais_result exactly(double log_z) {
  return (vpf_ais_result){.struct_size = sizeof(vpf_ais_result), .log_z = log_z, .reverse_log_z = NAN,
                          .log_z_both = NAN, .log_z_bound = NAN};
}

/* The largest log Z that must be reckoned with, as for `mean_low` of vpf_likelihood, and those of the ladder. fmax() passes
 * over NaN. */
static double safe_log_z(const likelihood_scores *l) {
  const vpf_ais_result *a = &l->ais;
  if (l->exact) return a->log_z;
  const double annealed = fmax(fmax(a->log_z, a->log_z_both), a->log_z_bound);
  const double least = fmax(annealed, fmax(l->ladder.report.log_z, l->ladder.report.log_z_bound));
  return a->doubts & VPF_DOUBT_REVERSE ? fmax(least, a->reverse_log_z) : least;
}

static row_scores rows_by(const likelihood_scores *l, const row_sums *sums) {
  const vpf_ais_result *a = &l->ais;
  return (row_scores){.rows = sums->rows,
                      .mean = sums->mean - a->log_z,
                      .reverse_mean = sums->mean - a->reverse_log_z,
                      .most = sums->bound ? NAN : sums->mean - a->log_z_bound,
                      .ladder_mean = sums->mean - l->ladder.report.log_z,
                      .safe_mean = sums->mean - safe_log_z(l),
                      .rows_stderr = sums->error};
}

/* The trivial answer: each pixel is on as often as in the training images, whatever the others are. Half an
 * image of each kind is added, or a pixel that is always off would be impossible. */
static vpf_status score_independent(const evaluation *e, likelihood_scores *l) {
  const size_t pixels = vpf_data_cols(e->training);
  const double rows = (double)vpf_data_rows(e->training);
  double *mean = calloc(pixels, sizeof *mean);
  float *bias = calloc(pixels, sizeof *bias);
  vpf_model *model = NULL;
  row_sums sums;
  double log_z = 0;
  vpf_status s = mean && bias ? VPF_OK : complain_because(VPF_ERR_MEMORY, "cannot allocate %zu means", pixels);
  if (!s) s = complain(vpf_moments(e->training, mean, NULL));
  for (size_t i = 0; !s && i < pixels; i++) bias[i] = (float)log((mean[i] * rows + 0.5) / ((1 - mean[i]) * rows + 0.5));
  if (!s) s = complain(vpf_model_create(&model, &pixels, 1, NULL, VPF_COUPLING_PAIRWISE));
  if (!s) s = complain(vpf_model_set_bias(model, 0, VPF_BIAS_UP, bias));
  if (!s) s = complain(vpf_exact_log_partition(model, &log_z));
  if (!s) s = complain(sum_rows(model, e->test, &sums));
  const likelihood_scores trivial = {.exact = true, .ais = exactly(log_z), .ladder = no_ladder()};
  if (!s) l->independent = rows_by(&trivial, &sums);
  vpf_model_destroy(model);
  free(bias);
  free(mean);
  return s;
}

static vpf_status score_pseudo(const evaluation *e, likelihood_scores *l) {
  const vpf_status s = vpf_pseudo_likelihood(e->machine, e->test, &l->pseudo);
  l->has_pseudo = !s;
  return unless_refused(s, NULL, 0);
}

/* Whatever of log Z is wanted; `found` is that of probe(). Not said. */
static vpf_status find_log_z(const evaluation *e, const vpf_likelihood *found, likelihood_scores *l) {
  const vpf_ais_settings settings = ais_settings(e);
  vpf_status s = VPF_OK;
  l->exact = found->exact;
  l->ais = exactly(found->log_z);
  work_view_show("likelihood: annealing", 2, STEPS, "steps");
  if (!l->exact) s = vpf_ais(e->machine, &settings, &l->ais);
  work_view_show("likelihood: ladder", 3, STEPS, "steps");
  return s || !e->options->ladder ? s : score_ladder(e, &l->ladder);
}

/* log p of test and training images and of the empty one. Not said. */
static vpf_status find_likelihood(const evaluation *e, const vpf_data *training, likelihood_scores *l) {
  row_sums of_test, of_training;
  vpf_likelihood found;
  work_view_show("likelihood", 1, STEPS, "steps");
  vpf_status s = probe(e, &found);
  if (!s) s = sum_rows(e->machine, e->test, &of_test);
  if (!s) s = sum_rows(e->machine, training, &of_training);
  if (!s) s = find_log_z(e, &found, l);
  if (s) return s;
  const row_sums of_empty = {.rows = 1, .mean = found.empty + found.log_z, .bound = of_test.bound};
  l->bound = of_test.bound;
  l->test = rows_by(l, &of_test);
  l->training = rows_by(l, &of_training);
  l->empty = rows_by(l, &of_empty);
  return VPF_OK;
}

static vpf_status score_rows(const evaluation *e, likelihood_scores *l) {
  vpf_data *training = NULL;
  vpf_status s = first_rows(&training, e->training, training_rows(e));
  if (s) return s;
  s = find_likelihood(e, training, l);
  vpf_data_destroy(training);
  l->available = !s;
  return unless_refused(s, l->reason, sizeof l->reason);
}

/* ---- What is printed ---- */

static void print_run(const char *name, double log_z, double error, double ess, double spread) {
  printf("            %-21s  %10.3f +- %6.3f  ESS %.1f, spread of log weights %.2f\n", name, log_z, error, ess, spread);
}

static void print_doubts(unsigned doubts) {
  for (vpf_doubt doubt = take_doubt(&doubts); doubt; doubt = take_doubt(&doubts))
    printf("WARNING     %s.\n", vpf_doubt_text(doubt));
}

static void print_log_z(const evaluation *e, const likelihood_scores *l) {
  const evaluate_options *o = e->options;
  const vpf_ais_result *a = &l->ais;
  if (l->exact) {
    printf("            %-21s  %10.3f\n", "log Z, enumerated", a->log_z);
    return;
  }
  printf("            annealing from %u bases, training images among them: %zu chains, %zu temperatures\n", a->bases,
         o->chains, o->temperatures);
  print_run("log Z, forward", a->log_z, a->log_z_stderr, a->ess, a->spread);
  print_run("log Z, reverse", a->reverse_log_z, a->reverse_stderr, a->reverse_ess, a->reverse_spread);
  printf("            %-21s  %10.3f  (Bennett's estimate)\n", "log Z, both runs", a->log_z_both);
  printf("            %-21s  %10.3f  (mean field)\n", "log Z is at least", a->log_z_bound);
  printf("            The reverse run began %s\n",
         a->reverse_start == VPF_AIS_START_EXACT ? "at exact samples: a bracket."
                                                 : "at Gibbs chains from the test images: a second opinion.");
  print_doubts(a->doubts);
}

static void print_if_finite(double value) {
  if (isfinite(value)) printf("  %10.3f", value);
}

/* The error is that over images; that of log Z comes on top. */
static void print_row(const char *name, const row_scores *r, const char *note) {
  printf("            %-21s  %10.3f", name, r->mean);
  if (r->rows > 1)
    printf(" +- %6.3f", r->rows_stderr);
  else if (isfinite(r->reverse_mean) || isfinite(r->ladder_mean) || *note)
    printf("%10s", "");
  print_if_finite(r->reverse_mean);
  print_if_finite(r->most);
  print_if_finite(r->ladder_mean);
  printf("%s%s\n", *note ? "  " : "", note);
}

/* One number. */
static row_scores single(size_t rows, double mean, double rows_stderr) {
  return (row_scores){.rows = rows, .mean = mean, .reverse_mean = NAN, .most = NAN, .ladder_mean = NAN,
                      .rows_stderr = rows_stderr};
}

/* Above the rows of the machine: by which log Z each column is. */
static void print_columns(const likelihood_scores *l) {
  if (l->exact && !l->ladder.available) return;
  printf("            %-21s  %10s%10s", l->bound ? "log p is at least, by" : "log p by log Z",
         l->exact ? "enumerated" : "forward", "");
  if (!l->exact) printf("  %10s", "reverse");
  if (!l->exact && !l->bound) printf("  %10s", "at most");
  if (l->ladder.available) printf("  %10s", "ladder");
  puts("");
}

static void print_independent(const likelihood_scores *l) {
  print_row("independent pixels", &l->independent, "trivial: as often on as in the training images");
}

static void print_machine_rows(const likelihood_scores *l) {
  char name[64];
  const row_scores gap = single(l->test.rows, l->training.mean - l->test.mean,
                                hypot(l->training.rows_stderr, l->test.rows_stderr));
  print_columns(l);
  print_row("test images", &l->test, "");
  print_independent(l);
  snprintf(name, sizeof name, "%zu training images", l->training.rows);
  print_row(name, &l->training, "");
  print_row("training - test", &gap, "");
  print_row("the empty image", &l->empty, "");
  const double share = exp(l->empty.safe_mean);
  if (share > 0.01)
    printf("WARNING     The empty image has %.0f %% of the probability: see section 14 of libvpf's guide math.md.\n",
           100 * share);
}

/* The number for a paper, and whether it is worth one. */
static void print_report(const likelihood_scores *l) {
  const double ahead = l->test.safe_mean - l->independent.mean;
  const row_scores safe = single(l->test.rows, l->test.safe_mean, l->test.rows_stderr);
  print_row(l->bound ? "report: at least" : "report", &safe,
            l->exact ? "test images" : "test images, by the largest log Z that must be reckoned with");
  if (ahead > 0) return;
  if (l->bound)
    printf("WARNING     This lower bound is %.1f nats below independent pixels: nothing shows that the machine is better.\n",
           -ahead);
  else
    printf("WARNING     The machine is worse than independent pixels, by %.1f nats.\n", -ahead);
}

static void print_pseudo(const likelihood_scores *l) {
  const row_scores pseudo = single(1, l->pseudo, 0);
  if (l->has_pseudo) print_row("pseudo-likelihood", &pseudo, "each pixel given all others");
}

static void print(const evaluation *e, const likelihood_scores *l) {
  printf("\nlikelihood  log p%s, nats for the bits of an image, %zu test images\n", evaluation_pair(e), e->rows);
  if (!l->available) {
    printf("            not available: %s\n", l->reason);
    print_independent(l);
    print_pseudo(l);
    return;
  }
  print_log_z(e, l);
  if (e->options->ladder) print_ladder(e, &l->ladder);
  if (l->bound) puts("            Too many hidden units to be summed out: lower bounds of log p, by mean field");
  print_machine_rows(l);
  print_pseudo(l);
  print_report(l);
}

vpf_status score_likelihood(const evaluation *e, likelihood_scores *l) {
  *l = (likelihood_scores){.ladder = no_ladder()};
  work_view_show("likelihood", 0, STEPS, "steps");
  vpf_status s = score_independent(e, l);
  if (!s) s = score_pseudo(e, l);
  if (!s) s = score_rows(e, l);
  work_view_clear();
  if (!s) print(e, l);
  return s;
}
