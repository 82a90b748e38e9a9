/* SPDX-License-Identifier: MIT */
#include "eval/log_p_bound.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "eval/split.h"
#include "num/bits.h"
#include "num/elementary.h"
#include "sample/meanfield.h"

enum {
  STARTS = 3,
  MOST_SWEEPS = 200 /* of all hidden layers; trained machines need about ten */
};

/* All hidden means at the start. Half is what nothing is known of; from none and all of the units other fixed points
 * are reached where there are several. In random machines so strongly coupled that there are, these three found better
 * ones than half, bottom-up means, and those with doubled weights (Salakhutdinov and Hinton 2009) did. */
static const float start_mean[STARTS] = {0.5f, 0.0f, 1.0f};

/* A sweep that changes no mean by more has arrived. The bound holds anywhere; this decides how good it is. */
#define SETTLED 1e-5f

/* Fixed points whose means differ by no more are one. */
#define SAME 1e-3f

/* The mean field of one row. */
typedef struct climber {
  vpfi_means row;
  const vpfi_split *split;
  size_t length;  /* of the means of one start */
  size_t hidden;  /* where those of hidden units begin, or length */
  float *means;   /* [STARTS x length] */
  float *before;  /* [length] those before a sweep */
  float *visible; /* [width of layer 1] its field from bias and bits, the same in all sweeps */
  double *z;      /* [widest layer] */
} climber;

/* ---- Climbing ---- */

/* By how much two sets of hidden means differ at the most. */
static float distance(const climber *c, const float *a, const float *b) {
  float most = 0;
  for (size_t j = c->hidden; j < c->length; j++) {
    const float change = fabsf(a[j] - b[j]);
    most = change > most ? change : most;
  }
  return most;
}

/* All hidden layers, those of odd number first; how much a mean has changed at the most. */
static float sweep(const climber *c) {
  const size_t layers = c->row.machine->shape->n_layers;
  memcpy(c->before, c->row.means, c->length * sizeof *c->before);
  for (size_t l = 1; l < layers; l += 2) vpfi_means_update_from(&c->row, l, l == 1 ? c->visible : NULL);
  for (size_t l = 2; l < layers; l += 2) vpfi_means_update(&c->row, l);
  return distance(c, c->row.means, c->before);
}

static void climb(const climber *c, float start) {
  const vpfi_shape *shape = c->row.machine->shape;
  for (size_t l = 1; l < shape->n_layers; l++)
    for (size_t j = 0; j < shape->layer[l].size; j++) vpfi_means_of(&c->row, l)[j] = start;
  for (size_t s = 0; s < MOST_SWEEPS && sweep(c) > SETTLED; s++) continue;
}

/* ---- What has been reached ---- */

/* z += scale * (sum over i of means[i] * row i), for the first n columns. */
static void add_mean_rows(double *z, size_t n, const float *matrix, size_t width, const float *means, size_t count,
                          double scale) {
  for (size_t i = 0; i < count; i++) {
    const float *row = matrix + i * width;
    const double mean = scale * (double)means[i];
    for (size_t j = 0; mean > 0 && j < n; j++) z[j] += mean * (double)row[j];
  }
}

/* The terms of Eq. (29b) that a layer brings: its own, and those with layers below that are not summed; a layer that is
 * summed also those with the layer above, so that each is counted once. */
