/* SPDX-License-Identifier: MIT */
/* Parallel trajectory tempering (Béreux et al. 2026): persistent chains that are kept at equilibrium by exchanges with
 * copies of the machine from its own training, which are the rungs of a ladder (docs/math.md, section 16). */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "bm/chain.h"
#include "ladder/extend.h"
#include "learn/contrast.h"
#include "learn/rungs_kept.h"
#include "num/elementary.h"
#include "num/rng.h"

enum { SAMPLES_A_CHAIN = 10, MOST_RUNGS = 1000, SETTLE = 20 };

/* When a copy is made, and below which a step is taken back. */
static const double FREEZE = 0.3, REJECT = 0.1;

/* What is kept. */
typedef struct tempered {
  vpfi_states chains;   /* in VPFI_ORDER_APART; what counts are their visible bits */
  uint64_t time;        /* minibatches, which numbers the draws of Gibbs sampling */
  vpfi_ladder ladder;
  size_t rungs;         /* the ladder's, as long as it has no memory yet */
  uint64_t halvings;    /* of the rate since the last copy */
  uint64_t since;       /* steps since the last copy */
  bool moved;           /* something other than this method has set the parameters, or nothing has happened yet */
  bool read;            /* from a file, so that vpfi_ladder_complete() is due */
  double *after;        /* [chains] free energies in the machine as this method has left it */
  double *before;       /* [chains] the same before the step */
  double *accepted, *weight; /* [chains] */
  size_t *partner;      /* [samples] */
  bool due;             /* the machine as it is should have become a rung, but there was no memory */
} tempered;

static tempered *kept_by(const vpfi_learner *learner) {
  return learner->kept[VPF_METHOD_PTT];
}

/* An epoch that has begun keeps its number of chains. */
static size_t chains_now(const vpfi_learner *learner) {
  return learner->inside ? kept_by(learner)->chains.rows : (size_t)learner->option[VPFI_AT_PARTICLES];
}

static vpf_status check(const vpfi_learner *learner, const vpfi_shape *shape) {
  (void)learner;
  if (vpfi_ladder_supports(shape)) return VPF_OK;
  return vpfi_fail(VPF_ERR_UNSUPPORTED,
                   "parallel trajectory tempering sums out either layer: 2 layers without intra-layer weights, not %zu "
                   "layers%s",
                   shape->n_layers, shape->n_layers == 2 ? " with them" : "");
}

static vpfi_needs needs(const vpfi_learner *learner, size_t batch_rows) {
  (void)batch_rows;
  vpfi_needs needs = vpfi_contrast_needs(learner, chains_now(learner));
  needs.transposed = true; /* chains are also swept one by one */
  return needs;
}

static vpfi_rung *last_rung(const tempered *p) {
  return &p->ladder.rung[p->ladder.count - 1];
}

/* The chains, to be swept by the trainer's machine. */
static vpfi_crowd crowd_of(vpfi_trainer *trainer, tempered *p) {
  return (vpfi_crowd){.ladder = &p->ladder,
                      .below = p->ladder.count - 1,
                      .machine = &trainer->machine,
                      .states = &p->chains,
                      .chains = p->chains.rows,
                      .scratch = trainer->batch.scratch,
                      .team = &trainer->batch.team,
                      .partner = p->partner,
                      .accepted = p->accepted,
                      .slope = p->weight};
}

/* ---- Loops over chains ---- */

typedef struct chains_job {
  vpfi_trainer *trainer;
  tempered *p;
  vpfi_states *states; /* where the chains are: from row `first` on */
  size_t first;
  vpfi_machine below;
  uint64_t exchanges, draws; /* streams */
  double *out;
} chains_job;

static chains_job job_of(vpfi_trainer *trainer, tempered *p, vpfi_states *states, size_t first) {
  const uint64_t seed = p->ladder.plan.seed, time = p->ladder.time;
  return (chains_job){.trainer = trainer,
                      .p = p,
                      .states = states,
                      .first = first,
                      .below = vpfi_rung_machine(&p->ladder, p->ladder.count - 1),
                      .exchanges = vpfi_rng_stream(seed, VPFI_PURPOSE_EXCHANGE, time),
                      .draws = vpfi_rng_stream(seed, VPFI_PURPOSE_LADDER, time)};
}

