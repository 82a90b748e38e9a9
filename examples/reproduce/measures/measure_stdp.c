/* SPDX-License-Identifier: MIT */
/* Fig. 1b. Two units without a weight between them, so that the rates stay what they are until a unit flips: the pair
 * of spikes is what the rule sees, and what it does to the weight is noted, not done.
 *
 * In the paper's trials a unit is excited once. Here the chain does what it likes, so a pre-synaptic unit may come to
 * rest and be excited again before the other one spikes. That change belongs to its later spike: the trial counts
 * with a change of 0, as in the paper, and is counted. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <vpf/experimental/stdp.h>

#include "../../common/complain.h"
#include "../../common/stop_signal.h"
#include "../sections.h"

enum { PRE, POST, UNITS };
enum { BINS = 24, FLIPS = 4096 };

/* Units of time are a quarter of how long the unit stays excited that must still be excited at the second spike. */
static const double fall = 4, slow_fall = 1;           /* rates at which excited units come to rest */
static const double first = 0.02, last = 1.22;         /* of the times between spikes that are shown */
static const double slowest = 1e-3, fastest = 1e3;     /* the post-synaptic rates, log-uniform, far beyond these times */

typedef struct bins {
  double sum[BINS], squares[BINS];
  size_t count[BINS], again[BINS]; /* trials, and those in which a unit was excited again in between */
} bins;

static double bin_edge(size_t bin) {
  return first + (last - first) * (double)bin / BINS;
}

static size_t bin_of(double time) {
  return time < first || time >= last ? BINS : (size_t)((time - first) / (last - first) * BINS);
}

/* ---- Simulation ---- */

typedef struct simulation {
  vpf_model *model;
  vpf_flip *flips;     /* [FLIPS] */
  double *changes;     /* [FLIPS] */
  size_t count;        /* flips of this trial */
} simulation;

/* b = 2 log(rate) makes a unit rise at `rate` and fall at 1 / rate. */
static vpf_status run_trial(simulation *t, double pre_rises, double post_rises, const uint8_t *start, double duration,
                            uint64_t seed) {
  const float bias[UNITS] = {(float)(2 * log(pre_rises)), (float)(2 * log(post_rises))};
  vpf_status s = vpf_model_set_bias(t->model, 0, VPF_BIAS_UP, bias);
  if (!s) s = vpf_simulate_flips(t->model, start, duration, FLIPS, seed, t->flips, &t->count);
  if (!s && t->count) s = vpf_stdp_changes(t->flips, t->count, start[PRE], PRE, POST, t->changes);
  return complain(s);
}

/* The first flip of a unit from flip `from` on, or t->count. */
static size_t next_flip(const simulation *t, size_t unit, size_t from) {
  while (from < t->count && t->flips[from].unit != unit) from++;
  return from;
}

/* Whether a unit is excited among flips first .. end-1. */
static bool is_excited(const simulation *t, size_t unit, size_t from, size_t end) {
  for (size_t k = next_flip(t, unit, from); k < end; k = next_flip(t, unit, k + 1))
    if (t->flips[k].state) return true;
  return false;
}

static void note(bins *b, size_t bin, double change, bool again) {
  const double counted = again ? 0 : change;
  b->count[bin]++;
  b->again[bin] += again;
  b->sum[bin] += counted;
  b->squares[bin] += counted * counted;
}

/* The pre-synaptic unit has just been excited, the other one rests; until that is excited too. */
static vpf_status pre_before_post(simulation *t, double post_rises, uint64_t seed, bins *b) {
  const uint8_t start[UNITS] = {1, 0};
  vpf_status s = run_trial(t, 1 / fall, post_rises, start, last, seed);
  const size_t spike = next_flip(t, POST, 0), bin = spike < t->count ? bin_of(t->flips[spike].time) : BINS;
  if (!s && bin < BINS) note(b, bin, t->changes[spike], is_excited(t, PRE, 0, spike));
  return s;
}

/* The post-synaptic unit has just been excited, the pre-synaptic one rests until its spike; what changes is decided
 * when the post-synaptic unit comes to rest. */
