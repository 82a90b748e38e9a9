/* SPDX-License-Identifier: MIT */
#include "learn/minibatch.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "learn/convergence.h"

/* ---- Its rows ---- */

/* For a few words, cheaper than calling memcpy. */
static void copy_words(uint64_t *to, const uint64_t *from, size_t words) {
  for (size_t w = 0; w < words; w++) to[w] = from[w];
}

/* Prefetch the states of a row: rows lie anywhere, and memory is slow. */
static void prefetch_row(const vpfi_trainer *trainer, size_t at) {
  enum { LINE = 64 };
  const vpfi_learner *learner = trainer->learner;
  const size_t *words = trainer->batch.states.words;
  const size_t row = trainer->order[at];
  const char *data = (const char *)(trainer->data.bits + row * words[0]);
  for (size_t byte = 0; byte < words[0] * sizeof(uint64_t); byte += LINE) __builtin_prefetch(data + byte);
  for (size_t p = 1; learner->plan.period > 0 && p < trainer->batch.states.n_planes; p++)
    __builtin_prefetch(learner->sample.bits[p] + row * learner->plan.samples * words[p]);
}

/* Gather the states of a minibatch, its rows in the order of the epoch. */
static void copy_rows(const vpfi_trainer *trainer, vpfi_states *states, size_t cursor, size_t data_rows) {
  enum { AHEAD = 12 }; /* rows: as many as memory can deliver at once */
  const vpfi_learner *learner = trainer->learner;
  const size_t samples = learner->plan.samples;
  states->rows = data_rows * samples;
  for (size_t k = 0; k < states->rows; k++) {
    const size_t at = cursor + k / samples, row = trainer->order[at], sample = k % samples;
    if (sample == 0 && at + AHEAD < trainer->data.id.rows) prefetch_row(trainer, at + AHEAD);
    states->ids[k] = (trainer->data.id.first_row + row) | (uint64_t)sample << 48;
    copy_words(states->bits[0] + k * states->words[0], trainer->data.bits + row * states->words[0], states->words[0]);
    for (size_t p = 1; learner->plan.period > 0 && p < states->n_planes; p++)
      copy_words(states->bits[p] + k * states->words[p],
                 learner->sample.bits[p] + (row * samples + sample) * states->words[p], states->words[p]);
  }
}

static size_t next_rows(const vpfi_trainer *trainer, size_t cursor) {
  const size_t left = (size_t)trainer->data.id.rows - cursor;
  return left < trainer->batch_rows ? left : trainer->batch_rows;
}

static void copy_ahead(void *context) {
  vpfi_trainer *trainer = context;
  trainer->ahead_cursor = trainer->learner->cursor + next_rows(trainer, trainer->learner->cursor);
  copy_rows(trainer, &trainer->ahead, trainer->ahead_cursor, next_rows(trainer, trainer->ahead_cursor));
}

void vpfi_minibatch_fetch_ahead(vpfi_trainer *trainer) {
  if (trainer->ahead.ids) trainer->batch.side_task = (vpfi_task){copy_ahead, trainer};
}

/* Bring the states of the next minibatch into the batch. */
static void gather(vpfi_trainer *trainer, size_t data_rows) {
  vpfi_batch *batch = &trainer->batch;
  if (trainer->ahead.rows > 0 && trainer->ahead_cursor == trainer->learner->cursor) {
    const vpfi_states here = batch->states;
    batch->states = trainer->ahead;
    trainer->ahead = here;
  } else {
    copy_rows(trainer, &batch->states, trainer->learner->cursor, data_rows);
  }
  trainer->ahead.rows = 0;
  batch->rows = batch->states.rows;
}

/* ---- Its step ---- */

static vpf_status diverged(const vpfi_learner *learner, const char *what, size_t layer, size_t unit, double value) {
  return vpfi_fail(VPF_ERR_DIVERGED,
                   "epoch %llu, minibatch %llu, layer %zu, unit %zu: %s %g; model and optimizer are as before this "
                   "minibatch",
                   (unsigned long long)learner->epochs + 1, (unsigned long long)learner->sums.batches + 1, layer, unit,
                   what, value);
}

/* The field and the rate that it would have made. */
static vpf_status too_fast(const vpfi_learner *learner, const vpfi_overflow *where) {
  char what[128];
  snprintf(what, sizeof what, "the unit is %s against a local field that is too large for its rate exp(|z|/2), z",
           where->on ? "on" : "off");
  return diverged(learner, what, where->layer, where->unit, (double)where->field);
}

