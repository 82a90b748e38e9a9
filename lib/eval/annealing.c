/* SPDX-License-Identifier: MIT */
#include "eval/annealing.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "bm/gibbs.h"
#include "eval/ais.h"
#include "eval/doubts.h"
#include "eval/exact.h"
#include "eval/modes.h"
#include "num/bennett.h"
#include "num/elementary.h"
#include "num/rng.h"
#include "num/statistics.h"

/* Nanoseconds of one thread, measured with AVX-512 on RBMs of 100 and 784 visible units and machines of one layer; the same
 * for every computer, so that all decide alike. */
bool vpfi_enumeration_is_cheap(const vpfi_shape *shape, const vpfi_annealing *a) {
  const size_t explicit_units = vpfi_split_choose(shape, 0).explicit_units;
  const double units = (double)shape->units;
  const double state = 70 + 1.6 * units, step = 2000 + 5 * units;
  if (explicit_units > VPFI_MOST_ENUMERATED) return false;
  return (double)((uint64_t)1 << explicit_units) * state <= fmax(1e8, 4 * (double)a->chains * (double)a->betas * step);
}

enum { ROWS_TO_CLIMB_FROM = 24, CHAINS_TO_CLIMB_FROM = 16 };

/* Everything a call needs, so that it is freed in one place. */
typedef struct call {
  const vpfi_annealing *annealing;
  vpfi_workspace work;
  vpfi_modes modes;
  vpfi_bases bases;
  vpfi_ais ais;
  float *beta;     /* [betas] */
  double *weights; /* [chains] */
  double *forward; /* [chains]: log weights of the forward run */
} call;

static void end(call *c) {
  vpfi_ais_clear(&c->ais);
  vpfi_bases_clear(&c->bases);
  vpfi_modes_clear(&c->modes);
  vpfi_workspace_end(&c->work);
  vpfi_free(c->beta);
  vpfi_free(c->weights);
  vpfi_free(c->forward);
}

/* Modes that can be found from places that need no data, and from the data there are. */
static vpf_status find_modes(call *c) {
  const vpfi_annealing *a = c->annealing;
  const vpf_status status =
      vpfi_modes_init(&c->modes, c->work.machine.shape, 2 * ROWS_TO_CLIMB_FROM + CHAINS_TO_CLIMB_FROM);
  if (status) return status;
  if (a->base) vpfi_modes_add_rows(&c->modes, a->base, ROWS_TO_CLIMB_FROM);
  if (a->reverse_from && a->reverse_from != a->base)
    vpfi_modes_add_rows(&c->modes, a->reverse_from, ROWS_TO_CLIMB_FROM);
  vpfi_modes_climb(&c->modes, &c->work);
  return VPF_OK;
}

static vpf_status choose_bases(call *c) {
  const vpfi_rows *rows = c->annealing->base;
  vpf_status status = vpfi_bases_init(&c->bases, &c->work);
  if (!status && rows) status = vpfi_bases_add_rows(&c->bases, &c->work, rows);
  if (status) return status;
  vpfi_bases_add_modes(&c->bases, &c->work, &c->modes);
  vpfi_bases_share(&c->bases);
  return VPF_OK;
}

static vpf_status begin(call *c, const vpfi_shape *shape, const vpfi_params *params, const vpfi_annealing *a) {
  *c = (call){.annealing = a};
  vpf_status status = vpfi_workspace_begin(&c->work, shape, params, a->chains, a->chains * a->betas);
  if (!status) status = find_modes(c);
  if (!status) status = choose_bases(c);
  if (!status) status = vpfi_ais_init(&c->ais, &c->work, &c->bases, a->betas);
  if (status) return status;
  c->beta = vpfi_alloc(a->betas, sizeof *c->beta);
  c->weights = vpfi_alloc(a->chains, sizeof *c->weights);
  c->forward = vpfi_alloc(a->chains, sizeof *c->forward);
  return c->beta && c->weights && c->forward ? VPF_OK : VPF_ERR_MEMORY;
}

