/* SPDX-License-Identifier: MIT */
#include "bm/start.h"

#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "num/elementary.h"

/* How many rows have each unit on. ones: [cols], 0 at first. */
static void count_ones(const vpfi_rows *rows, uint64_t *ones) {
  for (size_t row = 0; row < rows->rows; row++)
    for (size_t w = 0; w < rows->words; w++)
      for (uint64_t left = rows->bits[row * rows->words + w]; left; left &= left - 1)
        ones[64 * w + (size_t)__builtin_ctzll(left)]++;
}

/* The mean of a unit: mean[unit] of a visible one, NULL of others. */
static double mean_of(const double *mean, size_t unit) {
  return mean ? mean[unit] : 0.5;
}

/* A bias in the making: its matrices, and the means at their other ends. */
static double input(const vpfi_params *params, const vpfi_shape *shape, size_t role, size_t unit, const double *visible) {
  const vpfi_role *r = &shape->role[role];
  const size_t width = shape->layer[r->layer].width;
  double sum = 0;
  for (size_t i = 0; r->below != VPFI_NONE && i < shape->layer[r->layer - 1].size; i++)
    sum += (double)params->weights[r->below][i * width + unit] * mean_of(r->layer == 1 ? visible : NULL, i);
  for (size_t j = 0; r->above != VPFI_NONE && j < shape->layer[r->layer + 1].size; j++)
    sum += (double)params->weights[r->above][unit * shape->layer[r->layer + 1].width + j] * mean_of(NULL, j);
  for (size_t j = 0; r->intra && j < shape->layer[r->layer].size; j++)
    sum += (double)params->intra[r->layer][unit * width + j] * mean_of(r->layer == 0 ? visible : NULL, j);
  return sum;
}

/* All biases, role after role; those of weights near the largest float need not be floats. */
static vpf_status make_biases(const vpfi_params *params, const vpfi_shape *shape, const double *mean, float *out) {
  for (size_t r = 0; r < shape->n_roles; r++) {
    const size_t layer = shape->role[r].layer;
    for (size_t j = 0; j < shape->layer[layer].size; j++) {
      const double wanted = mean_of(layer == 0 ? mean : NULL, j);
      const double bias = vpfi_log(wanted / (1 - wanted)) - input(params, shape, r, j, mean);
      *out = (float)bias;
      if (!isfinite(*out++))
        return vpfi_fail(VPF_ERR_OVERFLOW, "layer %zu, unit %zu: the bias would be %g; the weights are too large", layer, j,
                         bias);
    }
  }
  return VPF_OK;
}

static void assign_biases(vpfi_params *params, const vpfi_shape *shape, const float *from) {
  for (size_t r = 0; r < shape->n_roles; r++)
    for (size_t j = 0; j < shape->layer[shape->role[r].layer].size; j++) params->bias[r][j] = *from++;
  params->bound = vpfi_params_peak(params, shape);
}

vpf_status vpfi_start_biases(vpfi_params *params, const vpfi_shape *shape, const vpfi_rows *visible) {
  const size_t n = shape->layer[0].size;
  size_t biases = 0;
  for (size_t r = 0; r < shape->n_roles; r++) biases += shape->layer[shape->role[r].layer].size;
  uint64_t *ones = vpfi_alloc(64 * visible->words, sizeof *ones);
  double *mean = vpfi_alloc(n, sizeof *mean);
  float *made = vpfi_alloc(biases, sizeof *made);
  vpf_status status = ones && mean && made ? VPF_OK : VPF_ERR_MEMORY;
  if (!status) count_ones(visible, ones);
  for (size_t i = 0; !status && i < n; i++) mean[i] = ((double)ones[i] + 0.5) / ((double)visible->rows + 1);
  if (!status) status = make_biases(params, shape, mean, made);
  if (!status) assign_biases(params, shape, made);
  vpfi_free(made);
  vpfi_free(mean);
  vpfi_free(ones);
  return status;
}
