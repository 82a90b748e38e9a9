/* SPDX-License-Identifier: MIT */
/* Strokes with gaps: an image in several pieces. */
#ifndef EXAMPLE_COMPONENTS_H
#define EXAMPLE_COMPONENTS_H

#include <stddef.h>
#include <vpf/status.h>

typedef struct component_counts {
  double mean;     /* pieces of an image: pixels above 0.5 that touch, also at corners */
  double several;  /* share of the images that are in more than one */
} component_counts;

/* images: [count x width * height]. VPF_ERR_MEMORY; said. */
vpf_status count_components(component_counts *out, const float *images, size_t count, size_t width, size_t height);

#endif