static void run(chains_job *job, vpfi_range_fn range) {
  vpfi_team_for(&job->trainer->batch.team, job->p->chains.rows, range, job);
}

static void free_energy_range(void *context, size_t begin, size_t end, size_t thread) {
  const chains_job *job = context;
  vpfi_scratch *scratch = &job->trainer->batch.scratch[thread];
  for (size_t c = begin; c < end; c++) {
    vpfi_scratch_see(scratch, job->states, job->first + c);
    job->out[c] = vpfi_free_energy_seen(&job->trainer->machine, scratch);
  }
}

static void free_energies(vpfi_trainer *trainer, tempered *p, vpfi_states *states, size_t first, double *out) {
  chains_job job = job_of(trainer, p, states, first);
  job.out = out;
  run(&job, free_energy_range);
}

static void exchange_range(void *context, size_t begin, size_t end, size_t thread) {
  const chains_job *job = context;
  const vpfi_machine *machine = &job->trainer->machine;
  vpfi_scratch *scratch = &job->trainer->batch.scratch[thread];
  const vpfi_exchange exchange = {.machine = machine,
                                  .below = &job->below,
                                  .rung = last_rung(job->p),
                                  .partner = job->p->partner,
                                  .states = job->states,
                                  .first = job->first,
                                  .stream = job->exchanges};
  for (size_t c = begin; c < end; c++) {
    vpfi_exchange_chain(&exchange, c, scratch, &job->p->weight[c]);
    vpfi_chain chain = {
        .machine = machine, .states = job->states, .row = job->first + c, .scratch = scratch, .stream = job->draws};
    vpfi_scratch_see(scratch, job->states, chain.row);
    vpfi_chain_resample(&chain, machine->shape->layer[1].up, NULL);
  }
}

static void draw_partners(tempered *p) {
  vpfi_draw_partners(p->partner, p->ladder.plan.pool, p->chains.rows,
                     vpfi_rng_stream(p->ladder.plan.seed, VPFI_PURPOSE_PARTNER, p->ladder.time));
}

/* What an exchange of each chain with its partner would be accepted with in the machine as it is now, and the weight that
 * the chain has there, by Eq. (44). Leaves its free energy in p->after. */
static void judge_range(void *context, size_t begin, size_t end, size_t thread) {
  const chains_job *job = context;
  tempered *p = job->p;
  const vpfi_machine *machine = &job->trainer->machine;
  const vpfi_rung *rung = last_rung(p);
  vpfi_scratch *scratch = &job->trainer->batch.scratch[thread];
  for (size_t c = begin; c < end; c++) {
    vpfi_scratch_see(scratch, &p->chains, c);
    p->after[c] = vpfi_free_energy_seen(machine, scratch);
    const double mine = vpfi_free_energy_seen(&job->below, scratch) - p->after[c];
    vpfi_scratch_see(scratch, &rung->pool, p->partner[c]);
    const double its = rung->free_energy[p->partner[c]] - vpfi_free_energy_seen(machine, scratch);
    p->accepted[c] = its < mine ? vpfi_exp(its - mine) : 1;
    p->weight[c] = p->before[c] - p->after[c];
  }
}

static double acceptance_now(vpfi_trainer *trainer, tempered *p) {
  chains_job job = job_of(trainer, p, &p->chains, 0);
  draw_partners(p);
  run(&job, judge_range);
  double most = -HUGE_VAL, sum = 0, total = 0;
  for (size_t c = 0; c < p->chains.rows; c++) most = fmax(most, p->weight[c]);
  for (size_t c = 0; c < p->chains.rows; c++) {
    const double weight = vpfi_exp(p->weight[c] - most);
    sum += weight * p->accepted[c];
    total += weight;
  }
  return sum / total;
}

/* ---- Copies ---- */

static void chains_from_pool(tempered *p) {
  for (size_t c = 0; c < p->chains.rows; c++)
    memcpy(vpfi_states_edit(&p->chains, 0, c), vpfi_states_row(&last_rung(p)->pool, 0, c),
           p->chains.words[0] * sizeof(uint64_t));
}