static vpf_status post_before_pre(simulation *t, uint64_t seed, bins *b) {
  const uint8_t start[UNITS] = {0, 1};
  const double long_enough = last + 50 / fall; /* nobody stays excited that long */
  vpf_status s = run_trial(t, 1 / slow_fall, 1 / fall, start, long_enough, seed);
  if (s) return s;
  const size_t spike = next_flip(t, PRE, 0), bin = spike < t->count ? bin_of(t->flips[spike].time) : BINS;
  if (bin == BINS) return VPF_OK;
  const size_t before = next_flip(t, POST, 0);
  const size_t rest = before < spike ? before : next_flip(t, POST, spike);
  if (rest == t->count) return complain_because(VPF_ERR_INTERNAL, "a trial did not end in %d flips", FLIPS);
  const bool again = is_excited(t, POST, 0, spike) || (rest > spike && is_excited(t, PRE, spike + 1, rest));
  note(b, bin, before < spike ? 0 : t->changes[rest], again);
  return VPF_OK;
}

/* A number in (0, 1) for a trial; the seeds of the simulation are others. */
static double part_of(size_t trial, size_t trials) {
  return ((double)trial + 0.5) / (double)trials;
}

static vpf_status simulate(run *r, bins *before, bins *after) {
  const size_t sizes[] = {UNITS}, count = r->effort.spikes;
  const uint8_t intra[] = {1};
  simulation t = {.flips = calloc(FLIPS, sizeof *t.flips), .changes = calloc(FLIPS, sizeof *t.changes)};
  vpf_status s = t.flips && t.changes ? VPF_OK : complain_because(VPF_ERR_MEMORY, "cannot allocate flips");
  if (!s) s = complain(vpf_model_create(&t.model, sizes, 1, intra, VPF_COUPLING_PAIRWISE)); /* weights are 0 */
  for (size_t k = 0; !s && !stop_signal && k < count; k++) {
    const double rate = slowest * pow(fastest / slowest, part_of(k, count));
    s = pre_before_post(&t, rate, k, before);
    if (!s && k % 4 == 0) s = post_before_pre(&t, count + k, after); /* every trial of these has a pair */
    overall_progress_at(&r->progress, part_of(k, count), "pair of spikes %zu of %zu", k, count);
  }
  vpf_model_destroy(t.model);
  free(t.changes);
  free(t.flips);
  return s;
}

/* ---- What is expected: docs/math.md, section 15 ---- */

/* Of the post-synaptic rates, the mean of rate^power exp(-rate t) d log(rate): the density of the time of its spike
 * for power 1, and that times the mean rate at it for 2. */
static double moment(double t, int power) {
  const double a = slowest, b = fastest;
  if (power == 1) return (exp(-a * t) - exp(-b * t)) / t;
  return (exp(-a * t) * (1 + a * t) - exp(-b * t) * (1 + b * t)) / (t * t);
}

/* Means over a bin, weighted by how often its times occur: Simpson's rule. */
typedef double (*at_time)(double t);

static double density_before(double t) { return moment(t, 1); }
static double change_before(double t) { return 0.5 * moment(t, 2) * exp(-fall * t); }
static double density_after(double t) { return exp(-t / slow_fall); }
static double change_after(double t) {
  return density_after(t) * -0.5 * fall * exp(-fall * t) * fall / (fall + slow_fall);
}

static double integral(at_time f, double from, double to) {
  enum { PARTS = 64 };
  double sum = f(from) + f(to);
  for (int k = 1; k < PARTS; k++) sum += f(from + (to - from) * k / PARTS) * (k % 2 ? 4 : 2);
  return sum * (to - from) / (3 * PARTS);
}

static double expected(at_time change, at_time density, size_t bin) {
  return integral(change, bin_edge(bin), bin_edge(bin + 1)) / integral(density, bin_edge(bin), bin_edge(bin + 1));
}

/* ---- Comparison ---- */

/* Chance of a larger chi-square with an even number of degrees of freedom: a finite sum. */
static double chi_square_tail(double x, size_t degrees) {
  double term = exp(-x / 2), sum = 0;
  for (size_t k = 0; k < degrees / 2; k++) {
    sum += term;
    term *= x / 2 / (double)(k + 1);
  }
  return sum;
}

