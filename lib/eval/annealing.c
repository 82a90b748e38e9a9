/* SPDX-License-Identifier: MIT */
#include "eval/annealing.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "bm/gibbs.h"
#include "eval/ais.h"
#include "eval/bound.h"
#include "eval/exact.h"
#include "eval/moments.h"
#include "num/elementary.h"
#include "num/rng.h"
#include "num/statistics.h"

enum { MOST_CHEAP_UNITS = 16 };

bool vpfi_enumeration_is_cheap(const vpfi_shape *shape) {
  return vpfi_split_choose(shape, 0).explicit_units <= MOST_CHEAP_UNITS;
}

/* Everything a call needs, so that it is freed in one place. */
typedef struct call {
  const vpfi_annealing *annealing;
  vpfi_workspace work;
  vpfi_ais ais;
  float *beta;     /* [betas] */
  double *weights; /* [chains] */
} call;

/* Biases that give independent units the mean activity of the rows. Half a row with the pixel on and half a
 * row with it off are added, so that it is not impossible for a pixel that is always off to be on. */
static vpf_status fit_base(const vpfi_rows *rows, size_t threads, float **out) {
  float *base = vpfi_alloc(rows->cols, sizeof *base);
  double *mean = vpfi_alloc(rows->cols, sizeof *mean);
  vpf_status status = base && mean ? vpfi_moments(rows, threads, mean, NULL) : VPF_ERR_MEMORY;
  const double n = (double)rows->rows;
  for (size_t j = 0; !status && j < rows->cols; j++) {
    const double on = nearbyint(n * mean[j]); /* the exact count again */
    base[j] = (float)(vpfi_log(on + 0.5) - vpfi_log(n - on + 0.5));
  }
  vpfi_free(mean);
  if (status)
    vpfi_free(base);
  else
    *out = base;
  return status;
}

static void end(call *c) {
  if (c->ais.work) vpfi_ais_clear(&c->ais);
  vpfi_workspace_end(&c->work);
  vpfi_free(c->beta);
  vpfi_free(c->weights);
}

static vpf_status begin(call *c, const vpfi_shape *shape, const vpfi_params *params, const vpfi_annealing *a) {
  *c = (call){.annealing = a};
  vpf_status status = vpfi_workspace_begin(&c->work, shape, params, a->chains, a->chains * a->betas);
  float *base = NULL;
  if (!status && a->base) status = fit_base(a->base, c->work.team.threads, &base);
  if (!status) status = vpfi_ais_init(&c->ais, &c->work, base);
  vpfi_free(base);
  if (status) return status;
  c->beta = vpfi_alloc(a->betas, sizeof *c->beta);
  c->weights = vpfi_alloc(a->chains, sizeof *c->weights);
  return c->beta && c->weights ? VPF_OK : VPF_ERR_MEMORY;
}

/* A pilot run of a few chains shows where the weights vary. */
static vpf_status place_adaptively(call *c) {
  const vpfi_annealing *a = c->annealing;
  const size_t n = a->betas < 800 ? a->betas / 4 + 2 : 200, chains = a->chains < 16 ? a->chains : 16;
  float *beta = vpfi_alloc(n, sizeof *beta);
  double *parts = vpfi_alloc(chains, (n - 1) * sizeof *parts);
  const bool complete = beta && parts;
  if (complete) {
    vpfi_ais_uniform(beta, n);
    vpfi_ais_start(&c->ais, VPFI_AIS_PILOT, a->seed, chains);
    vpfi_ais_run(&c->ais, VPFI_AIS_PILOT, beta, n, a->seed, chains, c->weights, parts);
    vpfi_ais_adapt(c->beta, a->betas, beta, n, parts, chains);
  }
  vpfi_free(parts);
  vpfi_free(beta);
  return complete ? VPF_OK : VPF_ERR_MEMORY;
}

static vpf_status place_temperatures(call *c) {
  const double *given = c->annealing->temperatures;
  if (c->annealing->adaptive) return place_adaptively(c);
  if (!given) vpfi_ais_uniform(c->beta, c->annealing->betas);
  for (size_t k = 0; given && k < c->annealing->betas; k++) c->beta[k] = (float)given[k];
  return VPF_OK;
}

/* What the log importance weights say. */
typedef struct estimate {
  double log_ratio, error, ess, spread;
} estimate;

/* Replaces the log weights by w / max w. */
static estimate summarize(double *weights, size_t chains) {
  estimate e = {.spread = vpfi_deviation(weights, chains)};
  double peak = weights[0], sum = 0, sum2 = 0;
  for (size_t c = 1; c < chains; c++) peak = fmax(peak, weights[c]);
  for (size_t c = 0; c < chains; c++) {
    weights[c] = vpfi_exp(weights[c] - peak);
    sum += weights[c];
    sum2 += weights[c] * weights[c];
  }
  e.log_ratio = peak + vpfi_log(sum / (double)chains);
  e.error = vpfi_standard_error(weights, chains) / (sum / (double)chains); /* of a logarithm: the relative error */
  e.ess = sum * sum / sum2;
  return e;
}

static estimate run(call *c, vpfi_ais_run_kind kind) {
  const vpfi_annealing *a = c->annealing;
  vpfi_ais_run(&c->ais, kind, c->beta, a->betas, a->seed, a->chains, c->weights, NULL);
  return summarize(c->weights, a->chains);
}