/* Go back to the last rung, with chains of its pool, half the rate and no memory of the way. */
static void go_back(vpfi_trainer *trainer, tempered *p) {
  enum { MOST_HALVINGS = 40 };
  vpfi_params_assign(trainer->params, &p->ladder.shape, &last_rung(p)->params);
  vpfi_learner_reset_moments(trainer->learner);
  chains_from_pool(p);
  free_energies(trainer, p, &p->chains, 0, p->after);
  if (p->halvings < MOST_HALVINGS) p->halvings++;
  p->since = 0;
}

/* Make the machine a rung, unless its chains show at equilibrium that too few exchanges are accepted after all. */
static vpf_status freeze(vpfi_trainer *trainer, tempered *p) {
  p->due = true;
  vpf_status status = vpfi_ladder_grow(&p->ladder);
  if (status) return status;
  vpfi_params_assign(&p->ladder.rung[p->ladder.count].params, &p->ladder.shape, trainer->params);
  vpfi_crowd crowd = crowd_of(trainer, p);
  status = vpfi_rung_complete(&crowd);
  if (status) {
    vpfi_ladder_cut(&p->ladder, p->ladder.count);
    return status;
  }
  p->due = false;
  if (last_rung(p)->numbers[VPFI_RUNG_ACCEPTANCE] < REJECT) {
    vpfi_ladder_cut(&p->ladder, p->ladder.count - 1);
    go_back(trainer, p);
    return VPF_OK;
  }
  free_energies(trainer, p, &p->chains, 0, p->after);
  p->halvings = 0;
  p->since = 0;
  return VPF_OK;
}

/* ---- Before a step ---- */

static bool is_elsewhere(vpfi_trainer *trainer, tempered *p) {
  if (p->moved) return true;
  free_energies(trainer, p, &p->chains, 0, p->before);
  return memcmp(p->before, p->after, p->chains.rows * sizeof *p->after) != 0;
}

/* If the machine is not where this method has left it: lead the ladder to it, and bring the chains along. */
static vpf_status follow(vpfi_trainer *trainer, tempered *p) {
  if (p->read) vpfi_ladder_complete(&p->ladder, trainer->batch.scratch);
  p->read = false;
  if (!is_elsewhere(trainer, p)) return VPF_OK;
  const vpf_status status = vpfi_ladder_extend(&p->ladder, trainer->params, false);
  if (status) return status;
  chains_from_pool(p);
  vpfi_crowd crowd = crowd_of(trainer, p);
  vpfi_crowd_sweep(&crowd, SETTLE);
  p->moved = false;
  p->halvings = 0;
  p->since = 1; /* the step that comes is not the first after a copy */
  return VPF_OK;
}

/* Make the copy for which there was no memory. */
static vpf_status catch_up(vpfi_trainer *trainer, tempered *p) {
  if (p->read) vpfi_ladder_complete(&p->ladder, trainer->batch.scratch);
  p->read = false;
  return freeze(trainer, p);
}

/* The chains advance in the minibatch's memory; accept() copies them back. */
static bool gradient(vpfi_trainer *trainer, double *bound, vpfi_overflow *where) {
  tempered *p = kept_by(trainer->learner);
  vpfi_states *states = &trainer->batch.states;
  const size_t rows = trainer->batch.rows;
  trainer->failed = p->due ? catch_up(trainer, p) : follow(trainer, p);
  (void)where; /* fields of any size are fine: nothing is exponential in them */
  if (trainer->failed) return false;
  vpfi_contrast_begin(trainer, false);
  trainer->learner->rate_scale = ldexp(1, -(int)p->halvings);
  vpfi_states_copy(states, rows, &p->chains, 0, p->chains.rows);
  for (size_t c = 0; c < p->chains.rows; c++) states->ids[rows + c] = c;
  chains_job job = job_of(trainer, p, states, rows);
  draw_partners(p);
  run(&job, exchange_range);
  vpfi_contrast_gains(trainer, p->chains.rows,
                      vpfi_rng_stream(trainer->learner->epoch_seed, VPFI_PURPOSE_PARTICLES, p->time));
  free_energies(trainer, p, states, rows, p->before);
  *bound = VPFI_CONTRAST_BOUND;
  return true;
}

/* ---- After it ---- */

