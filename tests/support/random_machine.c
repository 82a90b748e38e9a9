/* SPDX-License-Identifier: MIT */
#include "support/random_machine.h"

#include <stdio.h>
#include <stdlib.h>

vpf_model *random_machine(dice *d, const size_t *sizes, size_t layers, const uint8_t *intra, vpf_coupling coupling,
                          double spread) {
  vpf_model *model;
  assert_ok(vpf_model_create(&model, sizes, layers, intra, coupling));
  const size_t count = vpf_model_param_count(model);
  float *theta = calloc(count, sizeof *theta);
  assert_non_null(theta);
  for (size_t k = 0; k < count; k++) theta[k] = (float)(spread * dice_normal(d));
  assert_ok(vpf_model_set_params(model, theta));
  free(theta);
  return model;
}

vpf_model *random_shape_machine(dice *d, size_t most_layers, size_t most_units, double spread) {
  size_t sizes[16];
  uint8_t intra[16];
  const size_t layers = 1 + dice_below(d, most_layers);
  for (size_t i = 0; i < layers; i++) {
    sizes[i] = 1 + dice_below(d, most_units);
    intra[i] = (uint8_t)dice_below(d, 2);
  }
  const vpf_coupling coupling = dice_below(d, 2) ? VPF_COUPLING_JOINT : VPF_COUPLING_PAIRWISE;
  return random_machine(d, sizes, layers, intra, coupling, spread);
}

vpf_model *family_machine(dice *d, const family *f, double spread) {
  return random_machine(d, f->sizes, f->layers, f->intra, f->coupling, spread);
}

size_t machine_units(const vpf_model *model) {
  size_t units = 0;
  for (size_t i = 0; i < vpf_model_layers(model); i++) units += vpf_model_layer_size(model, i);
  return units;
}

const char *machine_text(const vpf_model *model, char *text) {
  const char *coupling = vpf_model_get_coupling(model) == VPF_COUPLING_JOINT ? "joint" : "pairwise";
  int used = 0;
  for (size_t i = 0; i < vpf_model_layers(model) && used < 48; i++)
    used += snprintf(text + used, 64 - (size_t)used, "%s%zu%s", i ? "-" : "", vpf_model_layer_size(model, i),
                     vpf_model_has_intra(model, i) ? "+" : "");
  snprintf(text + used, 64 - (size_t)used, " %s", coupling);
  return text;
}

uint8_t *random_bits(dice *d, size_t rows, size_t cols, double on) {
  uint8_t *bits = calloc(rows, cols);
  assert_non_null(bits);
  for (size_t k = 0; k < rows * cols; k++) bits[k] = dice_unit(d) < on;
  return bits;
}

vpf_data *data_of_bits(const uint8_t *bits, size_t rows, size_t cols) {
  vpf_data *data;
  assert_ok(vpf_data_from_u8(&data, bits, rows, cols, 0));
  return data;
}

uint8_t *bits_of_data(const vpf_data *data) {
  uint8_t *bits = calloc(vpf_data_rows(data), vpf_data_cols(data));
  assert_non_null(bits);
  assert_ok(vpf_data_to_u8(data, bits));
  return bits;
}

vpf_data *data_of_all_states(size_t units, size_t rows) {
  uint8_t *bits = calloc(rows, units);
  assert_non_null(bits);
  for (size_t k = 0; k < rows * units; k++) bits[k] = k / units >> k % units & 1;
  vpf_data *data = data_of_bits(bits, rows, units);
  free(bits);
  return data;
}

void assert_same_rows(const vpf_data *a, const vpf_data *b) {
  assert_int_equal(vpf_data_rows(a), vpf_data_rows(b));
  assert_int_equal(vpf_data_cols(a), vpf_data_cols(b));
  uint8_t *x = bits_of_data(a), *y = bits_of_data(b);
  assert_memory_equal(x, y, vpf_data_rows(a) * vpf_data_cols(a));
  free(y);
  free(x);
}
