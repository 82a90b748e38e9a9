/* SPDX-License-Identifier: MIT */
/* Parzen scores that need no machine, to show what the measure rewards. */
#ifndef EXAMPLE_TRIVIAL_SCORES_H
#define EXAMPLE_TRIVIAL_SCORES_H

#include "../report/findings.h"
#include "../run.h"

/* Rows of a table: scores of the test images by training images and by k-means centroids of them, as many as a machine
 * gives samples. Said on failure. */
vpf_status trivial_scores(run *r, findings *f, json_t *table);

#endif
