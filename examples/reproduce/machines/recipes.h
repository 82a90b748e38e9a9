/* SPDX-License-Identifier: MIT */
/* Every machine of the reproduction, and how it is trained. */
#ifndef EXAMPLE_RECIPES_H
#define EXAMPLE_RECIPES_H

#include <stdbool.h>
#include <stddef.h>
#include <vpf.h>

enum { RECIPE_LAYERS = 4, RECIPE_KEPT = 24, RECIPE_SEEDS = 8 };

typedef struct recipe {
  const char *name;             /* of its files, with the seed behind it */
  size_t sizes[RECIPE_LAYERS];  /* ends with 0 */
  bool intra;                   /* intra-layer weights in every hidden layer */
  vpf_coupling coupling;
  bool fashion;                 /* trained on Fashion-MNIST */
  const char *below;            /* trained on the hidden states of that machine, a pair of layers too; or NULL: on images */
  vpf_method method;
  double gibbs_steps;           /* of CD and PCD; 0: the default */
  double decay;                 /* lambda; 0: the paper preset */
  bool shuffled;                /* not in the order of the file, as in the paper's runs */
  double estep, estep_order;    /* VPF_OPTION_ESTEP, VPF_OPTION_ESTEP_ORDER */
  double estep_sweeps;          /* 0: the default */
  bool estep_afresh;            /* in every minibatch */
  double rate_drop;             /* the last part of the epochs, at a tenth of the learning rate */
  size_t seeds;                 /* 1 .. seeds are trained; at most RECIPE_SEEDS */
  size_t epochs;
  size_t kept[RECIPE_KEPT];     /* the machine is kept at these epochs too; ends with 0 */
} recipe;

/* The recipe of that name, which must be one. */
const recipe *find_recipe(const char *name);

size_t recipe_layers(const recipe *r);

/* Pairs of layers, those of the recipes below it included. */
size_t recipe_pairs(const recipe *r);

/* "784-196-196-64" into text; returns it. */
enum { RECIPE_TEXT = 64 };
const char *recipe_shape(const recipe *r, char text[RECIPE_TEXT]);

/* A quick run has a few epochs and trains one seed. */
size_t recipe_epochs(const recipe *r, bool quick);
size_t recipe_seeds(const recipe *r, bool quick);

/* The epochs at which the machine is kept, ascending, the last one among them; returns how many. */
size_t recipe_kept(const recipe *r, bool quick, size_t epochs[RECIPE_KEPT + 1]);

/* How long an epoch takes, in about seconds for 50 000 rows on two processors: for the expected time. */
double recipe_epoch_cost(const recipe *r);

#endif
