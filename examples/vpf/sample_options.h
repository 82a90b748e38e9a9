/* SPDX-License-Identifier: MIT */
/* The command line of vpf sample. */
#ifndef EXAMPLE_SAMPLE_OPTIONS_H
#define EXAMPLE_SAMPLE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SAMPLE_PAIRS = 16 }; /* numbers of steps that can be given */

typedef struct sample_options {
  const char *model; /* the file of the machine */
  const char *out;   /* the picture */
  size_t count;      /* images, or chains with long_chain; 0: not given */
  size_t steps[SAMPLE_PAIRS]; /* r of Algorithm 2, one for all pairs of layers or for each from the bottom */
  size_t step_counts;           /* how many; 0: not given */
  const char *prior; /* folder with the images of the P prior; NULL: 0.5 */
  size_t limit;      /* how many of them; 0: all */
  bool samples;      /* bits in place of probabilities */
  size_t long_chain; /* sweeps of the chains to be watched; 0: none are */
  size_t width;      /* of an image; 0: it is square */
  uint64_t seed;
  size_t threads;
} sample_options;

/* As train_options_parse(). */
int sample_options_parse(sample_options *options, int argc, char **argv);

#endif
