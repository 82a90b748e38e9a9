/* SPDX-License-Identifier: MIT */
#include "ladder/extend.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "num/rng.h"

/* What a call needs. */
typedef struct call {
  vpfi_ladder *ladder;
  const vpfi_params *target;
  bool itself;
  vpf_status status;
  vpfi_team team;
  vpfi_scratch *scratch; /* [team.threads] */
  double *slope;         /* [pool] */
  size_t *chosen;        /* [chains] */
  vpfi_states chains;
} call;

/* ---- How far the next rung can be ---- */

typedef struct slopes_job {
  call *c;
  const vpfi_machine *machine;
} slopes_job;

static void slopes_range(void *context, size_t begin, size_t end, size_t thread) {
  const slopes_job *job = context;
  const vpfi_rung *last = &job->c->ladder->rung[job->c->ladder->count - 1];
  vpfi_scratch *scratch = &job->c->scratch[thread];
  for (size_t k = begin; k < end; k++) {
    vpfi_scratch_see(scratch, &last->pool, k);
    job->c->slope[k] = last->free_energy[k] - vpfi_free_energy_seen(job->machine, scratch);
  }
}

/* c->slope of the last rung's pool towards a machine with these parameters. */
static void find_slopes(call *c, const vpfi_params *params) {
  vpfi_machine machine = vpfi_rung_machine(c->ladder, c->ladder->count - 1);
  machine.params = params;
  machine.careful = vpfi_fields_are_large(&machine);
  slopes_job job = {c, &machine};
  vpfi_team_for(&c->team, c->ladder->plan.pool, slopes_range, &job);
}

static double acceptance_at(call *c, const vpfi_params *params) {
  find_slopes(c, params);
  return vpfi_expected_acceptance(c->slope, c->ladder->plan.pool);
}

/* Set the parameters of the rung for which there is room: as far on the line to the target as exchanges are accepted often
 * enough, by bisection. The shortest step still gets somewhere. */
static void place(call *c) {
  enum { HALVINGS = 12 };
  vpfi_ladder *ladder = c->ladder;
  const vpfi_params *from = &ladder->rung[ladder->count - 1].params;
  vpfi_params *to = &ladder->rung[ladder->count].params;
  double low = 0, high = 1;
  for (int k = 0; k < HALVINGS; k++) {
    const double middle = (low + high) / 2;
    vpfi_params_between(to, &ladder->shape, from, c->target, middle);
    *(acceptance_at(c, to) >= ladder->plan.acceptance ? &low : &high) = middle;
  }
  vpfi_params_between(to, &ladder->shape, from, c->target, low > 0 ? low : high);
}

/* ---- Its samples ---- */

/* Chains begin at samples of the rung below, chosen by their weights. */
static void start_chains(call *c) {
  vpfi_ladder *ladder = c->ladder;
  const vpfi_rung *last = &ladder->rung[ladder->count - 1];
  uint32_t word[4];
  find_slopes(c, &ladder->rung[ladder->count].params);
  vpfi_rng_block(vpfi_rng_stream(ladder->plan.seed, VPFI_PURPOSE_PARTNER, ladder->time++), 0, 0, 0, word);
  vpfi_choose_by_weight(c->slope, ladder->plan.pool, vpfi_rng_unit(word[0], word[1]), ladder->plan.chains, c->chosen);
  for (size_t k = 0; k < ladder->plan.chains; k++)
    memcpy(vpfi_states_edit(&c->chains, 0, k), vpfi_states_row(&last->pool, 0, c->chosen[k]),
           c->chains.words[0] * sizeof(uint64_t));
}

/* With tables, as chains are swept hundreds of times; but with the call's own team and scratch. */
static vpf_status complete(call *c) {
  vpfi_ladder *ladder = c->ladder;
  vpfi_workspace work;
  vpf_status status = vpfi_workspace_begin(&work, &ladder->shape, &ladder->rung[ladder->count].params, 0,
                                           100 * ladder->plan.chains);
  vpfi_crowd crowd = {.ladder = ladder,
                      .below = ladder->count - 1,
                      .machine = &work.machine,
                      .states = &c->chains,
                      .chains = ladder->plan.chains,
                      .scratch = c->scratch,
                      .team = &c->team};
  if (!status) status = vpfi_crowd_init(&crowd);
  if (!status) start_chains(c);
  if (!status) status = vpfi_rung_complete(&crowd);
  const double log_z = status ? 0 : ladder->rung[ladder->count - 1].numbers[VPFI_RUNG_LOG_Z];
  if (!isfinite(log_z)) status = vpfi_fail_overflow("the ladder", "log partition function", log_z);
  vpfi_crowd_clear(&crowd);
  vpfi_workspace_end(&work);
  return status;
}

static vpf_status add_rung(call *c, bool at_target) {
  vpfi_ladder *ladder = c->ladder;
  const vpf_status status = vpfi_ladder_grow(ladder);
  if (status) return status;
  if (at_target)
    vpfi_params_assign(&ladder->rung[ladder->count].params, &ladder->shape, c->target);
  else
    place(c);
  return complete(c);
}

/* ---- The call ---- */

static vpf_status begin(call *c) {
  const vpfi_ladder *ladder = c->ladder;
  const vpfi_ladder_plan *plan = &ladder->plan;
  c->scratch = vpfi_scratch_create(&ladder->shape, c->team.threads);
  c->slope = vpfi_alloc(plan->pool, sizeof *c->slope);
  c->chosen = vpfi_alloc(plan->chains, sizeof *c->chosen);
  if (!c->scratch || !c->slope || !c->chosen) return VPF_ERR_MEMORY;
  return vpfi_states_init(&c->chains, &ladder->shape, VPFI_ORDER_SWEPT, plan->chains);
}

static void end(call *c) {
  vpfi_scratch_destroy(c->scratch, c->team.threads);
  vpfi_free(c->slope);
  vpfi_free(c->chosen);
  vpfi_states_clear(&c->chains);
}

static void run(void *context) {
  call *c = context;
  const double wanted = c->ladder->plan.acceptance;
  while (!c->status && acceptance_at(c, c->target) < wanted) c->status = add_rung(c, false);
  if (!c->status && c->itself && !vpfi_ladder_ends_with(c->ladder, c->target)) c->status = add_rung(c, true);
}

vpf_status vpfi_ladder_extend(vpfi_ladder *ladder, const vpfi_params *target, bool itself) {
  call c = {.ladder = ladder, .target = target, .itself = itself, .team = vpfi_team_of(0)};
  const size_t count = ladder->count;
  const uint64_t time = ladder->time;
  c.status = begin(&c);
  if (!c.status) vpfi_team_assemble(&c.team, run, &c);
  if (c.status) { /* as before: no pool has changed */
    vpfi_ladder_cut(ladder, count);
    ladder->time = time;
  }
  end(&c);
  return c.status;
}
