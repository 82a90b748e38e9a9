/* SPDX-License-Identifier: MIT */
#include "score_ladder.h"

#include <math.h>
#include <stdio.h>

#include "../../common/stop_signal.h"
#include "../../common/stopwatch.h"
#include "refusal.h"
#include "score_mixing.h"

ladder_scores no_ladder(void) {
  return (ladder_scores){.report = {.struct_size = sizeof(vpf_ladder_report),
                                    .log_z = NAN,
                                    .log_z_stderr = NAN,
                                    .acceptance_mean = NAN,
                                    .acceptance_least = NAN,
                                    .arrivals = NAN,
                                    .round_trips = NAN,
                                    .split_rhat = NAN,
                                    .autocorrelation_time = NAN,
                                    .log_z_bound = NAN}};
}

/* ---- Work, and how long it will take ---- */

/* From the means of the training images to the machine, rungs made with so many chains. */
static vpf_status build(const evaluation *e, size_t chains, vpf_ladder **out) {
  const vpf_ladder_settings settings = {
      .struct_size = sizeof settings, .chains = chains, .seed = e->options->seed};
  return vpf_ladder_create(out, e->machine, e->training, &settings);
}

/* With fewer chains. What leads from a ladder that was read to the machine, mostly nothing, is not reckoned with. */
static vpf_status climb_some(const void *work, size_t n) {
  const evaluation *e = work;
  vpf_ladder *built = NULL;
  vpf_status s = e->ladder ? VPF_OK : build(e, n, &built);
  if (!s)
    s = vpf_ladder_sample(e->ladder ? e->ladder : built, NULL, n, e->options->ladder_sweeps, e->options->seed, NULL, NULL);
  vpf_ladder_destroy(built);
  return unless_refused(s, NULL, 0);
}

vpf_status estimate_ladder(const evaluation *e, double *seconds) {
  return estimate_seconds(seconds, e->options->ladder_chains, climb_some, e);
}

/* ---- The scores ---- */

/* A signal that ends the program would leave a temporary file behind. */
static vpf_status save(const vpf_ladder *ladder, const char *path) {
  hold_stop_signals();
  const vpf_status s = vpf_ladder_save(ladder, path);
  release_stop_signals();
  return s;
}

/* A ladder that was read may have been built for another machine of the same shape: it is led on to this one. */
static vpf_status climb(const evaluation *e, ladder_scores *l) {
  const evaluate_options *o = e->options;
  vpf_ladder *built = NULL;
  const double begin = seconds_now();
  vpf_status s = e->ladder ? vpf_ladder_append(e->ladder, e->machine, 1, &l->added) : build(e, o->ladder_chains, &built);
  if (!s && built && o->ladder_file) s = save(built, o->ladder_file);
  const double end = seconds_now();
  if (!s)
    s = vpf_ladder_sample(built ? built : e->ladder, NULL, o->ladder_chains, o->ladder_sweeps, o->seed, NULL, &l->report);
  l->build_seconds = end - begin;
  l->sample_seconds = seconds_now() - end;
  vpf_ladder_destroy(built);
  return s;
}

vpf_status score_ladder(const evaluation *e, ladder_scores *l) {
  *l = no_ladder();
  l->read = e->ladder != NULL;
  const vpf_status s = climb(e, l);
  l->available = !s;
  if (!is_refusal(s)) return s;
  snprintf(l->reason, sizeof l->reason, "%s", vpf_error_message());
  return VPF_OK;
}

/* ---- What is printed ---- */

/* What makes log Z doubtful. With fewer round trips than half the chains, most of them have never been at both ends. */
static void print_warnings(const evaluation *e, const vpf_ladder_report *r) {
  if (r->disagree)
    printf("WARNING     log Z by the ladder is %.2f nats below a rigorous bound, so it has missed modes.\n",
           r->log_z_bound - r->log_z);
  if (!have_mixed(r->split_rhat)) puts("WARNING     The chains of the ladder have not mixed: give more --ladder-sweeps.");
  if (r->round_trips < 0.5 * (double)e->options->ladder_chains)
    puts("WARNING     The ladder has few round trips: give more --ladder-sweeps.");
}

/* "a ladder of 12 rungs, ..." */
static void print_rungs(const evaluation *e, const ladder_scores *l) {
  const evaluate_options *o = e->options;
  char building[DURATION_SIZE], sampling[DURATION_SIZE];
  printf("            a ladder of %zu rungs", l->report.rungs);
  if (l->read && l->added) printf(", %zu of them added to those of %s", l->added, o->ladder_file);
  if (l->read && !l->added) printf(" from %s", o->ladder_file);
  if (!l->read && o->ladder_file) printf(", written to %s", o->ladder_file);
  printf(": %zu chains, %zu sweeps; made in %s, sampled in %s\n", o->ladder_chains, o->ladder_sweeps,
         duration_text(l->build_seconds, building), duration_text(l->sample_seconds, sampling));
}

void print_ladder(const evaluation *e, const ladder_scores *l) {
  const vpf_ladder_report *r = &l->report;
  if (!l->available) {
    printf("            %-21s  not available: %s\n", "log Z, ladder", l->reason);
    return;
  }
  print_rungs(e, l);
  printf("            %-21s  %10.3f +- %6.3f  least acceptance %.2f, %.0f round trips, split R-hat %.3f\n", "log Z, ladder",
         r->log_z, r->log_z_stderr, r->acceptance_least, r->round_trips, r->split_rhat);
  printf("            %-21s  %10.3f  (mean field from its states%s)\n", "log Z is at least", r->log_z_bound,
         r->disagree ? "" : "; not contradicted");
  print_warnings(e, r);
}