static double layer_value(const climber *c, size_t l) {
  const vpfi_shape *shape = c->row.machine->shape;
  const vpfi_params *params = c->row.machine->params;
  const vpfi_layer *layer = &shape->layer[l];
  const float *m = vpfi_means_of(&c->row, l), *above = vpfi_means_of(&c->row, l + 1);
  const float *below = l > 0 && !vpfi_split_is_summed(c->split, l - 1) ? vpfi_means_of(&c->row, l - 1) : NULL;
  const bool summed = vpfi_split_is_summed(c->split, l);
  double *z = c->z, sum = 0;
  for (size_t j = 0; j < layer->size; j++) z[j] = (double)params->bias[layer->up][j];
  if (below)
    add_mean_rows(z, layer->size, params->weights[l - 1], layer->width, below, layer[-1].size, 1);
  if (summed && above) add_mean_rows(z, layer->size, params->weights_t[l], layer->width, above, layer[1].size, 1);
  if (summed) return vpfi_sum_softplus(z, layer->size);
  if (layer->intra) add_mean_rows(z, layer->size, params->intra[l], layer->width, m, layer->size, 0.5);
  for (size_t j = 0; j < layer->size; j++) sum += (double)m[j] * z[j] + vpfi_entropy((double)m[j]);
  return sum;
}

static double value(const climber *c) {
  double sum = 0;
  for (size_t l = 0; l < c->row.machine->shape->n_layers; l++) sum += layer_value(c, l);
  return sum;
}

static bool is_known(const climber *c, size_t start) {
  for (size_t k = 0; k < start; k++)
    if (distance(c, c->means + k * c->length, c->means + start * c->length) <= SAME) return true;
  return false;
}

/* The best fixed point. Where no hidden unit has to be given there is nothing to climb. */
static double bound(climber *c, const uint64_t *bits) {
  const vpfi_shape *shape = c->row.machine->shape;
  const bool climbs = c->split->explicit_units > 0;
  double best = -HUGE_VAL;
  for (size_t k = 0; k < (climbs ? STARTS : 1); k++) {
    c->row.means = c->means + k * c->length;
    for (size_t i = 0; i < shape->layer[0].size; i++) c->row.means[i] = (float)vpfi_bits_get(bits, i);
    if (climbs && k == 0)
      vpfi_field_of_means(c->row.machine, shape->layer[1].up, c->row.means, NULL, NULL, c->visible);
    if (climbs) climb(c, start_mean[k]);
    if (!is_known(c, k)) best = fmax(best, value(c));
  }
  return best;
}

/* ---- All rows ---- */

typedef struct bound_job {
  vpfi_workspace work;
  const vpfi_rows *visible;
  vpfi_split split;
  size_t length; /* of all means of a row */
  float *means;  /* [threads x (STARTS + 2) x length] */
  double *z;     /* [threads x widest layer] */
  double *out;
} bound_job;

static void bound_range(void *context, size_t begin, size_t end, size_t thread) {
  const bound_job *job = context;
  const vpfi_shape *shape = job->work.machine.shape;
  float *means = job->means + thread * (STARTS + 2) * job->length;
  climber c = {.row = {&job->work.machine, NULL, NULL, job->work.scratch[thread].z},
               .split = &job->split,
               .length = job->length,
               .hidden = shape->n_layers > 1 ? shape->layer[1].first_draw : job->length,
               .means = means,
               .before = means + STARTS * job->length,
               .visible = means + (STARTS + 1) * job->length,
               .z = job->z + thread * shape->widest};
  for (size_t r = begin; r < end; r++) job->out[r] = bound(&c, job->visible->bits + r * job->visible->words);
}

vpf_status vpfi_log_sum_bounds(const vpfi_shape *shape, const vpfi_params *params, const vpfi_rows *visible,
                               double *out) {
  bound_job job = {
      .visible = visible, .split = vpfi_split_choose(shape, 1), .length = vpfi_means_length(shape), .out = out};
  vpf_status status = vpfi_workspace_begin(&job.work, shape, params, 0, 0);
  const size_t threads = job.work.team.threads;
  if (!status) {
    job.means = vpfi_alloc(threads, (STARTS + 2) * job.length * sizeof *job.means);
    job.z = vpfi_alloc(threads, shape->widest * sizeof *job.z);
    if (!job.means || !job.z) status = VPF_ERR_MEMORY;
  }
  if (!status) vpfi_parallel_for(visible->rows, threads, bound_range, &job);
  vpfi_free(job.z);
  vpfi_free(job.means);
  vpfi_workspace_end(&job.work);
  return status;
}
