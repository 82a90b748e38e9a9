/* SPDX-License-Identifier: MIT */
/* Filling in, and how far the answer is from the truth. */
#include <math.h>
#include <string.h>

#include "api/handles.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "eval/generate.h"
#include "eval/meanfield.h"
#include "num/bits.h"

static vpf_status check_call(const char *function, const vpf_model *model, const vpf_data *corrupted, size_t steps,
                             const float *out_probs) {
  if (!model) return vpfi_null(function, "model");
  if (!corrupted) return vpfi_null(function, "corrupted");
  if (!out_probs) return vpfi_null(function, "out_probs");
  const vpf_status status = vpfi_check_columns(corrupted, model->shape.layer[0].size, "visible units");
  return status ? status : vpfi_check_steps(function, steps);
}

vpf_status vpf_reconstruct(const vpf_model *model, const vpf_data *corrupted, const uint8_t *known, size_t steps,
                           size_t average_last, uint64_t seed, float *out_probs) {
  vpf_status status = check_call(__func__, model, corrupted, steps, out_probs);
  if (status) return status;
  if (average_last == 0 || average_last > steps)
    return vpfi_fail(VPF_ERR_ARGUMENT, "%s: average_last %zu is outside [1, %zu]", __func__, average_last, steps);

  const size_t threads = vpfi_thread_count(0);
  vpfi_states states = {0}, held = {0};
  vpfi_scratch *scratch = vpfi_scratch_create(&model->shape, threads);
  status = scratch ? vpfi_states_init(&states, &model->shape, VPFI_ORDER_SWEPT, corrupted->rows, 1, NULL)
                   : VPF_ERR_MEMORY;
  vpfi_machine machine;
  vpfi_tables tables = {0};
  if (!status) status = vpfi_clamp_init(&held, model, known, 1);
  if (!status) status = vpfi_machine_for(&machine, &tables, model, corrupted->rows * steps);
  if (!status) {
    memcpy(states.bits[0], corrupted->bits, corrupted->rows * corrupted->words * sizeof(uint64_t));
    states.first_id = corrupted->first_row;
    vpfi_reconstruct(&machine, held.bits, steps, average_last, seed, &states, out_probs, threads, scratch);
  }
  vpfi_tables_clear(&tables, &model->shape);
  vpfi_states_clear(&held);
  vpfi_states_clear(&states);
  vpfi_scratch_destroy(scratch, threads);
  return status;
}

vpf_status vpf_reconstruct_mean_field(const vpf_model *model, const vpf_data *corrupted, const uint8_t *known,
                                      size_t steps, float *out_probs) {
  vpf_status status = check_call(__func__, model, corrupted, steps, out_probs);
  if (status) return status;

  const size_t threads = vpfi_thread_count(0);
  vpfi_states held = {0};
  vpfi_scratch *scratch = vpfi_scratch_create(&model->shape, threads);
  float *means = vpfi_alloc(threads, vpfi_means_length(&model->shape) * sizeof *means);
  status = scratch && means ? vpfi_clamp_init(&held, model, known, 1) : VPF_ERR_MEMORY;
  if (!status) {
    const vpfi_machine machine = vpfi_machine_of(model);
    vpfi_mean_field(&machine, corrupted->bits, corrupted->words, corrupted->rows, known ? held.bits[0] : NULL, steps,
                    out_probs, threads, means, scratch);
  }
  vpfi_states_clear(&held);
  vpfi_free(means);
  vpfi_scratch_destroy(scratch, threads);
  return status;
}

/* The sum over the region of |p - truth| of one row. */
static double error_of_row(const vpf_data *truth, size_t row, const float *probs, const uint8_t *region) {
  double sum = 0;
  for (size_t c = 0; c < truth->cols; c++) {
    if (region && !region[c]) continue;
    const double level = truth->levels ? truth->levels[row * truth->cols + c] / 255.0
                                       : (double)vpfi_bits_get(truth->bits + row * truth->words, c);
    sum += fabs((double)probs[row * truth->cols + c] - level);
  }
  return sum;
}

vpf_status vpf_reconstruction_error(const vpf_data *truth, const float *probs, const uint8_t *region, double *out_mean,
                                    double *out_stderr) {
  if (!truth) return vpfi_null(__func__, "truth");
  if (!probs) return vpfi_null(__func__, "probs");
  if (!out_mean) return vpfi_null(__func__, "out_mean");
  for (size_t k = 0; k < truth->rows * truth->cols; k++)
    if (!(probs[k] >= 0 && probs[k] <= 1))
      return vpfi_fail(VPF_ERR_ARGUMENT, "%s: probs[%zu][%zu] is %g, outside [0, 1]", __func__, k / truth->cols,
                       k % truth->cols, (double)probs[k]);
  /* mean and squared deviations in one pass, without a list of the errors (Welford 1962) */
  double mean = 0, squares = 0;
  for (size_t r = 0; r < truth->rows; r++) {
    const double deviation = error_of_row(truth, r, probs, region) - mean;
    mean += deviation / (double)(r + 1);
    squares += deviation * deviation * (double)r / (double)(r + 1);
  }
  *out_mean = mean;
  if (out_stderr)
    *out_stderr = truth->rows > 1 ? sqrt(squares / (double)(truth->rows - 1) / (double)truth->rows) : 0;
  return VPF_OK;
}
