/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "api/handles.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "eval/generate.h"
#include "num/bits.h"
#include "num/elementary.h"

/* The log-odds of the prior: a unit with field z is on with probability sigmoid(z). */
static vpf_status prior_fields(const char *function, const vpf_model *model, const float *prior, float **out_field) {
  const vpfi_layer *top = &model->shape.layer[model->shape.n_layers - 1];
  for (size_t j = 0; prior && j < top->size; j++)
    if (!(prior[j] >= 0 && prior[j] <= 1))
      return vpfi_fail(VPF_ERR_ARGUMENT, "%s: prior[%zu] is %g, outside [0, 1]", function, j, (double)prior[j]);
  float *field = vpfi_alloc(top->width, sizeof *field);
  if (!field) return VPF_ERR_MEMORY;
  for (size_t j = 0; prior && j < top->size; j++)
    field[j] = prior[j] <= 0   ? -INFINITY
               : prior[j] >= 1 ? INFINITY
                               : (float)(vpfi_log((double)prior[j]) - vpfi_log(1.0 - (double)prior[j]));
  *out_field = field;
  return VPF_OK;
}

/* steps: as vpfi_even_steps() */
static vpf_status generate(const char *function, const vpf_model *model, size_t count, const size_t *steps,
                           const float *prior, uint64_t seed, float *out_probs, vpf_data **out_states) {
  vpf_status status = VPF_OK;
  size_t most = 0;
  for (size_t pair = 0; !status && pair < vpfi_step_counts(model); pair++) {
    status = vpfi_check_chains(function, count, steps[pair]);
    if (steps[pair] > most) most = steps[pair];
  }
  float *field = NULL;
  if (!status) status = prior_fields(function, model, prior, &field);
  if (status) return status;
  const size_t threads = vpfi_thread_count(0);
  vpfi_states states = {0};
  vpfi_scratch *scratch = vpfi_scratch_create(&model->shape, threads);
  status = scratch ? vpfi_states_init(&states, &model->shape, VPFI_ORDER_SWEPT, count, 1, NULL) : VPF_ERR_MEMORY;
  vpfi_machine machine;
  vpfi_tables tables = {0};
  if (!status) status = vpfi_machine_for(&machine, &tables, model, count * most);
  if (!status) {
    vpfi_generate(&machine, steps, field, seed, &states, out_probs, threads, scratch);
    if (out_states) status = vpfi_return_states(model, &states, 0, out_states);
  }
  vpfi_tables_clear(&tables, &model->shape);
  vpfi_states_clear(&states);
  vpfi_scratch_destroy(scratch, threads);
  vpfi_free(field);
  return status;
}

static vpf_status generate_evenly(const char *function, const vpf_model *model, size_t count, size_t steps,
                                  const float *prior, uint64_t seed, float *out_probs, vpf_data **out_states) {
  size_t *each = vpfi_even_steps(model, steps);
  if (!each) return VPF_ERR_MEMORY;
  const vpf_status status = generate(function, model, count, each, prior, seed, out_probs, out_states);
  vpfi_free(each);
  return status;
}

vpf_status vpf_generate(const vpf_model *model, size_t count, size_t steps, const float *prior, uint64_t seed,
                        float *out_probs) {
  if (!model) return vpfi_null(__func__, "model");
  if (!out_probs) return vpfi_null(__func__, "out_probs");
  return generate_evenly(__func__, model, count, steps, prior, seed, out_probs, NULL);
}

vpf_status vpf_generate_by_pair(const vpf_model *model, size_t count, const size_t *steps, const float *prior,
                                uint64_t seed, float *out_probs) {
  if (!model) return vpfi_null(__func__, "model");
  if (!steps) return vpfi_null(__func__, "steps");
  if (!out_probs) return vpfi_null(__func__, "out_probs");
  return generate(__func__, model, count, steps, prior, seed, out_probs, NULL);
}

vpf_status vpf_generate_states(const vpf_model *model, size_t count, size_t steps, const float *prior, uint64_t seed,
                               vpf_data **out_states) {
  if (!out_states) return vpfi_null(__func__, "out_states");
  *out_states = NULL;
  if (!model) return vpfi_null(__func__, "model");
  return generate_evenly(__func__, model, count, steps, prior, seed, NULL, out_states);
}

vpf_status vpf_generate_states_by_pair(const vpf_model *model, size_t count, const size_t *steps, const float *prior,
                                       uint64_t seed, vpf_data **out_states) {
  if (!out_states) return vpfi_null(__func__, "out_states");
  *out_states = NULL;
  if (!model) return vpfi_null(__func__, "model");
  if (!steps) return vpfi_null(__func__, "steps");
  return generate(__func__, model, count, steps, prior, seed, NULL, out_states);
}