typedef struct comparison {
  double times[BINS], means[BINS], errors[BINS], exact[BINS];
  size_t trials, again;
  double chi_square, p;
} comparison;

/* sign: of the times. */
static void compare(comparison *c, const bins *b, at_time change, at_time density, double sign) {
  *c = (comparison){0};
  for (size_t k = 0; k < BINS; k++) {
    const double n = (double)b->count[k], mean = b->sum[k] / n;
    c->times[k] = sign * (bin_edge(k) + bin_edge(k + 1)) / 2;
    c->means[k] = mean;
    c->errors[k] = sqrt((b->squares[k] / n - mean * mean) / n);
    c->exact[k] = expected(change, density, k);
    c->chi_square += pow((mean - c->exact[k]) / c->errors[k], 2);
    c->trials += b->count[k];
    c->again += b->again[k];
  }
  c->p = chi_square_tail(c->chi_square, BINS);
}

static void claim(findings *f, const char *what, const comparison *c) {
  char measured[96], remark[160];
  snprintf(measured, sizeof measured, "chi-square %.1f over %d bins, p = %.3f", c->chi_square, (int)BINS, c->p);
  snprintf(remark, sizeof remark, "%zu pairs of spikes; in %zu of them a unit was excited again in between", c->trials,
           c->again);
  find_claim(f, what, "p > 0.01, seeds fixed beforehand", measured, c->p > 0.01, remark);
}

enum { CURVE = 120 };

/* A curve of the paper over times of that sign. */
static void paper_curve(findings *f, json_t *plot, const char *name, double sign) {
  double times[CURVE], changes[CURVE];
  for (size_t k = 0; k < CURVE; k++) {
    const double t = first + (last - first) * (double)k / (CURVE - 1);
    times[k] = sign * t;
    changes[k] = sign > 0 ? exp(-fall * t) / t : -fall * exp(-fall * t);
  }
  plot_series(f, plot, name, PLOT_LINES, times, changes, NULL, CURVE);
}

vpf_status measure_stdp(run *r, findings *f) {
  bins before = {0}, after = {0};
  comparison c_before, c_after;
  const vpf_status s = simulate(r, &before, &after);
  if (s || stop_signal) return s;
  compare(&c_before, &before, change_before, density_before, 1);
  compare(&c_after, &after, change_after, density_after, -1);

  json_t *plot = find_plot(f, "Change of the weight", "post-synaptic minus pre-synaptic spike time", "mean change", false);
  paper_curve(f, plot, "paper: exp(-d t)/t", 1);
  paper_curve(f, plot, "paper: -d exp(-d t)", -1);
  plot_series(f, plot, "exact mean", PLOT_LINES, c_before.times, c_before.exact, NULL, BINS);
  plot_series(f, plot, "exact mean", PLOT_LINES, c_after.times, c_after.exact, NULL, BINS);
  plot_series(f, plot, "simulated", PLOT_POINTS, c_before.times, c_before.means, c_before.errors, BINS);
  plot_series(f, plot, "simulated", PLOT_POINTS, c_after.times, c_after.means, c_after.errors, BINS);
  plot_range(f, plot, -5, 15);
  claim(f, "Pre- before post-synaptic spike: half the rate, while the pre-synaptic unit is still excited", &c_before);
  claim(f, "Post- before pre-synaptic spike: minus half the rate, if the pre-synaptic unit outlasts the other", &c_after);
  find_text(f,
            "Excited units come to rest at the rate d = %g (the pre-synaptic one of the second case: %g). Rates at which "
            "the post-synaptic unit is excited are log-uniform from %g to %g, so that their mean, given the time t of the "
            "spike, is 1/t, as the paper writes for the rate. The paper leaves out the factor 1/2 of Eq. 6 and, in the "
            "second case, the chance that the pre-synaptic unit is still excited when the other comes to rest; its "
            "published figure is two typed-in curves. The shape is the one it claims: a change that falls with the time "
            "between the spikes, and whose sign is that of their order.",
            fall, slow_fall, slowest, fastest);
  return VPF_OK;
}