/* A pilot run of a few chains from each base, which shows where weights vary, and which bases lead somewhere. */
typedef struct pilot {
  size_t betas, chains;
  float *beta;    /* [betas] */
  double *parts;  /* [chains x betas-1] */
} pilot;

static void pilot_clear(pilot *p) {
  vpfi_free(p->beta);
  vpfi_free(p->parts);
  *p = (pilot){0};
}

static vpf_status pilot_run(call *c, pilot *p) {
  enum { PART = 5, MOST_BETAS = 2000, CHAINS_A_BASE = 4 };
  const vpfi_annealing *a = c->annealing;
  const size_t wanted = CHAINS_A_BASE * c->bases.count, betas = a->betas / PART + 2;
  p->betas = betas < MOST_BETAS ? betas : MOST_BETAS;
  p->chains = a->chains < wanted ? a->chains : wanted;
  p->beta = vpfi_alloc(p->betas, sizeof *p->beta);
  p->parts = vpfi_alloc(p->chains, (p->betas - 1) * sizeof *p->parts);
  if (!p->beta || !p->parts) return VPF_ERR_MEMORY;
  vpfi_ais_uniform(p->beta, p->betas);
  vpfi_ais_start(&c->ais, VPFI_AIS_PILOT, a->seed, p->chains);
  vpfi_ais_run(&c->ais, VPFI_AIS_PILOT, p->beta, p->betas, a->seed, p->chains, c->weights, p->parts);
  return VPF_OK;
}

/* The log of the mean weight of chains begin .. end-1. */
static double log_mean(const double *weights, size_t begin, size_t end) {
  double most = weights[begin], sum = 0;
  for (size_t k = begin; k < end; k++) most = fmax(most, weights[k]);
  for (size_t k = begin; k < end; k++) sum += vpfi_exp(weights[k] - most);
  return most + vpfi_log(sum / (double)(end - begin));
}

/* Chains go where the pilot's weights are large, but not in proportion: its few chains and temperatures know them badly.
 * A twentieth of the chains is spread evenly, whatever the pilot says. (A tenth, and the fifth root instead of the square
 * root, leave a third of the chains where trained RBMs have no use for them.) Where the pilot could not try all bases, all
 * stay as they are. */
static void share_chains(call *c, const pilot *p) {
  static const double EVENLY = 0.05, POWER = 0.5;
  const size_t *group = c->ais.group;
  double score[VPFI_MOST_BASES] = {0}, most = -HUGE_VAL, sum = 0;
  if (p->chains < c->bases.count) return;
  for (size_t begin = 0, end; begin < p->chains; begin = end) {
    for (end = begin + 1; end < p->chains && group[end] == group[begin];) end++;
    score[group[begin]] = log_mean(c->weights, begin, end);
    most = fmax(most, score[group[begin]]);
  }
  for (size_t s = 0; s < c->bases.count; s++) {
    score[s] = vpfi_exp(POWER * (score[s] - most));
    sum += score[s];
  }
  for (size_t s = 0; s < c->bases.count && isfinite(sum); s++)
    c->bases.share[s] = EVENLY / (double)c->bases.count + (1 - EVENLY) * score[s] / sum;
}

/* After a pilot run, if there is anything to be decided by it. */
static vpf_status prepare(call *c) {
  const vpfi_annealing *a = c->annealing;
  pilot p = {0};
  vpf_status status = a->adaptive || c->bases.count > 1 ? pilot_run(c, &p) : VPF_OK;
  if (!status && c->bases.count > 1) share_chains(c, &p);
  if (!status && a->adaptive)
    vpfi_ais_adapt(&c->ais, c->beta, a->betas, p.beta, p.betas, p.parts, p.chains);
  else
    vpfi_ais_uniform(c->beta, a->betas);
  for (size_t k = 0; a->temperatures && k < a->betas; k++) c->beta[k] = (float)a->temperatures[k];
  pilot_clear(&p);
  return status;
}

/* What the log importance weights say. */
typedef struct estimate {
  double log_ratio, error, ess, spread;
} estimate;

