/* SPDX-License-Identifier: MIT */
/* What all parts of an evaluation work on: the machine and the images. */
#ifndef EXAMPLE_EVALUATION_H
#define EXAMPLE_EVALUATION_H

#include <vpf.h>

#include "../../common/image_files.h"
#include "evaluate_options.h"

typedef struct evaluation {
  const evaluate_options *options;
  vpf_model *model;
  vpf_model *machine;   /* one with an energy: a copy of the model, or its first pair */
  char *training_path, *test_path;
  vpf_data *images;     /* all of the training file, with grey levels where a part needs them */
  vpf_data *training;   /* the bits of those that the machine was trained on */
  vpf_data *test;       /* the test images, with grey levels */
  size_t rows;          /* test images */
  size_t width, height; /* of an image, if `filling` is wanted */
  vpf_ladder *ladder;   /* that was read from --ladder-file; NULL: none */
  size_t steps;         /* r of Algorithm 2 */
  float *prior;         /* [units of the top layer] the P prior, if samples are drawn */
} evaluation;

/* Load machine and images and see whether they are for each other: OPTIONS_COMPLETE or an exit status; said. */
int evaluation_begin(evaluation *e, const evaluate_options *options);
void evaluation_clear(evaluation *e);

/* " of the first pair", where that is what `machine` is; or "". */
const char *evaluation_pair(const evaluation *e);

#endif
