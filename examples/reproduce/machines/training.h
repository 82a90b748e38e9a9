/* SPDX-License-Identifier: MIT */
/* Machines, trained once and kept in <out>/machines: <name>-<seed>.safetensors, the same with .<epoch> before the
 * ending where a recipe wants it, and <name>-<seed>.json, the numbers of every epoch. A run that is interrupted
 * leaves <name>-<seed>.checkpoint, and goes on from there. */
#ifndef EXAMPLE_TRAINING_H
#define EXAMPLE_TRAINING_H

#include <jansson.h>
#include <vpf.h>

#include "../run.h"
#include "recipes.h"

/* The images that the machine, or the one below it, is trained on. */
const vpf_data *training_images(const run *r, const recipe *how);

/* Train a machine to its end, or from where it stopped. Does nothing if it is there. A signal stops it in good
 * order: VPF_OK with stop_signal set. VPF_ERR_STATE if what is there was made by another recipe. Said. */
vpf_status train_machine(run *r, const recipe *how, uint64_t seed);

/* Seconds that it will about take; 0 if it is there already. */
double training_cost(const run *r, const recipe *how, uint64_t seed);

/* The machine at an epoch that is kept (recipe_kept()). Said on failure. */
vpf_status load_machine(vpf_model **out, const run *r, const recipe *how, uint64_t seed, size_t epoch);

/* What was logged: how, seed, seconds, and epochs, an array of objects with epoch, K, K_lower, K_upper, activity,
 * rho, w2, seconds. To be given back with json_decref(); NULL (said) if it cannot be read. */
json_t *load_log(const run *r, const recipe *how, uint64_t seed);

#endif