static void run_forward(call *c, vpf_ais_result *result) {
  vpfi_ais_start(&c->ais, VPFI_AIS_FORWARD, c->annealing->seed, c->annealing->chains);
  const estimate e = run(c, VPFI_AIS_FORWARD);
  result->log_z = vpfi_ais_base_log_z(&c->ais) + e.log_ratio;
  result->log_z_stderr = e.error;
  result->ess = e.ess;
  result->spread = e.spread;
}

/* Start the chains at the rows, repeating them as needed, with hidden layers inferred. */
static void start_from(call *c, const vpfi_rows *rows) {
  vpfi_states *states = &c->work.states;
  for (size_t r = 0; r < states->rows; r++)
    memcpy(vpfi_states_edit(states, 0, r), rows->bits + (r % rows->rows) * rows->words, rows->words * sizeof(uint64_t));
  vpfi_infer(&c->work.machine, &vpfi_estep_paper, vpfi_rng_stream(c->annealing->seed, VPFI_PURPOSE_ESTEP, 0), states,
             &c->work.team, c->work.scratch);
}

/* Make the states that the reverse run begins with: exact samples, or else chains that start at the given
 * rows or where the forward run ended. */
static vpf_status start_reverse(call *c, vpf_ais_result *result) {
  const vpfi_annealing *a = c->annealing;
  if (vpfi_enumeration_is_cheap(c->work.machine.shape)) {
    result->reverse_start = VPF_AIS_START_EXACT;
    return vpfi_exact_sample(&c->work, a->seed);
  }
  result->reverse_start = VPF_AIS_START_CHAINS;
  if (a->reverse_from) start_from(c, a->reverse_from);
  const vpfi_gibbs_plan plan = {.sweeps = a->reverse_sweeps, .seed = a->seed};
  vpfi_gibbs_sample(&c->work, &plan);
  return VPF_OK;
}

static vpf_status run_reverse(call *c, vpf_ais_result *result) {
  const vpf_status status = start_reverse(c, result);
  if (status) return status;
  const size_t n = c->annealing->betas;
  for (size_t k = 0; k < n / 2; k++) {
    const float kept = c->beta[k];
    c->beta[k] = c->beta[n - 1 - k];
    c->beta[n - 1 - k] = kept;
  }
  const estimate e = run(c, VPFI_AIS_REVERSE);
  result->reverse_log_z = vpfi_ais_base_log_z(&c->ais) - e.log_ratio;
  result->reverse_stderr = e.error;
  result->reverse_ess = e.ess;
  result->reverse_spread = e.spread;
  return VPF_OK;
}

/* Whether at least one of the numbers must be wrong: the directions differ, or annealing has found less than there
 * certainly is. Without a reverse run, its numbers are NaN and differ from nothing. */
static bool numbers_disagree(const vpf_ais_result *r) {
  const double error = sqrt(r->reverse_stderr * r->reverse_stderr + r->log_z_stderr * r->log_z_stderr);
  return fabs(r->reverse_log_z - r->log_z) > 0.2 + 3 * error || r->log_z_bound > r->log_z + 0.2;
}

enum { ROWS_TO_CLIMB_FROM = 24, CHAINS_TO_CLIMB_FROM = 16 };

/* The rigorous bound, from places that need no data, from the data there are, and from where the chains have ended. */
static vpf_status find_bound(call *c, vpf_ais_result *result) {
  const vpfi_annealing *a = c->annealing;
  vpfi_starts starts;
  vpf_status status = vpfi_starts_init(&starts, c->work.machine.shape, 2 * ROWS_TO_CLIMB_FROM + CHAINS_TO_CLIMB_FROM);
  if (status) return status;
  vpfi_starts_add_states(&starts, &c->work.states, CHAINS_TO_CLIMB_FROM);
  if (a->base) vpfi_starts_add_rows(&starts, a->base, ROWS_TO_CLIMB_FROM);
  if (a->reverse_from && a->reverse_from != a->base) vpfi_starts_add_rows(&starts, a->reverse_from, ROWS_TO_CLIMB_FROM);
  status = vpfi_log_z_bound(&c->work, &starts, &result->log_z_bound);
  vpfi_starts_clear(&starts);
  return status;
}

static vpf_status check_finite(const char *function, const char *what, double value) {
  return isfinite(value) ? VPF_OK : vpfi_fail_overflow(function, what, value);
}

vpf_status vpfi_anneal(const char *function, const vpfi_shape *shape, const vpfi_params *params,
                       const vpfi_annealing *annealing, vpf_ais_result *result) {
  call c;
  const double none = (double)NAN; /* NAN is a float in clang's headers */
  *result = (vpf_ais_result){
      .reverse_log_z = none, .reverse_stderr = none, .reverse_ess = none, .reverse_spread = none};
  vpf_status status = begin(&c, shape, params, annealing);
  if (!status) status = place_temperatures(&c);
  if (!status) run_forward(&c, result);
  if (!status) status = check_finite(function, "log partition function", result->log_z);
  if (!status) status = find_bound(&c, result);
  if (!status && annealing->reverse) status = run_reverse(&c, result);
  if (!status && annealing->reverse)
    status = check_finite(function, "reverse log partition function", result->reverse_log_z);
  if (!status) result->disagree = numbers_disagree(result);
  end(&c);
  return status;
}
