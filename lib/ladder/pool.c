/* SPDX-License-Identifier: MIT */
#include "ladder/pool.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "bm/chain.h"
#include "num/bennett.h"
#include "num/rng.h"
#include "num/statistics.h"

vpf_status vpfi_crowd_init(vpfi_crowd *crowd) {
  crowd->partner = vpfi_alloc(crowd->ladder->plan.pool, sizeof *crowd->partner);
  crowd->accepted = vpfi_alloc(crowd->chains, sizeof *crowd->accepted);
  crowd->slope = vpfi_alloc(crowd->chains, sizeof *crowd->slope);
  return crowd->partner && crowd->accepted && crowd->slope ? VPF_OK : VPF_ERR_MEMORY;
}

void vpfi_crowd_clear(vpfi_crowd *crowd) {
  vpfi_free(crowd->partner);
  vpfi_free(crowd->accepted);
  vpfi_free(crowd->slope);
  crowd->partner = NULL;
  crowd->accepted = crowd->slope = NULL;
}

/* ---- One sweep ---- */

typedef struct sweep_job {
  vpfi_crowd *crowd;
  vpfi_exchange exchange;
  uint64_t stream;
} sweep_job;

static void sweep_range(void *context, size_t begin, size_t end, size_t thread) {
  const sweep_job *job = context;
  const vpfi_crowd *crowd = job->crowd;
  const vpfi_shape *shape = crowd->machine->shape;
  vpfi_scratch *scratch = &crowd->scratch[thread];
  for (size_t c = begin; c < end; c++) {
    crowd->accepted[c] = vpfi_exchange_chain(&job->exchange, c, scratch, &crowd->slope[c]);
    vpfi_chain chain = {.machine = crowd->machine,
                        .states = crowd->states,
                        .row = crowd->first + c,
                        .scratch = scratch,
                        .stream = job->stream};
    vpfi_scratch_see(scratch, crowd->states, chain.row);
    vpfi_chain_resample(&chain, shape->layer[1].up, NULL);
    vpfi_chain_resample(&chain, shape->layer[0].up, NULL);
  }
}

static void sweep(vpfi_crowd *crowd) {
  vpfi_ladder *ladder = crowd->ladder;
  const uint64_t seed = ladder->plan.seed, time = ladder->time++;
  const vpfi_machine below = vpfi_rung_machine(ladder, crowd->below);
  sweep_job job = {.crowd = crowd,
                   .exchange = {.machine = crowd->machine,
                                .below = &below,
                                .rung = &ladder->rung[crowd->below],
                                .partner = crowd->partner,
                                .states = crowd->states,
                                .first = crowd->first,
                                .stream = vpfi_rng_stream(seed, VPFI_PURPOSE_EXCHANGE, time)},
                   .stream = vpfi_rng_stream(seed, VPFI_PURPOSE_LADDER, time)};
  vpfi_draw_partners(crowd->partner, ladder->plan.pool, crowd->chains,
                     vpfi_rng_stream(seed, VPFI_PURPOSE_PARTNER, time));
  vpfi_team_for(crowd->team, crowd->chains, sweep_range, &job);
}

void vpfi_crowd_sweep(vpfi_crowd *crowd, size_t sweeps) {
  for (size_t s = 0; s < sweeps; s++) sweep(crowd);
}

/* ---- A pool ---- */

enum { FIRST_TRACE = 32, LONGEST_TRACE = 512, LONGEST_TIME = 100 };

/* The integrated autocorrelation time of a trace [draws x chains] about the mean of all, until correlations get lost in
 * noise. */
static double autocorrelation_time(const double *trace, size_t draws, size_t chains) {
  const double mean = vpfi_mean(trace, draws * chains), lost = 0.05;
  double variance = 0, time = 1;
  for (size_t k = 0; k < draws * chains; k++) variance += (trace[k] - mean) * (trace[k] - mean);
  variance /= (double)(draws * chains);
  for (size_t lag = 1; variance > 0 && lag <= draws / 2; lag++) {
    double sum = 0;
    for (size_t k = 0; k < (draws - lag) * chains; k++) sum += (trace[k] - mean) * (trace[k + lag * chains] - mean);
    const double correlation = sum / ((double)((draws - lag) * chains) * variance);
    if (correlation < lost) break;
    time += 2 * correlation;
  }
  return time;
}

/* Sweep until the trace is ten times as long as the autocorrelation time of the slope, and report that. A mode that Gibbs
 * sampling does not leave is only left by exchanges, so the time is at least that between two of them. *sweeps: so many. */
