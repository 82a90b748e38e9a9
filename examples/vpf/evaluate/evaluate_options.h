/* SPDX-License-Identifier: MIT */
/* The command line of vpf evaluate. */
#ifndef EXAMPLE_EVALUATE_OPTIONS_H
#define EXAMPLE_EVALUATE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is scored, in this order. */
typedef enum part {
  PART_MACHINE, PART_LIKELIHOOD, PART_PARZEN, PART_FILLING, PART_MOMENTS, PART_MIXING,
  PARTS /* how many */
} part;
extern const char *const part_names[PARTS];

typedef struct evaluate_options {
  const char *model;     /* the file of the machine */
  const char *data;      /* folder with training and test images */
  const char *out;       /* the numbers as JSON; NULL: nowhere */
  const char *scores;    /* the scores of each test image as CSV; NULL: nowhere */
  bool wanted[PARTS];
  bool quick;            /* everything small that is not given */
  size_t rows;           /* test images; 0: all */
  size_t limit;          /* the machine was trained on so many; 0: all */
  size_t few;            /* training images where not all of them are needed */
  size_t chains, temperatures, reverse_sweeps; /* of annealed importance sampling */
  bool ladder;             /* log Z by a ladder too */
  const char *ladder_file; /* where the ladder is kept; NULL: nowhere */
  size_t ladder_chains, ladder_sweeps;
  size_t samples;        /* images drawn */
  size_t steps;          /* r of Algorithm 2; 0: machine_steps() */
  size_t draws;          /* sets of centres */
  double sigma;          /* of Parzen windows; 0: select it */
  size_t neighbours;     /* test images for the row of nearest neighbours */
  size_t mixing_chains, mixing_draws;
  size_t width;          /* of an image; 0: it is square */
  uint64_t seed;
  size_t threads;
} evaluate_options;

/* As train_options_parse(). */
int evaluate_options_parse(evaluate_options *options, int argc, char **argv);

#endif
