/* SPDX-License-Identifier: MIT */
#include "score_filling.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/complain.h"
#include "../../common/neighbours.h"
#include "../../common/stopwatch.h"

static vpf_status allocate_answers(float **out, size_t rows, size_t pixels) {
  *out = calloc(rows, pixels * sizeof **out);
  return *out ? VPF_OK : complain_because(VPF_ERR_MEMORY, "cannot allocate %zu answers of %zu pixels", rows, pixels);
}

static size_t nearest_rows(const evaluation *e) {
  return e->options->neighbours < e->rows ? e->options->neighbours : e->rows;
}

/* ---- How long it will take: one region stands for all ---- */

typedef struct filling_sample {
  const evaluation *e;
  region missing;
  packed_rows training;
} filling_sample;

static vpf_status fill_some(const void *work, size_t n) {
  const filling_sample *sample = work;
  const evaluation *e = sample->e;
  vpf_data *images = NULL;
  float *answers = NULL;
  vpf_status s = first_rows(&images, e->test, n);
  if (!s) s = allocate_answers(&answers, n, vpf_data_cols(images));
  for (size_t p = 0; !s && p < PROTOCOLS; p++) {
    const filling how = usual_filling(&protocols[p], e->options->seed);
    s = fill_in(e->model, images, &sample->missing, &how, NULL, answers);
  }
  free(answers);
  vpf_data_destroy(images);
  return s;
}

/* Test images from their nearest training images, where the region is missing. */
static vpf_status fill_in_nearest(const evaluation *e, const packed_rows *training, const vpf_data *images,
                                  const region *missing, const char *label, float *answers) {
  packed_rows test;
  vpf_status s = packed_rows_create(&test, images, missing->outside);
  if (!s) s = fill_in_from_neighbours(training, &test, e->images, label, answers);
  packed_rows_clear(&test);
  return s;
}

static vpf_status look_for_some(const void *work, size_t n) {
  const filling_sample *sample = work;
  vpf_data *images = NULL;
  float *answers = NULL;
  vpf_status s = first_rows(&images, sample->e->test, n);
  if (!s) s = allocate_answers(&answers, n, vpf_data_cols(images));
  if (!s) s = fill_in_nearest(sample->e, &sample->training, images, &sample->missing, NULL, answers);
  free(answers);
  vpf_data_destroy(images);
  return s;
}

vpf_status estimate_filling(const evaluation *e, double *seconds) {
  filling_sample sample = {.e = e};
  double one = 0;
  vpf_status s = region_mark(&sample.missing, region_names[0], e->width, e->height);
  if (!s) s = estimate_seconds(&one, e->rows, fill_some, &sample);
  if (!s && nearest_rows(e) > 0) {
    const double begin = seconds_now();
    s = packed_rows_create(&sample.training, e->training, sample.missing.outside);
    one += seconds_now() - begin;
    if (!s) s = estimate_seconds(&one, nearest_rows(e), look_for_some, &sample);
  }
  *seconds += REGIONS * one;
  packed_rows_clear(&sample.training);
  region_clear(&sample.missing);
  return s;
}

/* ---- The scores ---- */

static vpf_status measure(const vpf_data *images, const float *answers, const region *missing, filling_error *out) {
  return complain(vpf_reconstruction_error(images, answers, missing->inside, &out->mean, &out->error));
}

static vpf_status score_protocols(const evaluation *e, const region *missing, size_t k, float *answers,
                                  filling_scores *f) {
  vpf_status s = VPF_OK;
  for (size_t p = 0; !s && p < PROTOCOLS; p++) {
    char label[64];
    snprintf(label, sizeof label, "filling: %s, %s", missing->name, protocols[p].name);
    f->how[p] = usual_filling(&protocols[p], e->options->seed);
    s = fill_in(e->model, e->test, missing, &f->how[p], label, answers);
    if (!s) s = measure(e->test, answers, missing, &f->machine[p][k]);
  }
  memset(answers, 0, e->rows * vpf_data_cols(e->test) * sizeof *answers);
  return s ? s : measure(e->test, answers, missing, &f->black[k]);
}

static vpf_status score_nearest(const evaluation *e, const region *missing, size_t k, float *answers,
                                filling_scores *f) {
  char label[64];
  packed_rows training = {0};
  vpf_data *images = NULL;
  if (f->nearest_rows == 0) return VPF_OK;
  snprintf(label, sizeof label, "filling: %s, nearest", missing->name);
  vpf_status s = first_rows(&images, e->test, f->nearest_rows);
  if (!s) s = packed_rows_create(&training, e->training, missing->outside);
  if (!s) s = fill_in_nearest(e, &training, images, missing, label, answers);
  if (!s) s = measure(images, answers, missing, &f->nearest[k]);
  packed_rows_clear(&training);
  vpf_data_destroy(images);
  return s;
}

static void print_row(const char *name, const filling_error errors[REGIONS]) {
  printf("            %-12s", name);
  for (size_t k = 0; k < REGIONS; k++) printf("  %6.2f +- %4.2f", errors[k].mean, errors[k].error);
  printf("\n");
}

static void print(const evaluation *e, const filling_scores *f) {
  printf("\nfilling     in a region: sum of |answer - grey level|, mean over %zu test images\n            %-12s",
         e->rows, "");
  for (size_t k = 0; k < REGIONS; k++) printf("  %14s", region_names[k]);
  printf("\n");
  for (size_t p = 0; p < PROTOCOLS; p++)
    print_row(protocol_leaks(&protocols[p]) ? "leak (leaks)" : protocols[p].name, f->machine[p]);
  print_row("all black", f->black);
  if (f->nearest_rows > 0) {
    char name[32];
    snprintf(name, sizeof name, "%d nearest", NEIGHBOURS);
    print_row(name, f->nearest);
    printf("            nearest: median of the training images nearest on the known pixels, %zu test images\n",
           f->nearest_rows);
  }
  printf("            leak: pixels that survive the noise give part of the answer away\n");
}

vpf_status score_filling(const evaluation *e, filling_scores *f) {
  float *answers = NULL;
  *f = (filling_scores){.nearest_rows = nearest_rows(e)};
  vpf_status s = allocate_answers(&answers, e->rows, vpf_data_cols(e->test));
  for (size_t k = 0; !s && k < REGIONS; k++) {
    region missing;
    s = region_mark(&missing, region_names[k], e->width, e->height);
    if (!s) s = score_protocols(e, &missing, k, answers, f);
    if (!s) s = score_nearest(e, &missing, k, answers, f);
    region_clear(&missing);
  }
  free(answers);
  if (!s) print(e, f);
  return s;
}