static double measure_time(vpfi_crowd *crowd, double *trace, size_t *sweeps, double *acceptance) {
  double time = 0, accepted = 0;
  size_t draws = 0;
  for (size_t wanted = FIRST_TRACE; wanted <= LONGEST_TRACE && (double)draws < 10 * time + 1; wanted *= 2) {
    for (; draws < wanted; draws++) {
      sweep(crowd);
      memcpy(trace + draws * crowd->chains, crowd->slope, crowd->chains * sizeof *trace);
      accepted += vpfi_mean(crowd->accepted, crowd->chains);
    }
    time = autocorrelation_time(trace, draws, crowd->chains);
  }
  *sweeps = draws;
  *acceptance = accepted / (double)draws;
  return fmin(LONGEST_TIME, fmax(time, 1 / fmax(*acceptance, 1.0 / LONGEST_TIME)));
}

/* The rung's pool, taken from the chains every two autocorrelation times. */
static void fill_pool(vpfi_crowd *crowd, vpfi_rung *rung, double time) {
  const size_t pool = crowd->ladder->plan.pool, apart = (size_t)ceil(2 * time);
  for (size_t at = 0; at < pool; at += crowd->chains) {
    const size_t left = pool - at, count = left < crowd->chains ? left : crowd->chains;
    vpfi_crowd_sweep(crowd, apart);
    for (size_t c = 0; c < count; c++)
      memcpy(vpfi_states_edit(&rung->pool, 0, at + c), vpfi_states_row(crowd->states, 0, crowd->first + c),
             rung->pool.words[0] * sizeof(uint64_t));
  }
}

/* ---- log Z ---- */

typedef struct slopes_job {
  const vpfi_crowd *crowd;
  const vpfi_machine *other;
  const vpfi_rung *rung;
  double *out;
} slopes_job;

static void slopes_range(void *context, size_t begin, size_t end, size_t thread) {
  const slopes_job *job = context;
  vpfi_scratch *scratch = &job->crowd->scratch[thread];
  for (size_t k = begin; k < end; k++) {
    vpfi_scratch_see(scratch, &job->rung->pool, k);
    job->out[k] = job->rung->free_energy[k] - vpfi_free_energy_seen(job->other, scratch);
  }
}

/* out: [pool], log p* in another machine minus log p* in that of the rung, of the rung's pool. */
static void slopes_of_pool(const vpfi_crowd *crowd, const vpfi_rung *rung, const vpfi_machine *other, double *out) {
  slopes_job job = {crowd, other, rung, out};
  vpfi_team_for(crowd->team, crowd->ladder->plan.pool, slopes_range, &job);
}

/* room: [4 x pool] */
static void find_log_z(vpfi_crowd *crowd, vpfi_rung *rung, double *room) {
  const vpfi_ladder *ladder = crowd->ladder;
  const vpfi_rung *before = &ladder->rung[crowd->below];
  const size_t n = ladder->plan.pool;
  const vpfi_machine below = vpfi_rung_machine(ladder, crowd->below);
  double *forward = room, *reverse = room + n, *influence = room + 2 * n, sum = 0;
  slopes_of_pool(crowd, before, crowd->machine, forward);
  slopes_of_pool(crowd, rung, &below, reverse);
  const double step = vpfi_bennett(forward, n, reverse, n);
  vpfi_bennett_influence(forward, n, reverse, n, step, influence, influence + n);
  for (size_t k = 0; k < 2 * n; k++) sum += influence[k] * influence[k];
  const double error = before->numbers[VPFI_RUNG_LOG_Z_ERROR];
  rung->numbers[VPFI_RUNG_LOG_Z] = before->numbers[VPFI_RUNG_LOG_Z] + step;
  rung->numbers[VPFI_RUNG_LOG_Z_ERROR] = sqrt(error * error + sum);
}

vpf_status vpfi_rung_complete(vpfi_crowd *crowd) {
  enum { FORGET = 20 }; /* autocorrelation times; Béreux et al. 2026 */
  vpfi_ladder *ladder = crowd->ladder;
  vpfi_rung *rung = &ladder->rung[ladder->count];
  size_t sweeps, room = LONGEST_TRACE * crowd->chains;
  if (room < 4 * ladder->plan.pool) room = 4 * ladder->plan.pool;
  double *values = vpfi_alloc(room, sizeof *values);
  if (!values) return VPF_ERR_MEMORY;
  const double time = measure_time(crowd, values, &sweeps, &rung->numbers[VPFI_RUNG_ACCEPTANCE]);
  const size_t wanted = (size_t)ceil(FORGET * time);
  if (sweeps < wanted) vpfi_crowd_sweep(crowd, wanted - sweeps);
  fill_pool(crowd, rung, time);
  rung->numbers[VPFI_RUNG_TIME] = time;
  vpfi_rung_set_free_energies(ladder, ladder->count, crowd->scratch);
  find_log_z(crowd, rung, values);
  ladder->count++;
  vpfi_free(values);
  return VPF_OK;
}
