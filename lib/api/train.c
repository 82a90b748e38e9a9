/* SPDX-License-Identifier: MIT */
#include "api/handles.h"
#include "base/error.h"
#include "base/memory.h"
#include "learn/epoch.h"
#include "store/checkpoint_file.h"

static vpf_status check_shapes(const vpf_model *model, const vpf_data *data, const vpfi_learner *learner) {
  const vpf_status status = vpfi_check_visible(model, data);
  return status ? status : vpfi_check_bound(learner, model);
}

vpf_status vpf_train(vpf_model *model, const vpf_data *data, vpf_optimizer *optimizer, size_t epochs,
                     vpf_progress_fn progress, void *user) {
  if (!model) return vpfi_null(__func__, "model");
  if (!data) return vpfi_null(__func__, "data");
  if (!optimizer) return vpfi_null(__func__, "optimizer");
  vpfi_learner *learner = &optimizer->learner;
  if (learner->busy)
    return vpfi_fail(VPF_ERR_STATE, "%s: this optimizer is training already; called from its progress function?",
                     __func__);
  vpf_status status = check_shapes(model, data, learner);
  if (status || epochs == 0) return status;

  const bool was_bound = learner->bound;
  if (!was_bound) status = vpfi_learner_bind(learner, &model->shape);
  if (status) return status;
  const vpfi_rows *rows = &data->rows;
  const vpfi_training_data training = {rows->bits, {rows->rows, rows->cols, rows->first_row, vpfi_data_checksum(data)}};
  vpfi_trainer trainer;
  status = vpfi_trainer_init(&trainer, learner, &model->params, &training);
  if (status) {
    if (!was_bound) vpfi_learner_unbind(learner);
    return status;
  }
  learner->busy = true;
  status = vpfi_run_epochs(&trainer, epochs, progress, user);
  learner->busy = false;
  vpfi_trainer_clear(&trainer);
  return status;
}

vpf_status vpf_checkpoint_save(const vpf_model *model, const vpf_optimizer *optimizer, const char *path) {
  if (!model) return vpfi_null(__func__, "model");
  if (!optimizer) return vpfi_null(__func__, "optimizer");
  if (!path) return vpfi_null(__func__, "path");
  const vpf_status status = vpfi_check_bound(&optimizer->learner, model);
  return status ? status : vpfi_checkpoint_write(path, &model->shape, &model->params, &optimizer->learner);
}

vpf_status vpf_checkpoint_load(vpf_model **out_model, vpf_optimizer **out_optimizer, const char *path) {
  if (out_model) *out_model = NULL;
  if (out_optimizer) *out_optimizer = NULL;
  if (!out_model) return vpfi_null(__func__, "out_model");
  if (!out_optimizer) return vpfi_null(__func__, "out_optimizer");
  if (!path) return vpfi_null(__func__, "path");
  vpf_model *model = vpfi_alloc(1, sizeof *model);
  vpf_optimizer *optimizer = model ? vpfi_alloc(1, sizeof *optimizer) : NULL;
  const vpf_status status =
      optimizer ? vpfi_checkpoint_read(path, &model->shape, &model->params, &optimizer->learner) : VPF_ERR_MEMORY;
  if (status) { /* a failed read leaves nothing to clear */
    vpfi_free(optimizer);
    vpfi_free(model);
    return status;
  }
  *out_model = model;
  *out_optimizer = optimizer;
  return VPF_OK;
}