/* Replaces the log weights by w / max w. group: of each chain, or NULL where chains are all alike. */
static estimate summarize(double *weights, const size_t *group, size_t chains) {
  estimate e = {.spread = group ? vpfi_group_deviation(weights, 1, group, chains) : vpfi_deviation(weights, chains)};
  double peak = weights[0], sum = 0, sum2 = 0;
  for (size_t c = 1; c < chains; c++) peak = fmax(peak, weights[c]);
  for (size_t c = 0; c < chains; c++) {
    weights[c] = vpfi_exp(weights[c] - peak);
    sum += weights[c];
    sum2 += weights[c] * weights[c];
  }
  e.log_ratio = peak + vpfi_log(sum / (double)chains);
  e.error = group ? vpfi_group_error(weights, group, chains) : vpfi_standard_error(weights, chains);
  e.error /= sum / (double)chains; /* of a logarithm: the relative error */
  e.ess = sum * sum / sum2;
  return e;
}

static void run_forward(call *c, vpf_ais_result *result) {
  const vpfi_annealing *a = c->annealing;
  vpfi_ais_start(&c->ais, VPFI_AIS_FORWARD, a->seed, a->chains);
  vpfi_ais_run(&c->ais, VPFI_AIS_FORWARD, c->beta, a->betas, a->seed, a->chains, c->weights, NULL);
  memcpy(c->forward, c->weights, a->chains * sizeof *c->forward);
  const estimate e = summarize(c->weights, c->ais.group, a->chains);
  result->log_z = e.log_ratio;
  result->log_z_stderr = e.error;
  result->ess = e.ess;
  result->spread = e.spread;
  result->bases = (unsigned)c->bases.count;
}

/* Start chains first .. at the rows, repeating them as needed, with hidden layers inferred. */
static void start_from(call *c, const vpfi_rows *rows, size_t first) {
  vpfi_states *states = &c->work.states;
  for (size_t r = first; r < states->rows; r++)
    memcpy(vpfi_states_edit(states, 0, r), rows->bits + ((r - first) % rows->rows) * rows->words,
           rows->words * sizeof(uint64_t));
  vpfi_infer(&c->work.machine, &vpfi_estep_paper, vpfi_rng_stream(c->annealing->seed, VPFI_PURPOSE_ESTEP, 0), states,
             &c->work.team, c->work.scratch);
}

/* Chains that begin where the forward run has ended, and come first; the others begin at the rows. */
static size_t chains_from_ends(const vpfi_annealing *a) {
  enum { TOO_FEW = 8 }; /* for two halves that have an error each */
  if (!a->reverse_from) return a->chains;
  return a->chains < TOO_FEW ? 0 : a->chains / 2;
}

static vpf_status start_chains(call *c) {
  const vpfi_annealing *a = c->annealing;
  const size_t from_ends = chains_from_ends(a);
  vpfi_states ends = {0};
  vpf_status status = from_ends > 0 ? vpfi_states_init(&ends, c->work.machine.shape, VPFI_ORDER_SWEPT, from_ends) : VPF_OK;
  if (status) return status;
  if (from_ends > 0) vpfi_ais_resample(&c->ais, a->seed, c->weights, a->chains, &ends);
  if (a->reverse_from) start_from(c, a->reverse_from, from_ends);
  if (from_ends > 0) vpfi_states_copy(&c->work.states, 0, &ends, 0, from_ends);
  vpfi_states_clear(&ends);
  const vpfi_gibbs_plan plan = {.sweeps = a->reverse_sweeps, .seed = a->seed};
  vpfi_gibbs_sample(&c->work, &plan);
  return VPF_OK;
}

/* Make the states that the reverse run begins with: exact samples, or else Gibbs chains. */
static vpf_status start_reverse(call *c, vpf_ais_result *result) {
  const bool exact = vpfi_enumeration_is_cheap(c->work.machine.shape, c->annealing);
  result->reverse_start = exact ? VPF_AIS_START_EXACT : VPF_AIS_START_CHAINS;
  return exact ? vpfi_exact_sample(&c->work, c->annealing->seed) : start_chains(c);
}

