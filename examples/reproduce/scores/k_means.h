/* SPDX-License-Identifier: MIT */
/* Centroids of images: what a Parzen score rewards without any model. */
#ifndef EXAMPLE_K_MEANS_H
#define EXAMPLE_K_MEANS_H

#include <stddef.h>
#include <vpf/status.h>

/* Lloyd's algorithm, so many rounds from the first `count` rows (as many there must be). A centroid that no row is
 * nearest to stays where it is. rows: [n_rows x dim]. out: [count x dim]. VPF_ERR_MEMORY; said. */
vpf_status k_means(const float *rows, size_t n_rows, size_t dim, size_t count, size_t rounds, float *out);

#endif
