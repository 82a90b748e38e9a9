/* SPDX-License-Identifier: MIT */
/* The log-probability of test images, by annealed importance sampling in both directions. */
#ifndef EXAMPLE_TRUE_LIKELIHOOD_H
#define EXAMPLE_TRUE_LIKELIHOOD_H

#include "../run.h"

/* Of an RBM, from the pixels' means of the training images forward, and back from the test images.
 * out->mean and out->mean_low are those of the forward run and of the less favourable one. Said. */
vpf_status true_likelihood(const run *r, const vpf_model *model, vpf_likelihood *out);

/* log p of the test images if pixels were independent, each as often on as in the training images. Said. */
vpf_status independent_likelihood(const run *r, double *out);

#endif
