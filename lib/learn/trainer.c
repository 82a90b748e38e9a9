/* SPDX-License-Identifier: MIT */
#include "learn/trainer.h"

#include "base/error.h"
#include "base/memory.h"

static vpf_status alloc_batch(vpfi_trainer *trainer) {
  const vpfi_learner *learner = trainer->learner;
  const vpfi_needs *needs = &trainer->needs;
  vpfi_batch *batch = &trainer->batch;
  const vpf_status status = vpfi_batch_init(batch, &learner->shape, needs->order,
                                            trainer->batch_rows * needs->plan.samples + needs->chains,
                                            vpfi_team_of((size_t)learner->option[VPFI_AT_THREADS]));
  if (status) return status;
  batch->gradient = needs->gradient;
  batch->keep_transposed = needs->transposed;
  batch->states.ids = vpfi_alloc(batch->capacity, sizeof *batch->states.ids);
  trainer->tile_peaks = vpfi_alloc(batch->n_tiles, sizeof *trainer->tile_peaks);
  trainer->roles = vpfi_alloc(2 * learner->shape.n_roles, sizeof *trainer->roles);
  if (!batch->states.ids || !trainer->tile_peaks || !trainer->roles) return VPF_ERR_MEMORY;
  for (size_t r = 0; r < learner->shape.n_roles; r++)
    trainer->roles[(vpfi_role_is_lower(&learner->shape, r) ? 0 : learner->shape.n_roles) + r] = true;
  if (needs->mean_field) {
    const vpf_status failed = vpfi_positive_init(&trainer->positive, &learner->shape, trainer->batch_rows);
    if (failed) return failed;
  }
  if (!(learner->option[VPFI_AT_CENTRED] > 0)) return VPF_OK;
  batch->centre = &trainer->centre;
  return vpfi_centre_init(&trainer->centre, &learner->shape, batch->capacity);
}

/* An epoch with a sample has all its states from the beginning, so those of the next minibatch can be fetched ahead. */
static vpf_status alloc_ahead(vpfi_trainer *trainer) {
  const size_t capacity = trainer->batch.capacity;
  const vpf_status status =
      vpfi_states_init(&trainer->ahead, &trainer->learner->shape, trainer->batch.order, capacity);
  if (status) return status;
  trainer->ahead.rows = 0;
  trainer->ahead.ids = vpfi_alloc(capacity, sizeof *trainer->ahead.ids);
  return trainer->ahead.ids ? VPF_OK : VPF_ERR_MEMORY;
}

static bool sample_fits(const vpfi_learner *learner, const vpfi_estep_plan *plan, uint64_t rows) {
  return learner->has_sample && learner->sample_data.rows == rows && learner->sample_plan.samples == plan->samples &&
         learner->sample_plan.estep.order == plan->estep.order;
}

static vpf_status alloc_sample(vpfi_trainer *trainer) {
  const vpfi_learner *learner = trainer->learner;
  const vpfi_shape *shape = &learner->shape;
  const vpfi_estep_plan *plan = &trainer->needs.plan;
  const size_t rows = (size_t)trainer->data.id.rows;
  vpf_status status = VPF_OK;
  if (vpfi_tables_pay(shape, rows * plan->samples))
    status = vpfi_tables_init(&trainer->tables, shape, plan->estep.gibbs);
  if (!status && !sample_fits(learner, plan, rows)) {
    status = vpfi_sample_init(&trainer->new_sample, shape, plan, rows);
    trainer->has_new_sample = !status;
  }
  return status;
}

static vpf_status alloc_all(vpfi_trainer *trainer) {
  const vpfi_learner *learner = trainer->learner;
  const vpfi_shape *shape = &learner->shape;
  const vpfi_keeper *keeper = trainer->method->keeper;
  vpf_status status = alloc_batch(trainer);
  if (status) return status;
  trainer->order = vpfi_alloc((size_t)trainer->data.id.rows, sizeof *trainer->order);
  trainer->report = vpfi_alloc(2 * shape->pairs + shape->n_layers, sizeof *trainer->report);
  if (!trainer->order || !trainer->report) return VPF_ERR_MEMORY;
  status = vpfi_sums_init(&trainer->batch_sums, shape);
  if (!status && trainer->needs.plan.period > 0) status = alloc_ahead(trainer);
  if (!status && trainer->needs.plan.period > 0) status = alloc_sample(trainer);
  if (!status && keeper) status = keeper->prepare(learner, learner->kept[trainer->number], &trainer->fresh);
  return status;
}

