/* SPDX-License-Identifier: MIT */
#include "learn/estep.h"

#include "num/rng.h"

static bool is_due(const vpfi_trainer *trainer) {
  const vpfi_learner *learner = trainer->learner;
  if (learner->plan.period == 0) return false;
  return trainer->has_new_sample || !learner->has_sample ||
         !vpfi_data_id_equal(&learner->sample_data, &trainer->data.id) ||
         learner->epochs - learner->sample_epoch >= learner->plan.period;
}

static void take_new_memory(vpfi_trainer *trainer) {
  vpfi_states_clear(&trainer->learner->sample);
  trainer->learner->sample = trainer->new_sample;
  trainer->new_sample = (vpfi_states){0};
  trainer->has_new_sample = false;
}

static void draw(vpfi_trainer *trainer) {
  vpfi_learner *learner = trainer->learner;
  vpfi_machine machine = trainer->machine;
  if (trainer->tables.below) {
    vpfi_tables_fill(&trainer->tables, machine.kernels, machine.shape, machine.params, &trainer->batch.team);
    machine.tables = &trainer->tables;
  }
  if (trainer->has_new_sample) take_new_memory(trainer);
  vpfi_states_lend(&learner->sample, trainer->data.bits);
  learner->sample.first_id = trainer->data.id.first_row;
  vpfi_infer(&machine, &learner->plan.estep, vpfi_rng_stream(learner->epoch_seed, VPFI_PURPOSE_ESTEP, learner->epochs),
             &learner->sample, &trainer->batch.team, trainer->batch.scratch);
  vpfi_states_lend(&learner->sample, NULL);
  learner->has_sample = true;
  learner->sample_plan = learner->plan;
  learner->sample_data = trainer->data.id;
  learner->sample_epoch = learner->epochs;
}

void vpfi_estep_of_epoch(vpfi_trainer *trainer) {
  if (is_due(trainer)) draw(trainer);
}

void vpfi_estep_of_minibatch(vpfi_trainer *trainer) {
  const vpfi_learner *learner = trainer->learner;
  vpfi_batch *batch = &trainer->batch;
  if (learner->plan.period > 0) return;
  vpfi_infer(&trainer->machine, &learner->plan.estep,
             vpfi_rng_stream(learner->epoch_seed, VPFI_PURPOSE_ESTEP, learner->epochs), &batch->states, &batch->team,
             batch->scratch);
}
