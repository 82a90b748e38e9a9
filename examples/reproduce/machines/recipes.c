/* SPDX-License-Identifier: MIT */
#include "recipes.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SOME_EPOCHS {1, 2, 3, 5, 7, 10, 15, 20, 25, 30, 40, 50, 75, 100, 150}
#define EVERY_20 {20, 40, 60, 80, 100, 120, 140, 160, 180}
#define EVERY_25 {25, 50, 75, 100, 125, 150, 175, 200, 225, 250, 275, 300, 325, 350, 375, 400, 425, 450, 475}

/* The paper's settings where nothing else is said: docs/math.md, section 10; images in their order. DBM1 and
 * DBM2 are the names of the paper; its DBM2 was trained in the unswept order (docs/math.md, section 7). The
 * likelihood of CD and PCD wants a small decay and a rate that falls (docs/evaluation.md). */
static const recipe recipes[] = {
    {.name = "rbm100", .sizes = {784, 100}, .seeds = 1, .epochs = 200},
    {.name = "rbm196", .sizes = {784, 196}, .seeds = 3, .epochs = 200, .kept = SOME_EPOCHS},
    {.name = "rbm400", .sizes = {784, 400}, .seeds = 1, .epochs = 200},
    {.name = "rbm196-light", .sizes = {784, 196}, .decay = 0.0005, .seeds = 3, .epochs = 200},
    {.name = "cd1", .sizes = {784, 196}, .method = VPF_METHOD_CD, .gibbs_steps = 1, .decay = 1e-4, .shuffled = true,
     .rate_drop = 0.3, .seeds = 3, .epochs = 20},
    {.name = "cd10", .sizes = {784, 196}, .method = VPF_METHOD_CD, .gibbs_steps = 10, .decay = 1e-4, .shuffled = true,
     .rate_drop = 0.3, .seeds = 3, .epochs = 20},
    {.name = "pcd1", .sizes = {784, 196}, .method = VPF_METHOD_PCD, .gibbs_steps = 1, .decay = 1e-4, .shuffled = true,
     .rate_drop = 0.3, .seeds = 3, .epochs = 20, .kept = {1, 2, 3, 5, 7, 10, 12, 14, 15, 17}},
    {.name = "pcd10", .sizes = {784, 196}, .method = VPF_METHOD_PCD, .gibbs_steps = 10, .decay = 1e-4,
     .shuffled = true, .rate_drop = 0.3, .seeds = 3, .epochs = 20},

    {.name = "dbm1", .sizes = {784, 196, 196, 64}, .seeds = 3, .epochs = 200, .kept = EVERY_20},
    {.name = "dbm2", .sizes = {784, 196, 196, 64}, .intra = true, .estep_order = 1, .seeds = 3, .epochs = 500,
     .kept = EVERY_25},

    /* questions that the paper leaves open */
    {.name = "rbm196-text", .sizes = {784, 196}, .decay = 1e-4, .seeds = 1, .epochs = 200, .kept = SOME_EPOCHS},
    {.name = "rbm196-afresh", .sizes = {784, 196}, .estep_afresh = true, .seeds = 1, .epochs = 50, .kept = SOME_EPOCHS},
    {.name = "dbm1-joint", .sizes = {784, 196, 196, 64}, .coupling = VPF_COUPLING_JOINT, .seeds = 1, .epochs = 100,
     .kept = EVERY_20},
    {.name = "dbm1-gibbs", .sizes = {784, 196, 196, 64}, .coupling = VPF_COUPLING_JOINT, .estep = 1, .seeds = 1,
     .epochs = 100, .kept = EVERY_20},
    {.name = "greedy2", .sizes = {196, 196}, .below = "rbm196", .seeds = 1, .epochs = 200},
    {.name = "greedy3", .sizes = {196, 64}, .below = "greedy2", .seeds = 1, .epochs = 200},
    {.name = "dbm2-swept", .sizes = {784, 196, 196, 64}, .intra = true, .seeds = 1, .epochs = 200, .kept = EVERY_25},
    {.name = "dbm2-sweeps", .sizes = {784, 196, 196, 64}, .intra = true, .estep_order = 1, .estep_sweeps = 5,
     .seeds = 1, .epochs = 200, .kept = EVERY_25},
    {.name = "dbm2-shuffled", .sizes = {784, 196, 196, 64}, .intra = true, .estep_order = 1, .shuffled = true,
     .seeds = 1, .epochs = 200, .kept = EVERY_25},

    /* a stack on RBM(196) */
    {.name = "deep2", .sizes = {196, 196}, .below = "rbm196", .decay = 0.0005, .seeds = 3, .epochs = 500},
    {.name = "deep3", .sizes = {196, 160}, .below = "deep2", .decay = 0.0005, .seeds = 3, .epochs = 500},
    {.name = "deep4", .sizes = {160, 128}, .below = "deep3", .decay = 0.0005, .seeds = 3, .epochs = 500},
    {.name = "deep5", .sizes = {128, 96}, .below = "deep4", .decay = 0.0005, .seeds = 3, .epochs = 500},
    {.name = "deep6", .sizes = {96, 64}, .below = "deep5", .decay = 0.0005, .seeds = 3, .epochs = 500},
    {.name = "deep7", .sizes = {64, 48}, .below = "deep6", .decay = 0.0005, .seeds = 3, .epochs = 500},

    {.name = "fashion1", .sizes = {784, 196, 196, 64}, .fashion = true, .seeds = 1, .epochs = 400},
    /* with the decay of the others its fields leave the range of float at epoch 11 */
    {.name = "fashion2", .sizes = {784, 196, 196, 64}, .intra = true, .estep_order = 1, .fashion = true, .decay = 0.02,
     .seeds = 1, .epochs = 1000},
    {0}};

