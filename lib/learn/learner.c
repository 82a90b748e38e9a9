/* SPDX-License-Identifier: MIT */
#include "learn/learner.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "learn/method.h"

void vpfi_learner_init(vpfi_learner *learner) {
  *learner = (vpfi_learner){.seed = 1, .beta1_power = 1, .beta2_power = 1};
  for (int k = 0; k < VPFI_N_OPTIONS; k++) learner->option[k] = vpfi_option_table[k].initial;
}

vpf_status vpfi_sums_init(vpfi_sums *sums, const vpfi_shape *shape) {
  *sums = (vpfi_sums){.flow = vpfi_alloc(shape->n_roles, sizeof(double)),
                      .on = vpfi_alloc(shape->n_layers, sizeof(double))};
  if (sums->flow && sums->on) return VPF_OK;
  vpfi_sums_clear(sums);
  return VPF_ERR_MEMORY;
}

void vpfi_sums_zero(vpfi_sums *sums, const vpfi_shape *shape) {
  memset(sums->flow, 0, shape->n_roles * sizeof(double));
  memset(sums->on, 0, shape->n_layers * sizeof(double));
  sums->rows = 0;
  sums->batches = 0;
}

void vpfi_sums_add(vpfi_sums *sums, const vpfi_shape *shape, const vpfi_sums *more) {
  for (size_t r = 0; r < shape->n_roles; r++) sums->flow[r] += more->flow[r];
  for (size_t l = 0; l < shape->n_layers; l++) sums->on[l] += more->on[l];
  sums->rows += more->rows;
}

void vpfi_sums_clear(vpfi_sums *sums) {
  vpfi_free(sums->flow);
  vpfi_free(sums->on);
  *sums = (vpfi_sums){0};
}

void vpfi_learner_keep(vpfi_learner *learner, size_t k, void *kept) {
  if (learner->kept[k]) vpfi_method_at(k)->keeper->destroy(learner->kept[k]);
  learner->kept[k] = kept;
}

void vpfi_learner_clear(vpfi_learner *learner) {
  for (size_t k = 0; k < VPFI_N_METHODS; k++) vpfi_learner_keep(learner, k, NULL);
  vpfi_states_clear(&learner->sample);
  vpfi_sums_clear(&learner->sums);
  vpfi_params_clear(&learner->moment1, &learner->shape);
  vpfi_params_clear(&learner->moment2, &learner->shape);
  vpfi_role_vectors_destroy(learner->offset, &learner->shape);
  vpfi_learner_drop_average(learner);
  vpfi_learner_drop_gradients(learner);
  vpfi_shape_clear(&learner->shape);
  *learner = (vpfi_learner){0};
}

vpf_status vpfi_learner_bind(vpfi_learner *learner, const vpfi_shape *shape) {
  vpfi_learner bound = *learner;
  vpf_status status = vpfi_shape_copy(&bound.shape, shape);
  if (!status) status = vpfi_params_init_moments(&bound.moment1, shape);
  if (!status) status = vpfi_params_init_moments(&bound.moment2, shape);
  if (!status) status = vpfi_sums_init(&bound.sums, shape);
  if (!status && !(bound.offset = vpfi_role_vectors_create(shape))) status = VPF_ERR_MEMORY;
  if (status) {
    vpfi_learner_clear(&bound);
    return status;
  }
  bound.bound = true;
  *learner = bound;
  return VPF_OK;
}

void vpfi_learner_unbind(vpfi_learner *learner) {
  const vpfi_learner old = *learner;
  vpfi_learner fresh;
  vpfi_learner_init(&fresh);
  memcpy(fresh.option, old.option, sizeof fresh.option);
  fresh.seed = old.seed;
  fresh.last_stop = old.last_stop;
  vpfi_learner_clear(learner);
  *learner = fresh;
}

bool vpfi_learner_sums_gradients(const vpfi_learner *learner) {
  return learner->gradient.bias;
}

void vpfi_learner_drop_gradients(vpfi_learner *learner) {
  if (vpfi_learner_sums_gradients(learner)) vpfi_params_clear(&learner->gradient, &learner->shape);
  learner->gradient_squares = 0;
}

bool vpfi_learner_averages(const vpfi_learner *learner) {
  return learner->average.bias;
}

void vpfi_learner_drop_average(vpfi_learner *learner) {
  if (vpfi_learner_averages(learner)) vpfi_params_clear(&learner->average, &learner->shape);
  learner->average_steps = 0;
}

void vpfi_learner_reset_moments(vpfi_learner *learner) {
  learner->beta1_power = learner->beta2_power = 1;
  if (!learner->bound) return;
  vpfi_params_zero(&learner->moment1, &learner->shape);
  vpfi_params_zero(&learner->moment2, &learner->shape);
}

vpf_status vpfi_sample_init(vpfi_states *sample, const vpfi_shape *shape, const vpfi_estep_plan *plan, size_t rows) {
  return vpfi_states_init_hidden(sample, shape, plan->estep.order, rows, plan->samples);
}

bool vpfi_data_id_equal(const vpfi_data_id *a, const vpfi_data_id *b) {
  return a->rows == b->rows && a->cols == b->cols && a->first_row == b->first_row && a->checksum == b->checksum;
}

size_t vpfi_list_planes(vpfi_tensor *list, const char *what, const vpfi_states *states, const vpfi_shape *shape,
                        vpfi_order order, size_t first) {
  size_t n = 0;
  for (size_t p = first; p < shape->n_planes[order]; p++, n++) {
    const size_t words = shape->layer[shape->plane_layer[p]].words;
    uint64_t *bits = states->bits ? states->bits[p] : NULL;
    list[n] = (vpfi_tensor){.dtype = VPFI_DTYPE_U64, .rank = 2, .rows = states->rows, .cols = words, .stride = words,
                            .data = bits, .into = bits};
    snprintf(list[n].name, sizeof list[n].name, "optimizer.%s.%zu", what, p);
  }
  return n;
}
