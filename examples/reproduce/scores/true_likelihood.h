/* SPDX-License-Identifier: MIT */
/* The log-probability of test images, by annealed importance sampling in both directions. */
#ifndef EXAMPLE_TRUE_LIKELIHOOD_H
#define EXAMPLE_TRUE_LIKELIHOOD_H

#include "../report/findings.h"
#include "../run.h"

/* Of an RBM; the pixels' means of the training images are one of the bases of the forward run, and the reverse run begins
 * at the test images. out->mean_low is the number to report; out->empty is by the same log Z. Said. */
vpf_status true_likelihood(const run *r, const vpf_model *model, vpf_likelihood *out);

/* What is written after the name of a machine whose likelihood is in doubt; otherwise "". */
const char *doubt_mark(const vpf_likelihood *likelihood);

/* A paragraph for each doubt, in words. */
void find_doubts(findings *f, const char *name, const vpf_likelihood *likelihood);

/* log p of the test images if pixels were independent, each as often on as in the training images. Said. */
vpf_status independent_likelihood(const run *r, double *out);

#endif
