/* SPDX-License-Identifier: MIT */
/* The floor that an implementation by dense matrix products stands on: BLAS doing nothing but the products, on
 * memory that is ready. Prints seconds, one line a repetition.
 *
 *   sgemm_floor epoch VISIBLE HIDDEN ROWS BATCH REPEAT   for every minibatch V W, H W^T, V^T D_h and D_v^T H; the two
 *                                                        of the gradient as one, which is faster. Without the E-step
 *   sgemm_floor estep VISIBLE HIDDEN ROWS 0 REPEAT       one product, all rows
 *
 * Threads are BLAS's own setting (OPENBLAS_NUM_THREADS). */
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *matrix(size_t rows, size_t cols) {
  float *m = malloc(rows * cols * sizeof *m);
  if (!m) exit(1);
  for (size_t k = 0; k < rows * cols; k++) m[k] = (float)(k % 7) * 0.1f - 0.3f;
  return m;
}

static void epoch(int v, int h, int rows, int batch, float *below, float *above, float *w, float *z, float *g) {
  for (int first = 0; first < rows; first += batch) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, batch, h, v, 1, below, v, w, h, 0, z, h);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, batch, v, h, 1, above, h, w, h, 0, z, v);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, v, h, 2 * batch, 1, below, v, above, h, 0, g, h);
  }
}

int main(int argc, char **argv) {
  if (argc != 7) return fprintf(stderr, "usage: sgemm_floor epoch|estep VISIBLE HIDDEN ROWS BATCH REPEAT\n"), 2;
  const int v = atoi(argv[2]), h = atoi(argv[3]), rows = atoi(argv[4]), batch = atoi(argv[5]), repeat = atoi(argv[6]);
  const int is_epoch = strcmp(argv[1], "epoch") == 0, there = is_epoch ? 2 * batch : rows;
  float *below = matrix((size_t)there, (size_t)v), *above = matrix((size_t)there, (size_t)h);
  float *w = matrix((size_t)v, (size_t)h), *g = matrix((size_t)v, (size_t)h);
  float *z = matrix((size_t)there, (size_t)(v > h ? v : h));
  for (int k = 0; k <= repeat; k++) {
    const double start = now();
    if (is_epoch)
      epoch(v, h, rows, batch, below, above, w, z, g);
    else
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, h, v, 1, below, v, w, h, 0, z, h);
    if (k > 0) printf("%.6f\n", now() - start); /* the first wakes the threads */
  }
  free(below), free(above), free(w), free(g), free(z);
  return 0;
}