static vpf_status accept(vpfi_trainer *trainer, size_t first_chain) {
  tempered *p = kept_by(trainer->learner);
  vpfi_states_copy(&p->chains, 0, &trainer->batch.states, first_chain, p->chains.rows);
  p->time++;
  p->ladder.time++;
  p->since++;
  const double acceptance = acceptance_now(trainer, p);
  if (acceptance < REJECT || (acceptance < FREEZE && p->since <= 1))
    go_back(trainer, p);
  else if (acceptance < FREEZE)
    return freeze(trainer, p);
  return VPF_OK;
}

/* ---- What is kept ---- */

static void destroy(void *kept) {
  tempered *p = kept;
  if (!p) return;
  vpfi_states_clear(&p->chains);
  vpfi_ladder_clear(&p->ladder);
  vpfi_free(p->after);
  vpfi_free(p->before);
  vpfi_free(p->accepted);
  vpfi_free(p->weight);
  vpfi_free(p->partner);
  vpfi_free(p);
}

static vpf_status allocate_arrays(tempered *p) {
  const size_t chains = p->chains.rows;
  p->after = vpfi_alloc(chains, sizeof *p->after);
  p->before = vpfi_alloc(chains, sizeof *p->before);
  p->accepted = vpfi_alloc(chains, sizeof *p->accepted);
  p->weight = vpfi_alloc(chains, sizeof *p->weight);
  p->partner = vpfi_alloc(p->ladder.plan.pool, sizeof *p->partner);
  return p->after && p->before && p->accepted && p->weight && p->partner ? VPF_OK : VPF_ERR_MEMORY;
}

static vpf_status allocate(void *kept, const vpfi_shape *shape) {
  tempered *p = kept;
  const vpfi_ladder_plan plan = p->ladder.plan;
  const uint64_t time = p->ladder.time;
  if (!vpfi_ladder_supports(shape)) return vpfi_fail(VPF_ERR_FORMAT, "ladders have two layers without intra-layer weights");
  vpf_status status = allocate_arrays(p);
  if (!status) status = vpfi_states_init(&p->chains, shape, VPFI_ORDER_APART, p->chains.rows);
  if (!status) status = vpfi_ladder_init(&p->ladder, shape, &plan);
  if (status) return status;
  p->ladder.time = time;
  for (size_t k = 0; !status && k < p->rungs; k++) {
    status = vpfi_ladder_grow(&p->ladder);
    if (!status) p->ladder.count++;
  }
  return status;
}

static vpf_status create(tempered **out, size_t rows, uint64_t seed) {
  *out = vpfi_alloc(1, sizeof **out);
  if (!*out) return VPF_ERR_MEMORY;
  (*out)->chains.rows = rows;
  (*out)->moved = true;
  (*out)->ladder.plan = (vpfi_ladder_plan){
      .chains = rows, .pool = SAMPLES_A_CHAIN * rows, .most = MOST_RUNGS, .acceptance = FREEZE, .seed = seed};
  return VPF_OK;
}

static vpf_status prepare(const vpfi_learner *learner, const void *kept, void **fresh) {
  const tempered *p = kept;
  const size_t chains = chains_now(learner);
  *fresh = NULL;
  if (p && p->chains.rows == chains) return VPF_OK;
  tempered *made;
  vpf_status status = create(&made, chains, 0);
  if (!status) status = allocate(made, &learner->shape);
  if (!status) status = vpfi_ladder_grow(&made->ladder);
  if (status) {
    destroy(made);
    return status;
  }
  *fresh = made;
  return VPF_OK;
}

/* A ladder starts with units that have the means of the data. */
static void start(vpfi_trainer *trainer, void *fresh, const void *kept) {
  const tempered *before = kept;
  tempered *p = fresh;
  vpfi_scratch *scratch = trainer->batch.scratch;
  float *visible = scratch->threshold, *hidden = scratch->field;
  p->time = before ? before->time : 0;
  p->ladder.plan.seed = trainer->learner->epoch_seed;
  vpfi_ladder_base(trainer->machine.shape, trainer->params, trainer->data.bits, (size_t)trainer->data.id.rows, visible,
                   hidden);
  vpfi_ladder_begin(&p->ladder, visible, hidden, scratch);
}

