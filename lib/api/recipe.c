/* SPDX-License-Identifier: MIT */
#include <vpf/recipe.h>

#include "api/handles.h"
#include "base/error.h"
#include "bm/start.h"
#include "learn/cookbook.h"

const char *vpf_recipe_name(vpf_recipe recipe) {
  const vpfi_recipe *found = vpfi_recipe_find(recipe);
  return found ? found->name : NULL;
}

const char *vpf_recipe_purpose(vpf_recipe recipe) {
  const vpfi_recipe *found = vpfi_recipe_find(recipe);
  return found ? found->purpose : NULL;
}

vpf_status vpf_recipe_begin(vpf_recipe recipe, vpf_model *model, const vpf_data *data, vpf_optimizer *optimizer,
                            size_t epochs) {
  if (!model) return vpfi_null(__func__, "model");
  if (!data) return vpfi_null(__func__, "data");
  if (!optimizer) return vpfi_null(__func__, "optimizer");
  const vpfi_recipe *found = vpfi_recipe_find(recipe);
  vpfi_learner *learner = &optimizer->learner;
  if (!found) return vpfi_fail(VPF_ERR_ARGUMENT, "%s: there is no recipe %d", __func__, (int)recipe);
  if (epochs == 0) return vpfi_fail(VPF_ERR_ARGUMENT, "%s: epochs is 0, must be at least 1", __func__);
  if (learner->bound || learner->busy)
    return vpfi_fail(VPF_ERR_STATE, "%s: the optimizer has trained before; a recipe needs a new one", __func__);
  vpf_status status = vpfi_check_visible(model, data);
  vpfi_params started = {0};
  if (!status) status = vpfi_params_init(&started, &model->shape);
  if (status) return status;
  vpfi_params_draw(&started, &model->shape, learner->seed);
  if (found->from_data) status = vpfi_start_biases(&started, &model->shape, &data->rows);
  if (!status) {
    vpfi_params_assign(&model->params, &model->shape, &started);
    vpfi_recipe_set_options(recipe, epochs, learner);
  }
  vpfi_params_clear(&started, &model->shape);
  return status;
}
