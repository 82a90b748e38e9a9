/* SPDX-License-Identifier: MIT */
#include "generator.h"

#include <stdlib.h>

#include "../../common/complain.h"
#include "../../common/machine.h"
#include "stack.h"
#include "training.h"

const char *const prior_names[] = {"R", "P", "P, sampled"};

/* The mean of the states of the top layer in one bottom-up sample. */
static vpf_status mean_states(float **out, const vpf_model *model, const vpf_data *training) {
  const size_t top = vpf_model_layer_size(model, vpf_model_layers(model) - 1);
  vpf_data *states = NULL, *of_top = NULL;
  double *means = calloc(top, sizeof *means);
  *out = calloc(top, sizeof **out);
  vpf_status s = means && *out ? VPF_OK : complain_because(VPF_ERR_MEMORY, "cannot allocate a prior");
  if (!s) s = complain(vpf_model_infer(model, training, 1, &states));
  if (!s) s = complain(vpf_data_columns(&of_top, states, vpf_data_cols(states) - top, top));
  if (!s) s = complain(vpf_moments(of_top, means, NULL));
  for (size_t j = 0; !s && j < top; j++) (*out)[j] = (float)means[j];
  free(means);
  vpf_data_destroy(of_top);
  vpf_data_destroy(states);
  return s;
}

vpf_status find_prior(float **out, const vpf_model *model, const vpf_data *training, top_prior prior) {
  *out = NULL;
  if (prior == PRIOR_R) return VPF_OK;
  return prior == PRIOR_P_SAMPLED ? mean_states(out, model, training) : machine_prior(out, model, training);
}

vpf_status generator_load(generator *g, const run *r, const recipe *how, uint64_t seed, size_t epoch, top_prior prior) {
  *g = (generator){0};
  vpf_status s = how->below ? stack_load(&g->model, r, how, seed) : load_machine(&g->model, r, how, seed, epoch);
  if (!s) s = find_prior(&g->prior, g->model, training_images(r, how), prior);
  return s;
}

void generator_clear(generator *g) {
  free(g->prior);
  vpf_model_destroy(g->model);
  *g = (generator){0};
}
