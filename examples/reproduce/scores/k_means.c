/* SPDX-License-Identifier: MIT */
#include "k_means.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/complain.h"
#include "../../common/stop_signal.h"

enum { BLOCK = 512 }; /* rows whose distances are found at once */

typedef struct clusters {
  size_t dim, count;
  float *centroid;  /* [count x dim] */
  float *square;    /* [count] half of each one's squared length */
  float *product;   /* [BLOCK x count] */
  double *sum;      /* [count x dim] of the rows that are nearest */
  size_t *members;  /* [count] */
} clusters;

static void halve_squares(clusters *c) {
  for (size_t k = 0; k < c->count; k++)
    c->square[k] = cblas_sdot((int)c->dim, c->centroid + k * c->dim, 1, c->centroid + k * c->dim, 1) / 2;
}

/* |x - c|^2 is smallest where x c - |c|^2 / 2 is greatest. */
static size_t nearest(const clusters *c, const float *products) {
  size_t best = 0;
  for (size_t k = 1; k < c->count; k++)
    if (products[k] - c->square[k] > products[best] - c->square[best]) best = k;
  return best;
}

static void add_block(clusters *c, const float *rows, size_t n) {
  const int dim = (int)c->dim, count = (int)c->count;
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, count, dim, 1, rows, dim, c->centroid, dim, 0, c->product,
              count);
  for (size_t r = 0; r < n; r++) {
    const size_t k = nearest(c, c->product + r * c->count);
    c->members[k]++;
    for (size_t p = 0; p < c->dim; p++) c->sum[k * c->dim + p] += (double)rows[r * c->dim + p];
  }
}

static void one_round(clusters *c, const float *rows, size_t n_rows) {
  halve_squares(c);
  memset(c->sum, 0, c->count * c->dim * sizeof *c->sum);
  memset(c->members, 0, c->count * sizeof *c->members);
  for (size_t first = 0; first < n_rows; first += BLOCK)
    add_block(c, rows + first * c->dim, n_rows - first < BLOCK ? n_rows - first : BLOCK);
  for (size_t k = 0; k < c->count; k++)
    for (size_t p = 0; c->members[k] && p < c->dim; p++)
      c->centroid[k * c->dim + p] = (float)(c->sum[k * c->dim + p] / (double)c->members[k]);
}

vpf_status k_means(const float *rows, size_t n_rows, size_t dim, size_t count, size_t rounds, float *out) {
  clusters c = {.dim = dim, .count = count, .centroid = out};
  c.square = calloc(count, sizeof *c.square);
  c.product = calloc(count, BLOCK * sizeof *c.product);
  c.sum = calloc(count, dim * sizeof *c.sum);
  c.members = calloc(count, sizeof *c.members);
  vpf_status s = VPF_OK;
  if (c.square && c.product && c.sum && c.members) {
    memcpy(out, rows, count * dim * sizeof *out);
    for (size_t k = 0; k < rounds && !stop_signal; k++) one_round(&c, rows, n_rows);
  } else {
    s = complain_because(VPF_ERR_MEMORY, "cannot allocate %zu clusters", count);
  }
  free(c.members);
  free(c.sum);
  free(c.product);
  free(c.square);
  return s;
}