enum { AT_ROWS, AT_TIME, AT_RUNGS, AT_SEED, AT_LADDER_TIME, AT_HALVINGS, AT_SINCE, AT_MOVED, AT_DUE, N_NUMBERS };

static void pack(const void *kept, uint64_t *numbers) {
  const tempered *p = kept;
  numbers[AT_ROWS] = p->chains.rows;
  numbers[AT_TIME] = p->time;
  numbers[AT_RUNGS] = p->ladder.count;
  numbers[AT_SEED] = p->ladder.plan.seed;
  numbers[AT_LADDER_TIME] = p->ladder.time;
  numbers[AT_HALVINGS] = p->halvings;
  numbers[AT_SINCE] = p->since;
  numbers[AT_MOVED] = p->moved;
  numbers[AT_DUE] = p->due;
}

static vpf_status unpack(const uint64_t *numbers, void **kept) {
  *kept = NULL;
  if (numbers[AT_ROWS] == 0) return VPF_OK;
  if (numbers[AT_ROWS] > (uint64_t)vpfi_option_table[VPFI_AT_PARTICLES].high || numbers[AT_RUNGS] == 0 ||
      numbers[AT_RUNGS] > MOST_RUNGS || numbers[AT_HALVINGS] > 64 || numbers[AT_MOVED] > 1 || numbers[AT_DUE] > 1)
    return VPF_ERR_FORMAT;
  tempered *p;
  const vpf_status status = create(&p, (size_t)numbers[AT_ROWS], numbers[AT_SEED]);
  if (status) return status;
  p->time = numbers[AT_TIME];
  p->rungs = (size_t)numbers[AT_RUNGS];
  p->ladder.time = numbers[AT_LADDER_TIME];
  p->halvings = numbers[AT_HALVINGS];
  p->since = numbers[AT_SINCE];
  p->moved = numbers[AT_MOVED] > 0;
  p->due = numbers[AT_DUE] > 0;
  p->read = true;
  *kept = p;
  return VPF_OK;
}

static size_t more_tensors(const void *kept) {
  const tempered *p = kept;
  return 1 + VPFI_RUNG_TENSORS * (p->ladder.rung ? p->ladder.count : p->rungs);
}

static size_t list(void *kept, const vpfi_shape *shape, vpfi_tensor *list) {
  tempered *p = kept;
  if (!vpfi_ladder_supports(shape)) return 0; /* allocate() will refuse it */
  size_t n = vpfi_list_planes(list, "rungs.chains", &p->chains, shape, VPFI_ORDER_APART, 0);
  list[n++] = (vpfi_tensor){.name = "optimizer.rungs.after", .dtype = VPFI_DTYPE_F64, .rank = 1, .rows = 1,
                            .cols = p->chains.rows, .stride = p->chains.rows, .data = p->after, .into = p->after};
  if (p->ladder.rung) return n + vpfi_ladder_list(&p->ladder, "optimizer.rungs", list + n);
  return n + vpfi_ladder_list_sizes(shape, &p->ladder.plan, p->rungs, "optimizer.rungs", list + n);
}

static bool is_clean(const void *kept, const vpfi_shape *shape) {
  const tempered *p = kept;
  return vpfi_states_are_clean(&p->chains, shape) && vpfi_ladder_is_sound(&p->ladder);
}

static const vpfi_keeper keeper = {.name = "rungs",
                                   .prepare = prepare,
                                   .start = start,
                                   .destroy = destroy,
                                   .n_numbers = N_NUMBERS,
                                   .pack = pack,
                                   .unpack = unpack,
                                   .more_tensors = more_tensors,
                                   .list = list,
                                   .allocate = allocate,
                                   .is_clean = is_clean};

static bool can_resume(const vpfi_learner *learner) {
  return kept_by(learner) && vpfi_ladder_supports(&learner->shape) && vpfi_contrast_can_resume(learner);
}

const vpfi_method vpfi_method_ptt = {.name = "ptt",
                                     .check = check,
                                     .needs = needs,
                                     .gradient = gradient,
                                     .accept = accept,
                                     .keeper = &keeper,
                                     .can_resume = can_resume};

const vpfi_ladder *vpfi_rungs_kept(const vpfi_learner *learner) {
  const tempered *p = kept_by(learner);
  return p && p->ladder.rung ? &p->ladder : NULL;
}
