/* SPDX-License-Identifier: MIT */
/* PCD-k (Tieleman 2008): chains persist from one minibatch to the next. They belong to the parameters, not the data. */
#include <stdio.h>

#include "base/memory.h"
#include "bm/draw.h"
#include "learn/contrast.h"
#include "num/rng.h"

/* What is kept: the chains, in VPFI_ORDER_APART; how many times some have been drawn, which numbers the draws; and whose
 * turn is next. */
typedef struct persistent {
  vpfi_states chains;
  uint64_t time;
  size_t next;
} persistent;

static persistent *kept_by(const vpfi_learner *learner) {
  return learner->kept[VPF_METHOD_PCD];
}

/* An epoch that has begun keeps its number of chains. */
static size_t chains_now(const vpfi_learner *learner) {
  return learner->inside ? kept_by(learner)->chains.rows : (size_t)learner->option[VPFI_AT_PARTICLES];
}

/* How many of them a minibatch uses. */
static size_t chains_used(const vpfi_learner *learner) {
  const size_t chains = chains_now(learner), wanted = (size_t)learner->option[VPFI_AT_PARTICLES_PER_BATCH];
  return wanted == 0 || wanted > chains ? chains : wanted;
}

static vpfi_needs needs(const vpfi_learner *learner, size_t batch_rows) {
  (void)batch_rows;
  return vpfi_contrast_needs(learner, chains_used(learner));
}

/* The chains advance in the minibatch's memory; accept() copies them back. */
static bool gradient(vpfi_trainer *trainer, double *bound, vpfi_overflow *where) {
  const persistent *p = kept_by(trainer->learner);
  vpfi_states *states = &trainer->batch.states;
  const size_t rows = trainer->batch.rows, used = trainer->needs.chains;
  vpfi_contrast_begin(trainer, false);
  (void)where; /* fields of any size are fine: nothing is exponential in them */
  for (size_t c = 0; c < used; c++) {
    const size_t chain = (p->next + c) % p->chains.rows;
    vpfi_states_copy(states, rows + c, &p->chains, chain, 1);
    states->ids[rows + c] = chain;
  }
  vpfi_contrast_gains(trainer, used, vpfi_rng_stream(trainer->learner->epoch_seed, VPFI_PURPOSE_PARTICLES, p->time));
  *bound = VPFI_CONTRAST_BOUND;
  return true;
}

static vpf_status accept(vpfi_trainer *trainer, size_t first_chain) {
  persistent *p = kept_by(trainer->learner);
  const size_t used = trainer->needs.chains;
  for (size_t c = 0; c < used; c++)
    vpfi_states_copy(&p->chains, (p->next + c) % p->chains.rows, &trainer->batch.states, first_chain + c, 1);
  p->next = (p->next + used) % p->chains.rows;
  p->time++;
  return VPF_OK;
}

/* ---- What is kept ---- */

static void destroy(void *kept) {
  persistent *p = kept;
  if (p) vpfi_states_clear(&p->chains);
  vpfi_free(p);
}

static vpf_status allocate(void *kept, const vpfi_shape *shape) {
  persistent *p = kept;
  return vpfi_states_init(&p->chains, shape, VPFI_ORDER_APART, p->chains.rows);
}

static vpf_status create(persistent **out, size_t rows) {
  *out = vpfi_alloc(1, sizeof **out);
  if (!*out) return VPF_ERR_MEMORY;
  (*out)->chains.rows = rows;
  return VPF_OK;
}

static vpf_status prepare(const vpfi_learner *learner, const void *kept, void **fresh) {
  const persistent *p = kept;
  const size_t chains = chains_now(learner);
  *fresh = NULL;
  if (p && p->chains.rows == chains) return VPF_OK;
  persistent *made;
  vpf_status status = create(&made, chains);
  if (!status) status = allocate(made, &learner->shape);
  if (status) {
    destroy(made);
    return status;
  }
  *fresh = made;
  return VPF_OK;
}

/* New chains start at random, with uniform bits in all planes. */
static void start(vpfi_trainer *trainer, void *fresh, const void *kept) {
  const persistent *before = kept;
  persistent *p = fresh;
  const vpfi_shape *shape = trainer->machine.shape;
  p->time = before ? before->time : 0;
  const uint64_t stream = vpfi_rng_stream(trainer->learner->epoch_seed, VPFI_PURPOSE_PARTICLES, p->time++);
  for (size_t row = 0; row < p->chains.rows; row++)
    for (size_t k = 0; k < p->chains.n_planes; k++)
      vpfi_draw_uniform(&trainer->machine, shape->plane_layer[k], stream, k >= shape->n_layers, row,
                        trainer->batch.scratch, vpfi_states_edit(&p->chains, k, row));
}

enum { AT_ROWS, AT_TIME, AT_NEXT, N_NUMBERS };

static void pack(const void *kept, uint64_t *numbers) {
  const persistent *p = kept;
  numbers[AT_ROWS] = p->chains.rows;
  numbers[AT_TIME] = p->time;
  numbers[AT_NEXT] = p->next;
}

static vpf_status unpack(const uint64_t *numbers, void **kept) {
  *kept = NULL;
  if (numbers[AT_ROWS] > (uint64_t)vpfi_option_table[VPFI_AT_PARTICLES].high) return VPF_ERR_FORMAT;
  if (numbers[AT_ROWS] == 0) return VPF_OK;
  if (numbers[AT_NEXT] >= numbers[AT_ROWS]) return VPF_ERR_FORMAT;
  persistent *p;
  const vpf_status status = create(&p, (size_t)numbers[AT_ROWS]);
  if (status) return status;
  p->time = numbers[AT_TIME];
  p->next = (size_t)numbers[AT_NEXT];
  *kept = p;
  return VPF_OK;
}

static size_t list(void *kept, const vpfi_shape *shape, vpfi_tensor *list) {
  persistent *p = kept;
  return vpfi_list_planes(list, "particles", &p->chains, shape, VPFI_ORDER_APART, 0);
}

static bool is_clean(const void *kept, const vpfi_shape *shape) {
  const persistent *p = kept;
  return vpfi_states_are_clean(&p->chains, shape);
}

static const vpfi_keeper keeper = {.name = "particles",
                                   .prepare = prepare,
                                   .start = start,
                                   .destroy = destroy,
                                   .n_numbers = N_NUMBERS,
                                   .pack = pack,
                                   .unpack = unpack,
                                   .list = list,
                                   .allocate = allocate,
                                   .is_clean = is_clean};

static bool can_resume(const vpfi_learner *learner) {
  return kept_by(learner) && vpfi_contrast_can_resume(learner);
}

const vpfi_method vpfi_method_pcd = {.name = "pcd",
                                     .check = vpfi_contrast_check,
                                     .needs = needs,
                                     .gradient = gradient,
                                     .accept = accept,
                                     .keeper = &keeper,
                                     .can_resume = can_resume};