/* Flow and activity, if they were measured. */
static void sum_batch(vpfi_trainer *trainer, size_t rows) {
  if (!trainer->measured) return;
  const vpfi_shape *shape = &trainer->learner->shape;
  vpfi_sums *sums = &trainer->batch_sums;
  memcpy(sums->flow, trainer->batch.flow, shape->n_roles * sizeof *sums->flow);
  memcpy(sums->on, trainer->batch.total, shape->n_layers * sizeof *sums->on); /* the first planes are the layers' own */
  sums->rows = (double)rows;
}

/* Of running means over minibatches: the newest counts at least this much. */
#define OFFSET_RATE 0.003f

/* Centre the gradient by offsets that have followed this minibatch. They are the learner's once the step is taken. */
static void centre(vpfi_trainer *trainer, size_t rows) {
  const vpfi_learner *learner = trainer->learner;
  const vpfi_shape *shape = &learner->shape;
  const float first = 1.0f / (float)(learner->offset_steps + 1);
  for (size_t r = 0; r < shape->n_roles; r++)
    memcpy(trainer->centre.offset[r], learner->offset[r],
           shape->layer[shape->role[r].layer].width * sizeof **learner->offset);
  vpfi_centre_follow(&trainer->batch, &trainer->machine, rows, first > OFFSET_RATE ? first : OFFSET_RATE);
  vpfi_centre_prepare(&trainer->batch, &trainer->machine);
}

static void keep_offsets(vpfi_trainer *trainer) {
  vpfi_learner *learner = trainer->learner;
  float **old = learner->offset;
  learner->offset = trainer->centre.offset;
  trainer->centre.offset = old;
  learner->offset_steps++;
}

vpf_status vpfi_minibatch_train(vpfi_trainer *trainer) {
  vpfi_learner *learner = trainer->learner;
  vpfi_batch *batch = &trainer->batch;
  const size_t data_rows = next_rows(trainer, learner->cursor);
  gather(trainer, data_rows);
  const size_t rows = batch->rows;
  trainer->measured = true;
  double bound;
  vpfi_overflow where;
  if (!trainer->method->gradient(trainer, &bound, &where))
    return trainer->failed ? trainer->failed : too_fast(learner, &where);
  sum_batch(trainer, rows);
  if (batch->centre) {
    centre(trainer, rows);
    bound *= 4 + 3 * (double)learner->shape.units; /* Eq. (26b), where offsets and gradients are at most 1 and `bound` */
  }
  vpfi_blowup blowup;
  if (!vpfi_update_step(learner, trainer->machine.kernels, trainer->params, batch, rows, bound, trainer->tile_peaks,
                        &trainer->peak, &blowup))
    return diverged(learner,
                    blowup.kind == VPFI_BLOCK_BIAS ? "a bias would not be finite; the learning rate is"
                                                   : "a weight would not be finite; the learning rate is",
                    blowup.layer, blowup.unit, learner->option[VPFI_AT_LEARNING_RATE]);
  if (batch->centre) keep_offsets(trainer);
  const vpf_status status = trainer->method->accept ? trainer->method->accept(trainer, rows) : VPF_OK;
  if (trainer->measured) vpfi_sums_add(&learner->sums, &learner->shape, &trainer->batch_sums);
  learner->sums.batches++;
  learner->cursor += data_rows;
  return status;
}

/* ---- All rows, at the average ---- */

bool vpfi_minibatch_sum_at_average(vpfi_trainer *trainer) {
  vpfi_learner *learner = trainer->learner;
  const size_t rows = (size_t)trainer->data.id.rows;
  if (learner->average_steps == 0) return false;
  const vpfi_machine machine = {
      .kernels = trainer->machine.kernels, .shape = trainer->machine.shape, .params = &learner->average};
  vpfi_gradients_begin(learner);
  for (size_t row = 0; row < rows; row += trainer->batch_rows) {
    vpfi_overflow where;
    copy_rows(trainer, &trainer->batch.states, row, next_rows(trainer, row));
    trainer->batch.rows = trainer->batch.states.rows;
    if (!vpfi_batch_rates(&trainer->batch, &machine, &where)) return false;
    vpfi_sum_gradient(learner, &machine, &trainer->batch);
  }
  return true;
}
