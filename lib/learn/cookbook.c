/* SPDX-License-Identifier: MIT */
#include "learn/cookbook.h"

static const vpfi_recipe cookbook[] = {
#define VPFI_RECIPE_ROW(suffix, number, name, purpose) [number] = {name, purpose, (number) != VPF_RECIPE_PAPER},
    VPF_RECIPE_LIST(VPFI_RECIPE_ROW)
#undef VPFI_RECIPE_ROW
};

const vpfi_recipe *vpfi_recipe_find(vpf_recipe recipe) {
  return (size_t)recipe < sizeof cookbook / sizeof *cookbook ? &cookbook[recipe] : NULL;
}

/* At a constant rate parameters wander; a smaller one for the last 40 % of the epochs lets them settle. */
static double drop_epoch(size_t epochs) {
  return (double)(epochs - 2 * epochs / 5 + 1);
}

static void set_likelihood(double *option, size_t epochs, double rate) {
  option[VPFI_AT_METHOD] = VPF_METHOD_PCD;
  option[VPFI_AT_RULE] = VPF_RULE_SGD;
  option[VPFI_AT_LEARNING_RATE] = rate;
  option[VPFI_AT_WEIGHT_DECAY] = 0;
  option[VPFI_AT_CENTRED] = 1;
  option[VPFI_AT_AVERAGE] = 0.999;
  option[VPFI_AT_DROP_EPOCH] = drop_epoch(epochs);
  option[VPFI_AT_PARTICLES] = 500;
  option[VPFI_AT_PARTICLES_PER_BATCH] = 100;
}

static void set_fully_visible(double *option) {
  option[VPFI_AT_LEARNING_RATE] = 0.01;
  option[VPFI_AT_WEIGHT_DECAY] = 0;
  option[VPFI_AT_AVERAGE] = 0.999;
  option[VPFI_AT_TOLERANCE] = 0.1;
  option[VPFI_AT_BATCH_SIZE] = 100;
}

void vpfi_recipe_set_options(vpf_recipe recipe, size_t epochs, vpfi_learner *learner) {
  double *option = learner->option;
  for (int k = 0; k < VPFI_N_OPTIONS; k++)
    if (k != VPFI_AT_THREADS && k != VPFI_AT_PROGRESS_BATCHES) option[k] = vpfi_option_table[k].initial;
  switch (recipe) {
    case VPF_RECIPE_PAPER: break;
    case VPF_RECIPE_LIKELIHOOD: set_likelihood(option, epochs, 0.2); break;
    case VPF_RECIPE_FULLY_VISIBLE: set_fully_visible(option); break;
    case VPF_RECIPE_SPARSE: set_likelihood(option, epochs, 0.5); break;
  }
}
