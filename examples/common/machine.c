/* SPDX-License-Identifier: MIT */
#include "machine.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vpf/sample.h>

#include "complain.h"
#include "options.h"

bool machine_has_intra(const vpf_model *model) {
  for (size_t l = 0; l < vpf_model_layers(model); l++)
    if (vpf_model_has_intra(model, l)) return true;
  return false;
}

size_t machine_units(const vpf_model *model) {
  size_t units = 0;
  for (size_t l = 0; l < vpf_model_layers(model); l++) units += vpf_model_layer_size(model, l);
  return units;
}

void print_machine(const vpf_model *model) {
  const size_t layers = vpf_model_layers(model);
  fputs("machine     ", stdout);
  for (size_t l = 0; l < layers; l++) printf("%s%zu", l ? "-" : "", vpf_model_layer_size(model, l));
  if (machine_has_intra(model)) {
    fputs(", intra-layer weights in layers", stdout);
    for (size_t l = 0; l < layers; l++)
      if (vpf_model_has_intra(model, l)) printf(" %zu", l);
  }
  printf(", %s\n", vpf_model_get_coupling(model) == VPF_COUPLING_JOINT ? "joint" : "pairwise");
}

bool machine_has_energy(const vpf_model *model) {
  return vpf_model_layers(model) <= 2 || vpf_model_get_coupling(model) == VPF_COUPLING_JOINT;
}

vpf_status machine_with_energy(vpf_model **out, const vpf_model *model) {
  return complain(machine_has_energy(model) ? vpf_model_clone(out, model) : vpf_model_pair(out, model, 0));
}

size_t machine_steps(const vpf_model *model) {
  return machine_has_intra(model) ? 3 : 5;
}

vpf_status machine_prior(float **out, const vpf_model *model, const vpf_data *images) {
  const size_t top = vpf_model_layers(model) - 1;
  *out = calloc(vpf_model_layer_size(model, top), sizeof **out);
  if (!*out) return complain_because(VPF_ERR_MEMORY, "cannot allocate the prior");
  return complain(vpf_mean_activations(model, images, top, *out));
}

int machine_fits(const vpf_model *model, const vpf_data *images, const char *given) {
  const size_t pixels = vpf_data_cols(images), visible = vpf_model_layer_size(model, 0);
  if (pixels == visible) return OPTIONS_COMPLETE;
  return complain_option("--data", given, "its images have %zu pixels, the machine has %zu visible units", pixels,
                         visible);
}

int picture_size(size_t pixels, size_t given_width, size_t *width, size_t *height) {
  const size_t side = (size_t)lrint(sqrt((double)pixels));
  if (!given_width && side * side != pixels)
    return complain_option("--width", NULL, "the %zu pixels of an image are not a square; say how wide it is", pixels);
  *width = given_width ? given_width : side;
  *height = pixels / *width;
  if (*width * *height == pixels) return OPTIONS_COMPLETE;
  char value[32];
  snprintf(value, sizeof value, "%zu", given_width);
  return complain_option("--width", value, "does not divide the %zu pixels of an image", pixels);
}
