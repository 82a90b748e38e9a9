/* SPDX-License-Identifier: MIT */
/* One run of training, which leaves a machine at each of several epochs. */
#ifndef VPF_TESTS_ZOO_TRAINING_H
#define VPF_TESTS_ZOO_TRAINING_H

#include "zoo/zoo.h"

typedef struct recipe {
  const char *name; /* "cd1" and the like */
  vpf_method method;
  size_t steps; /* k of CD-k and PCD-k */
  double learning_rate, weight_decay;
} recipe;

/* RBM(hidden) on these rows; epochs ascend. */
void training_run(zoo *z, const zoo_rows *rows, size_t hidden, const recipe *how, const size_t *epochs, size_t count);

#endif
