/* SPDX-License-Identifier: MIT */
#include "trivial_scores.h"

#include <stdio.h>
#include <stdlib.h>

#include "../../common/complain.h"
#include "../../common/image_files.h"
#include "k_means.h"
#include "parzen_score.h"

/* Scores test images by centres. */
static vpf_status trivial_row(run *r, findings *f, json_t *table, const char *name, const float *centres, size_t count) {
  parzen_points points;
  double mean = 0, error = 0;
  char about[64];
  vpf_status s = parzen_points_of(&points, r->digits.test, r->effort.test);
  if (!s)
    s = complain(vpf_parzen(centres, count, points.values, points.count, vpf_data_cols(r->digits.test), PARZEN_SIGMA,
                            &mean, &error));
  snprintf(about, sizeof about, "needs no machine; +- %.1f over images", error);
  if (!s) row_value(f, table_row(f, table, name, about), mean);
  parzen_points_clear(&points);
  return s;
}

vpf_status trivial_scores(run *r, findings *f, json_t *table) {
  float *rows = NULL, *centroids = NULL;
  const size_t pixels = vpf_data_cols(r->digits.levels);
  const size_t trained = vpf_data_rows(r->digits.levels);
  const size_t count = r->effort.centres < trained ? r->effort.centres : trained;
  char name[64];
  vpf_status s = grey_levels(&rows, r->digits.levels, SIZE_MAX);
  if (!s) centroids = calloc(count, pixels * sizeof *centroids);
  if (!s && !centroids) s = complain_because(VPF_ERR_MEMORY, "cannot allocate %zu centroids", count);
  snprintf(name, sizeof name, "%zu training images", count);
  if (!s) s = trivial_row(r, f, table, name, rows, count);
  if (!s) s = k_means(rows, trained, pixels, count, r->effort.k_means_rounds, centroids);
  snprintf(name, sizeof name, "%zu k-means centroids of training images", count);
  if (!s) s = trivial_row(r, f, table, name, centroids, count);
  free(centroids);
  free(rows);
  return s;
}
