/* SPDX-License-Identifier: MIT */
/* A machine from a file: what it is, and its visible units as a picture. */
#ifndef EXAMPLE_MACHINE_H
#define EXAMPLE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <vpf/data.h>
#include <vpf/model.h>

/* "machine     784-196-64, intra-layer weights in layers 1 2, pairwise" on stdout. */
void print_machine(const vpf_model *model);

bool machine_has_intra(const vpf_model *model);

/* Units of all layers. */
size_t machine_units(const vpf_model *model);

/* One energy for all layers. A pairwise machine of three or more layers has none. */
bool machine_has_energy(const vpf_model *model);

/* A copy of a machine with one energy, of any other one of its first pair. Said on failure. */
vpf_status machine_with_energy(vpf_model **out, const vpf_model *model);

/* r of Algorithm 2, as in the paper's runs: 5, or 3 with intra-layer weights. */
size_t machine_steps(const vpf_model *model);

/* The P prior of the top layer, to be freed: how active its units are, on average, for the images. Said on failure. */
vpf_status machine_prior(float **out, const vpf_model *model, const vpf_data *images);

/* Whether the images, which --data has given, have as many pixels as the machine has visible units: OPTIONS_COMPLETE, or
 * EXIT_USAGE (said). */
int machine_fits(const vpf_model *model, const vpf_data *images, const char *given);

/* Width and height of an image of so many pixels: square, unless a width other than 0 is given.
 * OPTIONS_COMPLETE, or EXIT_USAGE if there is no such picture; said. */
int picture_size(size_t pixels, size_t given_width, size_t *width, size_t *height);

#endif