static vpf_status check_data(const vpfi_learner *learner, const vpfi_data_id *id) {
  const vpfi_data_id *wanted = &learner->data;
  if (!learner->inside || vpfi_data_id_equal(wanted, id)) return VPF_OK;
  return vpfi_fail(VPF_ERR_STATE,
                   "epoch %llu is unfinished: its %llu x %llu rows (checksum %016llx) are needed, not these %llu x "
                   "%llu (checksum %016llx)",
                   (unsigned long long)learner->epochs + 1, (unsigned long long)wanted->rows,
                   (unsigned long long)wanted->cols, (unsigned long long)wanted->checksum,
                   (unsigned long long)id->rows, (unsigned long long)id->cols, (unsigned long long)id->checksum);
}

/* An average that is wanted begins at the present parameters; one that is not wanted any more is forgotten. */
static vpf_status begin_average(vpfi_learner *learner) {
  const bool wanted = learner->option[VPFI_AT_AVERAGE] > 0;
  if (!wanted) vpfi_learner_drop_average(learner);
  return wanted && !vpfi_learner_averages(learner) ? vpfi_params_init_moments(&learner->average, &learner->shape) : VPF_OK;
}

/* Gradients are summed over whole epochs: an unfinished one stays as it began. */
static vpf_status begin_gradients(vpfi_learner *learner) {
  const bool wanted = learner->option[VPFI_AT_TOLERANCE] > 0;
  if (learner->inside || wanted == vpfi_learner_sums_gradients(learner)) return VPF_OK;
  if (wanted) return vpfi_params_init_moments(&learner->gradient, &learner->shape);
  vpfi_learner_drop_gradients(learner);
  return VPF_OK;
}

vpf_status vpfi_trainer_init(vpfi_trainer *trainer, vpfi_learner *learner, vpfi_params *params,
                             const vpfi_training_data *data) {
  const vpf_method number = vpfi_method_now(learner);
  const double wanted = learner->option[VPFI_AT_BATCH_SIZE];
  *trainer = (vpfi_trainer){.learner = learner,
                            .params = params,
                            .machine = {.kernels = vpfi_kernels_best(), .shape = &learner->shape, .params = params},
                            .data = *data,
                            .number = number,
                            .method = vpfi_method_at(number),
                            .batch_rows = (double)data->id.rows < wanted ? (size_t)data->id.rows : (size_t)wanted};
  learner->rate_scale = 1;
  vpf_status status = check_data(learner, &data->id);
  if (!status) status = trainer->method->check(learner, &learner->shape);
  if (status) return status;
  trainer->needs = trainer->method->needs(learner, trainer->batch_rows);
  status = alloc_all(trainer);
  if (!status) status = begin_average(learner);
  if (!status) status = begin_gradients(learner);
  if (status) {
    vpfi_trainer_clear(trainer);
    return status;
  }
  const float peaks[3] = {vpfi_params_peak(params, &learner->shape),
                          vpfi_params_peak(&learner->moment1, &learner->shape),
                          vpfi_params_peak(&learner->moment2, &learner->shape)};
  for (int k = 0; k < 3; k++)
    if (peaks[k] > trainer->peak) trainer->peak = peaks[k];
  return VPF_OK;
}

void vpfi_trainer_clear(vpfi_trainer *trainer) {
  const vpfi_shape *shape = &trainer->learner->shape;
  if (trainer->fresh) trainer->method->keeper->destroy(trainer->fresh);
  vpfi_batch_clear(&trainer->batch, shape);
  vpfi_centre_clear(&trainer->centre, shape);
  vpfi_positive_clear(&trainer->positive);
  vpfi_free(trainer->roles);
  vpfi_free(trainer->order);
  vpfi_free(trainer->report);
  vpfi_free(trainer->tile_peaks);
  vpfi_sums_clear(&trainer->batch_sums);
  vpfi_states_clear(&trainer->ahead);
  vpfi_states_clear(&trainer->new_sample);
  vpfi_tables_clear(&trainer->tables, shape);
}