/* Each kind of start gives an estimate, of which the larger counts: a kind may know only modes of little probability. */
static void summarize_reverse(call *c, vpf_ais_result *result) {
  const size_t chains = c->annealing->chains;
  const size_t first = result->reverse_start == VPF_AIS_START_EXACT ? chains : chains_from_ends(c->annealing);
  estimate e = {.log_ratio = HUGE_VAL};
  double both = -HUGE_VAL;
  if (first > 0) both = vpfi_bennett(c->forward, chains, c->weights, first);
  if (first < chains) both = fmax(both, vpfi_bennett(c->forward, chains, c->weights + first, chains - first));
  result->log_z_both = both;
  if (first > 0) e = summarize(c->weights, NULL, first);
  if (first < chains) {
    const estimate other = summarize(c->weights + first, NULL, chains - first);
    if (!(other.log_ratio >= e.log_ratio)) e = other;
  }
  result->reverse_log_z = -e.log_ratio;
  result->reverse_stderr = e.error;
  result->reverse_ess = e.ess;
  result->reverse_spread = e.spread;
}

static vpf_status run_reverse(call *c, vpf_ais_result *result) {
  const vpfi_annealing *a = c->annealing;
  const vpf_status status = start_reverse(c, result);
  if (status) return status;
  for (size_t k = 0; k < a->betas / 2; k++) {
    const float kept = c->beta[k];
    c->beta[k] = c->beta[a->betas - 1 - k];
    c->beta[a->betas - 1 - k] = kept;
  }
  vpfi_ais_run(&c->ais, VPFI_AIS_REVERSE, c->beta, a->betas, a->seed, a->chains, c->weights, NULL);
  summarize_reverse(c, result);
  return VPF_OK;
}

/* The rigorous bound, with the modes in which the chains have ended. */
static vpf_status find_bound(call *c, vpf_ais_result *result) {
  vpfi_modes_add_states(&c->modes, &c->work.states, CHAINS_TO_CLIMB_FROM);
  vpfi_modes_climb(&c->modes, &c->work);
  return vpfi_modes_bound(&c->modes, &result->log_z_bound);
}

static vpf_status check_finite(const char *function, const char *what, double value) {
  return isfinite(value) ? VPF_OK : vpfi_fail_overflow(function, what, value);
}

/* A single chain whose fields overflow is enough to spoil these. */
static vpf_status check_forward(const char *function, const vpf_ais_result *r) {
  vpf_status status = check_finite(function, "log partition function", r->log_z);
  if (!status) status = check_finite(function, "spread of the log weights", r->spread);
  return status ? status : check_finite(function, "standard error", r->log_z_stderr);
}

static vpf_status check_reverse(const char *function, const vpf_ais_result *r) {
  vpf_status status = check_finite(function, "reverse log partition function", r->reverse_log_z);
  if (!status) status = check_finite(function, "spread of the reverse log weights", r->reverse_spread);
  if (!status) status = check_finite(function, "reverse standard error", r->reverse_stderr);
  return status ? status : check_finite(function, "log partition function by both runs", r->log_z_both);
}

vpf_status vpfi_anneal(const char *function, const vpfi_shape *shape, const vpfi_params *params,
                       const vpfi_annealing *annealing, vpf_ais_result *result) {
  call c;
  const double none = (double)NAN; /* NAN is a float in clang's headers */
  *result = (vpf_ais_result){
      .reverse_log_z = none, .reverse_stderr = none, .reverse_ess = none, .reverse_spread = none, .log_z_both = none};
  vpf_status status = begin(&c, shape, params, annealing);
  if (!status) status = prepare(&c);
  if (!status) run_forward(&c, result);
  if (!status) status = check_forward(function, result);
  if (!status) status = find_bound(&c, result);
  if (!status && annealing->reverse) status = run_reverse(&c, result);
  if (!status && annealing->reverse) status = check_reverse(function, result);
  if (!status) result->doubts = vpfi_doubts(result, annealing->chains);
  result->disagree = result->doubts != 0;
  end(&c);
  return status;
}
