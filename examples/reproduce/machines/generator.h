/* SPDX-License-Identifier: MIT */
/* A trained machine and what its top layer is drawn from. */
#ifndef EXAMPLE_GENERATOR_H
#define EXAMPLE_GENERATOR_H

#include "../run.h"
#include "recipes.h"

/* What the top layer is drawn from. R: 0.5 for every unit. P: means of the mean-field activations over the training
 * images, intra-layer weights ignored, or of sampled states. */
typedef enum top_prior { PRIOR_R, PRIOR_P, PRIOR_P_SAMPLED } top_prior;
extern const char *const prior_names[];

/* [units of the top layer], to be freed; NULL for R. Said on failure. */
vpf_status find_prior(float **out, const vpf_model *model, const vpf_data *training, top_prior prior);

typedef struct generator {
  vpf_model *model;
  float *prior; /* as find_prior() gives it */
} generator;

/* The machine at an epoch that is kept (recipe_kept()); of a recipe with others below it the whole stack, at its last
 * epoch. Said on failure; in any case to be cleared. */
vpf_status generator_load(generator *g, const run *r, const recipe *how, uint64_t seed, size_t epoch, top_prior prior);
void generator_clear(generator *g);

#endif
