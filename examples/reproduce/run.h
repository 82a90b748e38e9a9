/* SPDX-License-Identifier: MIT */
/* What training, measuring and reporting all work with. */
#ifndef EXAMPLE_RUN_H
#define EXAMPLE_RUN_H

#include "effort.h"
#include "image_set.h"
#include "overall_progress.h"
#include "reproduce_options.h"

typedef struct run {
  const reproduce_options *options;
  effort effort;
  image_set digits;   /* MNIST; in a quick run the bundled sample */
  image_set fashion;  /* Fashion-MNIST; without it all NULL. In a quick run the same as digits */
  overall_progress progress;
} run;

#endif
