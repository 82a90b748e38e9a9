/* SPDX-License-Identifier: MIT */
#include "score_parzen.h"

#include <stdio.h>
#include <stdlib.h>

#include "../../common/complain.h"
#include "../../common/stopwatch.h"
#include "../../common/work_view.h"

/* From "each sample is a point" to "all samples are one cloud", closest where MNIST's best ones lie. */
static const double sigmas[] = {0.05, 0.08, 0.10, 0.12, 0.14, 0.16, 0.18, 0.20,
                                0.22, 0.24, 0.26, 0.28, 0.30, 0.35, 0.40, 0.50};
enum { SIGMAS = sizeof sigmas / sizeof *sigmas };

/* Grey levels that are scored. */
typedef struct parzen_images {
  const evaluation *e;
  float *points;      /* [e->rows x pixels] */
  float *validation;  /* [n_validation x pixels]; NULL: sigma is given */
  size_t n_validation;
  size_t pixels;
} parzen_images;

/* The last images of the training file that were not trained on. */
static vpf_status load_validation(parzen_images *g) {
  const evaluation *e = g->e;
  const size_t rows = vpf_data_rows(e->images), left = rows - vpf_data_rows(e->training);
  vpf_data *last = NULL;
  g->n_validation = left < e->options->few ? left : e->options->few;
  vpf_status s = complain(vpf_data_slice(&last, e->images, rows - g->n_validation, g->n_validation));
  if (!s) s = grey_levels(&g->validation, last, g->n_validation);
  vpf_data_destroy(last);
  return s;
}

static vpf_status parzen_begin(parzen_images *g, const evaluation *e) {
  *g = (parzen_images){.e = e, .pixels = vpf_data_cols(e->test)};
  const vpf_status s = grey_levels(&g->points, e->test, e->rows);
  return s || e->options->sigma > 0 ? s : load_validation(g);
}

static void parzen_clear(parzen_images *g) {
  free(g->points);
  free(g->validation);
}

/* Samples from a prior, to be freed. */
static vpf_status draw(float **out, const evaluation *e, const float *prior, size_t count) {
  *out = calloc(count, vpf_model_layer_size(e->model, 0) * sizeof **out);
  if (!*out) return complain_because(VPF_ERR_MEMORY, "cannot allocate %zu samples", count);
  return complain(vpf_generate(e->model, count, e->steps, prior, e->options->seed, *out));
}

static vpf_status choose_sigma(const parzen_images *g, const float *centres, size_t count, double *sigma) {
  return complain(vpf_parzen_select_sigma(centres, count, g->validation, g->n_validation, g->pixels, sigmas, SIGMAS,
                                          sigma));
}

/* ---- How long it will take ---- */

/* Centres of a piece of work: BLAS is slow with few, and windows with few centres are slow too, since it
 * takes some before all others are negligible. */
enum { PIECE = 100 };

static vpf_status score_some(const void *work, size_t n) {
  const parzen_images *g = work;
  const evaluation *e = g->e;
  double mean;
  float *centres = NULL;
  vpf_status s = draw(&centres, e, e->prior, PIECE * n);
  if (!s) s = complain(vpf_parzen(centres, PIECE * n, g->points, e->rows, g->pixels, sigmas[0], &mean, NULL));
  free(centres);
  return s;
}

static vpf_status select_some(const void *work, size_t n) {
  const parzen_images *g = work;
  double sigma;
  float *centres = NULL;
  vpf_status s = draw(&centres, g->e, g->e->prior, PIECE * n);
  if (!s) s = choose_sigma(g, centres, PIECE * n, &sigma);
  free(centres);
  return s;
}

vpf_status estimate_parzen(const evaluation *e, double *seconds) {
  const evaluate_options *o = e->options;
  parzen_images g;
  vpf_status s = parzen_begin(&g, e);
  if (!s) s = estimate_seconds(seconds, (2 * o->draws + 1) * o->samples / PIECE, score_some, &g);
  if (!s && g.validation) s = estimate_seconds(seconds, 3 * o->samples / PIECE, select_some, &g);
  parzen_clear(&g);
  return s;
}

/* ---- The scores ---- */

/* Of samples from a prior; sigma is selected for the first set of them. */
static vpf_status score_samples(const parzen_images *g, const float *prior, parzen_score *score) {
  const evaluation *e = g->e;
  const evaluate_options *o = e->options;
  *score = (parzen_score){.sigma = o->sigma, .report = {.struct_size = sizeof score->report}, .centres = o->samples};
  float *centres = NULL;
  vpf_status s = VPF_OK;
  if (g->validation) s = draw(&centres, e, prior, o->samples);
  if (!s && g->validation) s = choose_sigma(g, centres, o->samples, &score->sigma);
  free(centres);
  if (s) return s;
  return complain(vpf_parzen_generated(e->model, o->samples, e->steps, prior, o->seed, o->draws, g->points, e->rows,
                                       score->sigma, &score->report));
}

static vpf_status score_training(const parzen_images *g, parzen_score *score) {
  const evaluation *e = g->e;
  const size_t trained = vpf_data_rows(e->training);
  const size_t count = e->options->samples < trained ? e->options->samples : trained;
  float *centres = NULL;
  *score = (parzen_score){.sigma = e->options->sigma,
                          .report = {.struct_size = sizeof score->report, .draws = 1},
                          .centres = count};
  vpf_status s = grey_levels(&centres, e->images, count);
  if (!s && g->validation) s = choose_sigma(g, centres, count, &score->sigma);
  if (!s)
    s = complain(vpf_parzen(centres, count, g->points, e->rows, g->pixels, score->sigma, &score->report.mean,
                            &score->report.stderr_points));
  free(centres);
  return s;
}

static void print_score(const char *name, const parzen_score *score) {
  const vpf_parzen_report *r = &score->report;
  printf("            %-15s  %7zu  %5zu  %5.3f  %10.3f  %9.3f", name, score->centres, r->draws, score->sigma, r->mean,
         r->stderr_points);
  if (r->draws > 1)
    printf("  %8.3f\n", r->stderr_draws);
  else
    printf("  %8s\n", "-"); /* one draw cannot tell */
}

static void print(const evaluation *e, const parzen_scores *p) {
  printf("\nparzen      log-likelihood of %zu grey test images, nats; samples after %zu steps\n", e->rows, e->steps);
  if (p->validation) printf("            sigma selected on %zu images that were not trained on\n", p->validation);
  printf("            %-15s  %7s  %5s  %5s  %10s  %9s  %8s\n", "centres", "number", "draws", "sigma", "mean",
         "+- images", "+- draws");
  print_score("R prior", &p->r);
  print_score("P prior", &p->p);
  print_score("training images", &p->training);
  printf("            This rewards smoothness as much as quality: blurred prototypes score above real images.\n");
}

vpf_status score_parzen(const evaluation *e, parzen_scores *p) {
  parzen_images g;
  *p = (parzen_scores){0};
  work_view_show("parzen: R prior", 0, 3, "scores");
  vpf_status s = parzen_begin(&g, e);
  p->validation = g.n_validation;
  if (!s) s = score_samples(&g, NULL, &p->r);
  work_view_show("parzen: P prior", 1, 3, "scores");
  if (!s) s = score_samples(&g, e->prior, &p->p);
  work_view_show("parzen: training images", 2, 3, "scores");
  if (!s) s = score_training(&g, &p->training);
  work_view_clear();
  parzen_clear(&g);
  if (!s) print(e, p);
  return s;
}
