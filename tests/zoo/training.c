/* SPDX-License-Identifier: MIT */
#include "zoo/training.h"

#include <math.h>

static vpf_optimizer *optimizer_for(const recipe *how) {
  vpf_optimizer *optimizer;
  zoo_check(vpf_optimizer_create(&optimizer));
  zoo_check(vpf_optimizer_set(optimizer, VPF_OPTION_METHOD, how->method));
  zoo_check(vpf_optimizer_set(optimizer, VPF_OPTION_GIBBS_STEPS, (double)how->steps));
  zoo_check(vpf_optimizer_set(optimizer, VPF_OPTION_LEARNING_RATE, how->learning_rate));
  zoo_check(vpf_optimizer_set(optimizer, VPF_OPTION_WEIGHT_DECAY, how->weight_decay));
  return optimizer;
}

/* Epochs that were reached before the run diverged are machines, later ones are skipped. */
static void train_on(zoo *z, vpf_model *model, const zoo_rows *rows, const recipe *how, const size_t *epochs,
                     const bool *wanted, size_t count, char names[][64]) {
  vpf_optimizer *optimizer = optimizer_for(how);
  vpf_status status = VPF_OK;
  size_t done = 0;
  for (size_t k = 0; k < count; k++) {
    if (!status) status = vpf_train(model, rows->train, optimizer, epochs[k] - done, NULL, NULL);
    done = epochs[k];
    if (status && status != VPF_ERR_DIVERGED) zoo_check(status);
    if (!wanted[k]) continue;
    if (status) {
      zoo_skip(z, names[k], vpf_error_message());
      continue;
    }
    vpf_model *copy;
    zoo_check(vpf_model_clone(&copy, model));
    zoo_add(z, names[k], copy, NAN, rows);
  }
  vpf_optimizer_destroy(optimizer);
}

void training_run(zoo *z, const zoo_rows *rows, size_t hidden, const recipe *how, const size_t *epochs, size_t count) {
  char names[8][64];
  bool wanted[8];
  size_t last = 0; /* epochs beyond the last that is wanted are not trained */
  if (count > 8) zoo_fail("too many epochs of one run");
  for (size_t k = 0; k < count; k++) {
    snprintf(names[k], sizeof names[k], "%.20s-%zu-%s-%g-%g-e%zu", rows->name, hidden, how->name, how->learning_rate,
             how->weight_decay, epochs[k]);
    wanted[k] = zoo_wants(z, names[k]);
    if (wanted[k]) last = k + 1;
  }
  if (last == 0) return;
  vpf_model *model;
  zoo_check(vpf_model_create(&model, (size_t[]){vpf_data_cols(rows->train), hidden}, 2, NULL, VPF_COUPLING_JOINT));
  zoo_check(vpf_model_init(model, 1));
  train_on(z, model, rows, how, epochs, wanted, last, names);
  vpf_model_destroy(model);
}
