/* SPDX-License-Identifier: MIT */
/* How much is measured. */
#ifndef EXAMPLE_EFFORT_H
#define EXAMPLE_EFFORT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct effort {
  size_t centres;       /* samples that a Parzen window is put around */
  size_t choosing;      /* validation images on which settings are chosen */
  size_t test;          /* test images */
  size_t draws;         /* sets of samples a score is the mean of */
  size_t neighbours;    /* test images that nearest neighbours fill in */
  size_t chains, temperatures; /* of annealed importance sampling */
  size_t spikes;        /* pairs of units that are simulated for STDP */
  size_t k_means_rounds;
} effort;

effort usual_effort(bool quick);

#endif