enum { QUICK_EPOCHS = 4, QUICK_KEPT = 2 };

const recipe *find_recipe(const char *name) {
  const recipe *r = recipes;
  while (r->name && strcmp(r->name, name)) r++;
  assert(r->name);
  return r;
}

size_t recipe_layers(const recipe *r) {
  size_t layers = 0;
  while (layers < RECIPE_LAYERS && r->sizes[layers]) layers++;
  return layers;
}

size_t recipe_pairs(const recipe *r) {
  return recipe_layers(r) - 1 + (r->below ? recipe_pairs(find_recipe(r->below)) : 0);
}

const char *recipe_shape(const recipe *r, char text[RECIPE_TEXT]) {
  size_t used = 0;
  for (size_t l = 0; l < recipe_layers(r); l++)
    used += (size_t)snprintf(text + used, RECIPE_TEXT - used, "%s%zu", l ? "-" : "", r->sizes[l]);
  return text;
}

size_t recipe_epochs(const recipe *r, bool quick) {
  return quick && r->epochs > QUICK_EPOCHS ? QUICK_EPOCHS : r->epochs;
}

size_t recipe_seeds(const recipe *r, bool quick) {
  return quick ? 1 : r->seeds;
}

size_t recipe_kept(const recipe *r, bool quick, size_t epochs[RECIPE_KEPT + 1]) {
  size_t count = 0;
  if (quick && r->kept[0]) epochs[count++] = QUICK_KEPT;
  for (const size_t *epoch = r->kept; !quick && *epoch; epoch++)
    if (*epoch < r->epochs) epochs[count++] = *epoch;
  epochs[count++] = recipe_epochs(r, quick);
  return count;
}

double recipe_epoch_cost(const recipe *r) {
  const size_t layers = recipe_layers(r);
  double parameters = 0;
  for (size_t l = 1; l < layers; l++) {
    const double below = (double)r->sizes[l - 1], here = (double)r->sizes[l];
    parameters += below * here + (r->intra ? 2 * here * here : 0);
  }
  /* a step of a chain goes down and up, and needs fields of all units */
  const double steps = r->gibbs_steps > 0 ? r->gibbs_steps : 1;
  const double passes = r->method == VPF_METHOD_VPF ? (r->estep_afresh || r->estep > 0 ? 2 : 1) : 2 + 1.2 * steps;
  const double seconds_of_parameter = 1.6e-6;
  return seconds_of_parameter * parameters * passes;
}
