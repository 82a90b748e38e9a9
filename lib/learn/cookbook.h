/* SPDX-License-Identifier: MIT */
/* The settings of the recipes. */
#ifndef VPFI_LEARN_COOKBOOK_H
#define VPFI_LEARN_COOKBOOK_H

#include <vpf/recipe.h>

#include "learn/learner.h"

typedef struct vpfi_recipe {
  const char *name, *purpose;
  bool from_data; /* biases start from the data */
} vpfi_recipe;

/* NULL if there is no such recipe. */
const vpfi_recipe *vpfi_recipe_find(vpf_recipe recipe);

/* Set all options but those that say how training runs. epochs: planned. */
void vpfi_recipe_set_options(vpf_recipe recipe, size_t epochs, vpfi_learner *learner);

#endif
